package world

import (
	"hash/maphash"

	"github.com/simferry/simferry/internal/fleet"
)

// doubles finds ICCIDs and ids that a file has twice, in memory that does not grow with
// the file: while the file is read for the first time it remembers what might be there
// twice, and while it is read again it names what is, with both lines.
type doubles struct {
	seed  maphash.Seed
	few   map[fileKey]struct{} // all keys, as long as there are few
	many  []uint64             // a Bloom filter of all keys, once there are more
	maybe map[fileKey]int      // that may be there twice; when named, the line of the first
}

// fileKey is an ICCID as a number, or an id.
type fileKey struct {
	column byte // 'i' for an ICCID, '#' for an id
	number uint64
}

const (
	fewKeys    = 1 << 16
	filterBits = 1 << 27 // 16 MiB; of a million SIMs it takes about twenty for doubles that are none
	filterKeys = 4       // bits per key
)

func newDoubles() *doubles {
	return &doubles{seed: maphash.MakeSeed(), few: make(map[fileKey]struct{}), maybe: make(map[fileKey]int)}
}

func keysOf(s SIMLine) [2]fileKey {
	var keys [2]fileKey
	if s.ICCID != "" {
		keys[0] = fileKey{'i', number(s.ICCID)}
	}
	if s.ID != 0 {
		keys[1] = fileKey{'#', uint64(s.ID)}
	}
	return keys
}

// see takes the keys of a SIM in the first reading.
func (d *doubles) see(s SIMLine) {
	for _, k := range keysOf(s) {
		if k != (fileKey{}) && d.met(k) {
			d.maybe[k] = 0
		}
	}
}

// met adds a key, and tells whether it may have been there.
func (d *doubles) met(k fileKey) bool {
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

// mark sets the bits of a key in the filter, and tells whether all of them were set.
func (d *doubles) mark(k fileKey) bool {
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

func (d *doubles) any() bool { return len(d.maybe) > 0 }

// name takes a SIM in the second reading, and reports what an earlier line has.
func (d *doubles) name(s SIMLine, p *problems) {
	keys := keysOf(s)
	row := row{line: s.Line, problems: p}
	for i, column := range [...]string{"iccid", "id"} {
		first, asked := d.maybe[keys[i]]
		switch {
		case !asked:
		case first == 0:
			d.maybe[keys[i]] = s.Line
		case column == "iccid":
			row.fault(column, fleet.Duplicated, "%v is on line %d already: remove one of the two", s.ICCID, first)
		default:
			row.fault(column, fleet.Duplicated, "%v is on line %d already: remove one of the two", s.ID, first)
		}
	}
}
