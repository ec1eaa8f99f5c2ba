package fleet

import (
	"cmp"
	"slices"
)

// SIMKey identifies a SIM as the selector does: by ID, or by ICCID (also in a range). The other
// field is zero.
type SIMKey struct {
	ID    SIMID
	ICCID ICCID
}

// PreviewedSIM is a SIM of a preview and its version at that time.
type PreviewedSIM struct {
	Key     SIMKey
	Version int64
}

// VersionAt identifies a SIM at an earlier version.
type VersionAt struct {
	SIM     SIMID
	Version int64
}

// Property is a property of a SIM that differs from its preview.
type Property string

// The properties that can drift. PropertySIM is whether the caller can find the SIM.
const (
	PropertyWorkspace Property = "workspace"
	PropertyStatus    Property = "status"
	PropertyDevice    Property = "device"
	PropertySIM       Property = "sim"
)

// PropertyChange is one property as previewed and now: the id of the Workspace, the status or
// the device (0 for none). For PropertySIM it is 1 for found and 0 for not found.
type PropertyChange struct {
	Property Property
	Was, Now int64
}

// SIMDrift is a SIM that changed since its preview. If the SIM is no longer found, only the
// identifier of the request is set. Changes is empty for a SIM that changed and changed back.
type SIMDrift struct {
	SIM     SIMID
	ICCID   ICCID
	Changes []PropertyChange
}

// Previewed lists the SIMs of the preview in the plan's order. The selector must be that of the
// previewed request (SameRequest); the list is empty for a selector that cannot be.
func (v *Preview) Previewed(sel Selector) []PreviewedSIM {
	if !v.fits(sel) {
		return nil
	}
	list := make([]PreviewedSIM, len(v.versions))
	for i, key := range v.keys(sel) {
		list[i] = PreviewedSIM{key, v.versions[i]}
	}
	return list
}

func (v *Preview) keys(sel Selector) []SIMKey {
	keys := make([]SIMKey, 0, len(v.versions))
	for _, id := range sel.SIMs {
		keys = append(keys, SIMKey{ID: id})
	}
	for _, id := range sel.ICCIDs {
		keys = append(keys, SIMKey{ICCID: id})
	}
	for n := range 8 * len(v.offsets) {
		if v.offsets[n/8]&(1<<(n%8)) != 0 {
			id, _ := sel.Range.Start.Add(n)
			keys = append(keys, SIMKey{ICCID: id})
		}
	}
	return keys
}

// Changed lists the SIMs that the caller can still find, but at another version than previewed,
// with the version to look up in the ledger for Drift. req and snap are those of the run that
// failed; the preview must be of the same request.
func (v *Preview) Changed(req MigrationRequest, snap Snapshot) []VersionAt {
	now := findable(req.Select, snap)
	var list []VersionAt
	for _, p := range v.Previewed(req.Select) {
		if s, ok := now[p.Key]; ok && s.Version != p.Version {
			list = append(list, VersionAt{s.ID, p.Version})
		}
	}
	return list
}

// Drift lists what changed in the SIMs of the request since the preview, in the request's
// order, a range ascending. A SIM at the previewed version has not drifted.
//
// was holds the states that Changed listed. Because a tag can be forged and a membership can
// end, a state in a Workspace where the caller has no role is withheld, as if the SIM had not
// been found then. snap.Workspaces must therefore also hold the caller's standing in the
// Workspaces of was. If the caller may no longer see a SIM, Drift only reports that it is not
// found.
//
// Drift compares versions only. If it is empty and the plan still does not match, another card
// took over an ICCID; a new dry run is needed then, too.
func Drift(preview *Preview, req MigrationRequest, snap Snapshot, was map[SIMID]SIMState) []SIMDrift {
	now := findable(req.Select, snap)
	before := make(map[SIMKey]int64)
	for _, p := range preview.Previewed(req.Select) {
		before[p.Key] = p.Version
	}
	var list []SIMDrift
	for _, key := range candidates(req.Select, before, now) {
		version, had := before[key]
		s, has := now[key]
		switch {
		case !has:
			list = append(list, SIMDrift{key.ID, key.ICCID, []PropertyChange{{PropertySIM, 1, 0}}})
		case !had:
			list = append(list, appeared(s))
		case s.Version != version:
			list = append(list, changed(s, was, snap))
		}
	}
	return list
}

// candidates returns the SIMs that may have drifted: those that a list names, and in a range
// all that are or were there.
func candidates(sel Selector, before map[SIMKey]int64, now map[SIMKey]SIMState) []SIMKey {
	var keys []SIMKey
	for _, id := range sel.SIMs {
		keys = append(keys, SIMKey{ID: id})
	}
	for _, id := range sel.ICCIDs {
		keys = append(keys, SIMKey{ICCID: id})
	}
	if sel.Range == nil {
		return keys
	}
	for key := range before {
		keys = append(keys, key)
	}
	for key := range now {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b SIMKey) int { return cmp.Compare(a.ICCID, b.ICCID) })
	return slices.Compact(keys)
}

// findable returns the SIMs of the selector that the caller may see.
func findable(sel Selector, snap Snapshot) map[SIMKey]SIMState {
	found, _ := Resolve(sel, snap)
	byKey := make(map[SIMKey]SIMState, len(found))
	for _, s := range found {
		if sel.Range == nil && sel.ICCIDs == nil {
			byKey[SIMKey{ID: s.ID}] = s
		} else {
			byKey[SIMKey{ICCID: s.ICCID}] = s
		}
	}
	return byKey
}

func appeared(s SIMState) SIMDrift {
	return SIMDrift{s.ID, s.ICCID, []PropertyChange{{PropertySIM, 0, 1}}}
}

func changed(now SIMState, states map[SIMID]SIMState, snap Snapshot) SIMDrift {
	was, known := states[now.ID]
	if !known || snap.Workspaces[was.Workspace].Role == NoRole {
		return appeared(now)
	}
	d := SIMDrift{SIM: now.ID, ICCID: now.ICCID}
	for _, c := range []PropertyChange{
		{PropertyWorkspace, int64(was.Workspace), int64(now.Workspace)},
		{PropertyStatus, int64(was.Status), int64(now.Status)},
		{PropertyDevice, int64(was.Device), int64(now.Device)},
	} {
		if c.Was != c.Now {
			d.Changes = append(d.Changes, c)
		}
	}
	return d
}
