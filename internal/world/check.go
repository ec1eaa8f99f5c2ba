package world

import (
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

// check reports inconsistencies between the objects of the file. Values that decode rejected
// are zero and are skipped here.
func (f *file) check(p *fleet.Problems) {
	unique(p, f.workspaces, "id", func(w fleet.Workspace) fleet.WorkspaceID { return w.ID })
	unique(p, f.users, "id", func(u User) fleet.UserID { return u.ID })
	unique(p, f.users, "username", func(u User) string { return u.Username })
	unique(p, f.models, "id", func(m fleet.Model) fleet.ModelID { return m.ID })
	unique(p, f.devices, "id", func(d fleet.Device) fleet.DeviceID { return d.ID })
	unique(p, f.sims, "device", func(s fleet.SIM) fleet.DeviceID { return s.Device })
	for kind := range f.profileKinds() {
		unique(p, kind, "id", func(q fleet.Profile) int64 { return q.ID })
	}
	f.checkParents(p)
	f.checkDefaults(p)
	f.checkDevices(p)
	f.checkNumbers(p)
}

// unique reports entries with the key of an earlier one.
func unique[T any, K comparable](p *fleet.Problems, entries []entry[T], name string, key func(T) K) {
	first := make(map[K]place, len(entries))
	var none K
	for _, e := range entries {
		k := key(e.value)
		if k == none {
			continue
		}
		if at, taken := first[k]; taken {
			p.AddAt(e.line, fleet.Duplicated, "%s: %v is taken by %s (line %d): each needs its own", e.key(name), k, at.path, at.line)
			continue
		}
		first[k] = e.place
	}
}

// profileKinds yields the profiles of each kind: their ids are unique per kind.
func (f *file) profileKinds() func(yield func([]entry[fleet.Profile]) bool) {
	return func(yield func([]entry[fleet.Profile]) bool) {
		for _, kind := range fleet.ProfileKinds {
			var list []entry[fleet.Profile]
			for _, e := range f.profiles {
				if e.value.Kind == kind.ID {
					list = append(list, e)
				}
			}
			if !yield(list) {
				return
			}
		}
	}
}

// checkParents reports cycles of parent Workspaces.
func (f *file) checkParents(p *fleet.Problems) {
	byID := make(map[fleet.WorkspaceID]entry[fleet.Workspace], len(f.workspaces))
	for _, e := range f.workspaces {
		byID[e.value.ID] = e
	}
	walked := make(map[fleet.WorkspaceID]int, len(byID)) // the walk that visited it first
	for i, e := range f.workspaces {
		at := e.value.ID
		for at != 0 && walked[at] == 0 {
			walked[at] = i + 1
			at = byID[at].value.Parent
		}
		if at != 0 && walked[at] == i+1 {
			p.AddAt(byID[at].line, fleet.InvalidReference, "%s: Workspace %d is its own ancestor: break the circle of parents", byID[at].key("parent"), at)
		}
	}
}

// checkDefaults checks that the default Workspace is one of the user's, if the file lists them.
func (f *file) checkDefaults(p *fleet.Problems) {
	for _, e := range f.users {
		u := e.value
		if u.DefaultWorkspace == 0 || u.SuperAdmin || len(u.Roles) == 0 {
			continue
		}
		if u.Roles[u.DefaultWorkspace] == fleet.NoRole {
			p.AddAt(e.line, fleet.InvalidReference, "%s: the user has no role in Workspace %d: give it one under roles", e.key("default_workspace"), u.DefaultWorkspace)
		}
	}
}

// checkDevices checks that both sides of an attachment agree, if the file contains both.
func (f *file) checkDevices(p *fleet.Problems) {
	devices := make(map[fleet.DeviceID]fleet.Device, len(f.devices))
	for _, e := range f.devices {
		devices[e.value.ID] = e.value
	}
	for _, e := range f.sims {
		if e.value.Device == 0 {
			continue
		}
		if fault := deviceFault(e.value, devices[e.value.Device]); fault != "" {
			p.AddAt(e.line, fleet.InvalidReference, "%s: %s", e.key("device"), fault)
		}
	}
}

// deviceFault returns the reason why a SIM cannot be in its device; the zero device is one that is
// not in the file.
func deviceFault(s fleet.SIM, d fleet.Device) string {
	switch {
	case s.Status == fleet.SIMDeleted:
		return "the SIM is deleted: leave the device out"
	case d.ID == 0 || d.Workspace == 0 || s.Workspace == 0:
		return ""
	case d.Status == fleet.DeviceDeleted:
		return fmt.Sprintf("device %d is deleted: leave it out", d.ID)
	case d.Workspace != s.Workspace:
		return fmt.Sprintf("device %d is in Workspace %d and the SIM in %d: put both into the same", d.ID, d.Workspace, s.Workspace)
	}
	return ""
}
