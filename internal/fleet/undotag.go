package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// ETag returns the plan as a strong entity tag; see Plan.ETag.
func (p *UndoPlan) ETag() string { return p.preview().tag() }

func (p *UndoPlan) preview() *Preview {
	v := &Preview{request: digestUndo(p.Request), state: digestUndoState(p), versions: make([]int64, len(p.SIMs))}
	for i, s := range p.SIMs {
		v.versions[i] = s.Version
	}
	return v
}

// MatchesUndo reports whether the plan equals the previewed plan.
func (v *Preview) MatchesUndo(plan *UndoPlan) bool { return v.tag() == plan.ETag() }

// SameUndo reports whether the preview was of this request and of this number of SIMs.
func (v *Preview) SameUndo(req UndoRequest, sims int) bool {
	return v.request == digestUndo(req) && v.offsets == nil && len(v.versions) == sims
}

// Selector returns the SIMs of an undo as a selector, in the order of the entry.
func (r UndoRequest) Selector(entry Migration) Selector {
	lines, _ := r.lines(entry)
	ids := make([]SIMID, len(lines))
	for i, l := range lines {
		ids[i] = l.SIM
	}
	return Selector{SIMs: ids}
}

// Homes returns the Workspaces that get SIMs of the entry back, by id.
func (r UndoRequest) Homes(entry Migration) []WorkspaceID {
	lines, _ := r.lines(entry)
	return homes(lines)
}

func digestUndo(r UndoRequest) requestDigest {
	b := binary.AppendUvarint([]byte{'u'}, uint64(r.Migration))
	b = appendBool(appendBool(appendBool(b, r.RestoreStatus), r.RestoreDevices), r.DetachDevices)
	b = appendBool(b, r.SIMs != nil)
	for _, id := range slices.Sorted(slices.Values(r.SIMs)) {
		b = binary.AppendUvarint(b, uint64(id))
	}
	sum := sha256.Sum256(b)
	return requestDigest(sum[:len(requestDigest{})])
}

// digestUndoState covers the SIMs before and after the undo.
func digestUndoState(p *UndoPlan) stateDigest {
	b := make([]byte, 0, 8192)
	for _, s := range p.SIMs {
		for _, s := range []SIMState{s, p.after[s.ID]} {
			for _, n := range []int64{int64(s.ID), s.Version, int64(s.Workspace), int64(s.Status), int64(s.Device)} {
				b = binary.AppendUvarint(b, uint64(n))
			}
		}
	}
	sum := sha256.Sum256(b)
	return stateDigest(sum[:len(stateDigest{})])
}
