package fleet

// Checksum returns the contribution of one SIM's state to the rolling checksum (invariant I13):
// the XOR of all SIMs' checksums is the state of the fleet, and each change contributes
// Checksum(before) ^ Checksum(after). XOR commutes, so concurrent transactions need no common
// row: each stores its own contribution, and fsck folds them.
//
// It detects lost, duplicated and half-applied changes, not forgery.
func Checksum(s SIMState) uint64 {
	h := mix(uint64(s.ID))
	h = mix(h ^ uint64(s.Workspace))
	h = mix(h ^ uint64(s.Status))
	h = mix(h ^ uint64(s.Device))
	return mix(h ^ uint64(s.Version))
}

// Delta returns what the plan contributes to the rolling checksum.
func (p *Plan) Delta() uint64 {
	var d uint64
	for _, s := range p.SIMs {
		d ^= Checksum(s) ^ Checksum(p.After(s))
	}
	return d
}

// mix returns the finalizer of splitmix64: a bijection that spreads each bit over all 64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
