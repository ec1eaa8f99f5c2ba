package fsck

import "context"

// conserve compares the set of SIMs with the imports. A deleted SIM keeps its row, so only an
// import changes the set.
func (f *checker) conserve(ctx context.Context) error {
	extra := int64(f.sums.SIMs) - f.imported
	differ := f.sums.IDs ^ f.sums.IDsDeltas
	if extra == 0 && differ == 0 || f.conserved.Faults > 0 {
		return nil // the faults found already name the SIMs
	}
	id := checksummed(differ)
	var one int
	there, err := f.db.QueryRow(ctx, "SELECT 1 FROM sims WHERE id = $1", []any{id}, &one)
	switch {
	case extra == -1 && !there && id > 0 && id < maxPlausibleID:
		f.conserved.fail("SIM", id, "it was imported, but does not exist")
	case extra == 1 && there:
		f.conserved.fail("SIM", id, "it exists, but was never imported")
	default:
		f.conserved.fail("", 0, "%d SIMs exist, %d were imported; the checksum over their ids differs by %016x", f.sums.SIMs, f.imported, differ)
	}
	return err
}

// maxPlausibleID bounds the ids that are accepted: those that a JSON number holds exactly. A value
// that is not a single SIM's checksum gives an arbitrary number.
const maxPlausibleID = 1 << 53

// checksummed returns the id with the given fleet.Checksum. If the set of ids differs by a
// single SIM, the difference of the checksums is that SIM's checksum, which gives its id even
// if no other trace of it exists.
func checksummed(sum uint64) int64 {
	for range 5 { // one for each field of the state
		sum = unmix(sum)
	}
	return int64(sum)
}

// unmix inverts one round of fleet.Checksum, the finalizer of splitmix64.
func unmix(x uint64) uint64 {
	x = unshift(x, 31) * 0x319642b2d24d8ec3
	x = unshift(x, 27) * 0x96de1b173f119089
	return unshift(x, 30) - 0x9e3779b97f4a7c15
}

// unshift inverts x ^ x>>n.
func unshift(x uint64, n int) uint64 {
	for y := x >> n; y != 0; y >>= n {
		x ^= y
	}
	return x
}
