package world

import (
	"hash/maphash"

	"github.com/simferry/simferry/internal/fleet"
)

// duplicateFinder finds ICCIDs and ids that a file has twice, in memory that does not grow with the
// file: the first reading of the file records possible duplicates, and the second one reports
// real ones, with both lines.
type duplicateFinder struct {
	seed  maphash.Seed
	few   map[fileKey]struct{} // all keys, while there are few
	many  []uint64             // a Bloom filter of all keys, once there are more
	maybe map[fileKey]int      // possible duplicates, with the line of the first occurrence
}

// fileKey is an ICCID as a number, or an id.
type fileKey struct {
	column byte // 'i' for an ICCID, '#' for an id
	number uint64
}

const (
	fewKeys    = 1 << 16
	filterBits = 1 << 27 // 16 MiB; about twenty false positives per million SIMs
	filterKeys = 4       // bits per key
)

func newDuplicateFinder() *duplicateFinder {
	return &duplicateFinder{seed: maphash.MakeSeed(), few: make(map[fileKey]struct{}), maybe: make(map[fileKey]int)}
}

func iccidKey(iccid fleet.ICCID) fileKey {
	if iccid == "" {
		return fileKey{}
	}
	return fileKey{'i', number(iccid)}
}

func idKey[T ~int64](id T) fileKey {
	if id == 0 {
		return fileKey{}
	}
	return fileKey{'#', uint64(id)}
}

// see records the keys of a line in the first reading; the zero key is ignored.
func (d *duplicateFinder) see(keys ...fileKey) {
	for _, k := range keys {
		if k != (fileKey{}) && d.met(k) {
			d.maybe[k] = 0
		}
	}
}

// met adds a key, and reports whether it may have been added before.
func (d *duplicateFinder) met(k fileKey) bool {
	if d.many != nil {
		return d.mark(k)
	}
	_, there := d.few[k]
	d.few[k] = struct{}{}
	if len(d.few) > fewKeys {
		d.many = make([]uint64, filterBits/64)
		for k := range d.few {
			d.mark(k)
		}
		d.few = nil
	}
	return there
}

// mark sets the bits of a key in the filter, and reports whether all of them were set.
func (d *duplicateFinder) mark(k fileKey) bool {
	h := maphash.Comparable(d.seed, k)
	step := h>>32 | 1
	there := true
	for range filterKeys {
		bit := h % filterBits
		there = there && d.many[bit/64]&(1<<(bit%64)) != 0
		d.many[bit/64] |= 1 << (bit % 64)
		h += step
	}
	return there
}

func (d *duplicateFinder) any() bool { return len(d.maybe) > 0 }

// name checks a key in the second reading, and reports it if an earlier line has it.
func (d *duplicateFinder) name(r *row, column string, k fileKey, value any) {
	switch first, asked := d.maybe[k]; {
	case !asked:
	case first == 0:
		d.maybe[k] = r.line
	default:
		r.fault(column, fleet.Duplicated, "%v is on line %d already: remove one of the two", value, first)
	}
}
