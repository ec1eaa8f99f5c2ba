package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Preview is the result of a dry run, decoded from its entity tag.
//
// The tag is self-contained because a dry run writes no row: a stored preview would turn the
// dry run into a write and would have to expire. The tag therefore contains all that a later
// run needs to find whether anything changed (two digests) and which SIMs did (their versions).
// Their states at those versions are in the ledger. The tag is neither secret nor proof: a
// client that forges one gains only a precondition that fails.
type Preview struct {
	request  requestDigest
	state    stateDigest
	offsets  []byte  // of a range only: which of its numbers had a SIM, lowest bit first
	versions []int64 // of the SIMs, in the plan's order
}

type (
	requestDigest [8]byte
	stateDigest   [16]byte
)

// ETag returns the plan as a strong entity tag, quotes included: equal for equal requests over
// equal SIMs, different otherwise. Names are not part of it, because renaming a device or a
// Workspace does not affect a migration. It has a few dozen bytes for a fresh import, and less
// than 3 KB for 500 SIMs with different versions unless one has changed two million times.
func (p *Plan) ETag() string { return p.preview().tag() }

func (p *Plan) preview() *Preview {
	v := &Preview{request: digestRequest(p.Request), state: digestState(p), versions: make([]int64, len(p.SIMs))}
	for i, s := range p.SIMs {
		v.versions[i] = s.Version
	}
	if r := p.Request.Select.Range; r != nil {
		v.offsets = occupied(*r, p.SIMs)
	}
	return v
}

// occupied marks the numbers of the range that have a SIM, up to the last one.
func occupied(r ICCIDRange, ascending []SIMState) []byte {
	if len(ascending) == 0 {
		return nil
	}
	first := r.Start.number()
	bits := make([]byte, (ascending[len(ascending)-1].ICCID.number()-first)/8+1)
	for _, s := range ascending {
		n := s.ICCID.number() - first
		bits[n/8] |= 1 << (n % 8)
	}
	return bits
}

// Matches reports whether the plan equals the previewed plan.
func (v *Preview) Matches(plan *Plan) bool { return v.tag() == plan.ETag() }

// SameRequest reports whether the preview was of this request. Only then are Previewed,
// Changed and Drift meaningful: otherwise they would mix the SIMs of two requests.
func (v *Preview) SameRequest(req MigrationRequest) bool {
	return v.request == digestRequest(req) && v.fits(req.Select)
}

// fits reports whether the selector can have selected this number of SIMs. The digest is not
// enough: a forged tag can combine the right digest with a wrong list.
func (v *Preview) fits(sel Selector) bool {
	if sel.Range != nil {
		last := v.lastOffset()
		return last >= 0 && last < sel.Range.Width()
	}
	return v.offsets == nil && len(v.versions) == len(sel.SIMs)+len(sel.ICCIDs)
}

// digestRequest covers the request. Each part is preceded by its length, so that different
// requests never give the same bytes.
func digestRequest(req MigrationRequest) requestDigest {
	b := appendSelector(make([]byte, 0, 64+10*len(req.Select.SIMs)+ICCIDLength*len(req.Select.ICCIDs)), req.Select)
	b = binary.AppendUvarint(b, uint64(req.Target))
	b = appendBool(b, req.DetachDevices)
	b = appendBool(b, req.AllowedStatuses != nil)
	statuses := slices.Compact(slices.Sorted(slices.Values(req.AllowedStatuses)))
	for _, s := range statuses {
		b = binary.AppendUvarint(b, uint64(s))
	}
	sum := sha256.Sum256(b)
	return requestDigest(sum[:len(requestDigest{})])
}

func appendSelector(b []byte, sel Selector) []byte {
	switch {
	case sel.Range != nil:
		b = append(b, 'r')
		return append(append(b, sel.Range.Start...), sel.Range.End...)
	case sel.ICCIDs != nil:
		b = binary.AppendUvarint(append(b, 'i'), uint64(len(sel.ICCIDs)))
		for _, id := range sel.ICCIDs {
			b = append(b, id...)
		}
		return b
	default:
		b = binary.AppendUvarint(append(b, 's'), uint64(len(sel.SIMs)))
		for _, id := range sel.SIMs {
			b = binary.AppendUvarint(b, uint64(id))
		}
		return b
	}
}

func appendBool(b []byte, set bool) []byte {
	if set {
		return append(b, 1)
	}
	return append(b, 0)
}

// digestState covers the state that the result of the dry run depends on.
func digestState(p *Plan) stateDigest {
	b := binary.AppendUvarint(make([]byte, 0, 8192), uint64(p.Target.ID))
	for i := range p.SIMs {
		s := &p.SIMs[i]
		b = binary.AppendUvarint(b, uint64(s.ID))
		b = binary.AppendUvarint(b, uint64(s.Version))
		b = binary.AppendUvarint(b, uint64(s.Workspace))
		b = binary.AppendUvarint(b, uint64(s.Status))
		b = binary.AppendUvarint(b, uint64(s.Device))
	}
	sum := sha256.Sum256(b)
	return stateDigest(sum[:len(stateDigest{})])
}
