package fleet

import (
	"cmp"
	"slices"
)

// SIMKey names a SIM in the words of a selector: by ID, or by ICCID (also in a range). The
// other one is zero.
type SIMKey struct {
	ID    SIMID
	ICCID ICCID
}

// PreviewedSIM is one SIM of a preview and the version it had.
type PreviewedSIM struct {
	Key     SIMKey
	Version int64
}

// VersionAt asks for a SIM as it was at one version.
type VersionAt struct {
	SIM     SIMID
	Version int64
}

// Property says what of a SIM differs from its preview.
type Property string

// The properties that drift. PropertySIM is whether the caller can find the SIM at all.
const (
	PropertyWorkspace Property = "workspace"
	PropertyStatus    Property = "status"
	PropertyDevice    Property = "device"
	PropertySIM       Property = "sim"
)

// PropertyChange is one property as previewed and as it stands: the id of the Workspace,
// of the status, or of the device (0 for none). Of PropertySIM it is 1 for found and 0 for
// not found.
type PropertyChange struct {
	Property Property
	Was, Now int64
}

// SIMDrift is one SIM that changed since its preview. Of a SIM that is no longer found
// only the identifier that the request named is set. Changes is empty for a SIM that
// changed and changed back.
type SIMDrift struct {
	SIM     SIMID
	ICCID   ICCID
	Changes []PropertyChange
}

// Previewed lists the SIMs of the preview in the plan's order. The selector must be that
// of the previewed request (SameRequest); for one that cannot be, the list is empty.
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

// Changed lists the SIMs that the caller still finds at another version than previewed,
// each with the version to look up in the ledger for Drift. req and snap are those of the
// run that was refused; the preview must be of the same request.
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

// Drift tells what happened to the SIMs of the request since the preview, in the request's
// order, a range ascending. A SIM at the previewed version has not drifted.
//
// was holds the states that Changed asked for. A tag can be made up, and membership can
// end, so a state in a Workspace where the caller has no role is withheld, as if the SIM
// had not been found then: snap.Workspaces must therefore hold the caller's standing in
// the Workspaces of was too. Of what is now out of the caller's sight it tells no more
// than that the SIM is not found.
//
// It sees versions only. Where it is empty and the plan still does not match, another card
// took an ICCID over; the cure, a new dry run, is the same.
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

// findable returns the SIMs of the selector that the caller may know of.
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
