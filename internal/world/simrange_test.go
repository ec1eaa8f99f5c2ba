package world_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

func TestRange(t *testing.T) {
	r := world.SIMRange{FirstID: 100, FirstICCID: "8988303000000100009", Count: 2, Workspace: 5, Issuer: 1, Status: fleet.SIMSuspended}
	want := []fleet.SIM{
		{ID: 100, ICCID: "8988303000000100009", IMSI: "303000000100009", MSISDN: "726663000100009", Status: fleet.SIMSuspended, Workspace: 5, Issuer: 1},
		{ID: 101, ICCID: "8988303000000100010", IMSI: "303000000100010", MSISDN: "726663000100010", Status: fleet.SIMSuspended, Workspace: 5, Issuer: 1},
	}
	if diff := cmp.Diff(want, slices.Collect(r.SIMs())); diff != "" {
		t.Error(diff)
	}
}

func TestRangeEndsWithTheLastICCID(t *testing.T) {
	r := world.SIMRange{FirstID: 1, FirstICCID: "9999999999999999998", Count: 5}
	if n := len(slices.Collect(r.SIMs())); n != 2 {
		t.Errorf("got %d SIMs, want 2", n)
	}
}

func TestRangeStopsEarly(t *testing.T) {
	w := world.World{
		SIMs:   []fleet.SIM{{ID: 1}, {ID: 2}},
		Ranges: []world.SIMRange{{FirstID: 3, FirstICCID: "8988303000000100000", Count: world.MaxRange}},
	}
	for _, stop := range []fleet.SIMID{1, 4} {
		var last fleet.SIMID
		for s := range w.AllSIMs() {
			if last = s.ID; last == stop {
				break
			}
		}
		if last != stop {
			t.Errorf("stopped at %d, want %d", last, stop)
		}
	}
}

// The numbers of any range, also across the end of the 15 digits, are distinct and of full
// length.
func TestRangeNumbersAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.StringMatching(`[0-9]{4}(9{12}[0-9]{3}|[0-9]{15})`).Draw(t, "first")
		r := world.SIMRange{FirstID: 1, FirstICCID: fleet.ICCID(first), Count: rapid.IntRange(1, 2000).Draw(t, "count")}
		ids, iccids, imsis, msisdns := set[fleet.SIMID]{}, set[fleet.ICCID]{}, set[string]{}, set[string]{}
		for s := range r.SIMs() {
			if len(s.IMSI) != 15 || len(s.MSISDN) != 15 || !ids.add(s.ID) || !iccids.add(s.ICCID) || !imsis.add(s.IMSI) || !msisdns.add(s.MSISDN) {
				t.Fatalf("%+v is malformed or occurs twice", s)
			}
		}
	})
}

type set[K comparable] map[K]struct{}

// add reports whether k is new.
func (s set[K]) add(k K) bool {
	n := len(s)
	s[k] = struct{}{}
	return len(s) > n
}

func BenchmarkRange(b *testing.B) {
	r := world.SIMRange{FirstID: 1, FirstICCID: "8988303000000100000", Count: 1_000_000}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range r.SIMs() {
			n++
		}
		if n != r.Count {
			b.Fatal(n)
		}
	}
}
