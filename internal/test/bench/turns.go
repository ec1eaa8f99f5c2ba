package bench

import (
	"slices"
	"testing"
	"time"
)

// turns runs an operation and its floor in turn, times each, and reports the medians and their
// ratio. between runs untimed before each of the two. Over HTTP, wire is a request that does
// nothing, to show the cost of a round trip.
func turns(b *testing.B, between, operation, floor, wire func() error) {
	b.Helper()
	var ours, bare, empty []time.Duration
	for b.Loop() {
		ours = append(ours, timed(b, between, operation))
		bare = append(bare, timed(b, between, floor))
		if wire != nil {
			empty = append(empty, timed(b, func() error { return nil }, wire))
		}
	}
	o, f := median(ours), median(bare)
	if wire != nil {
		b.ReportMetric(float64(median(empty).Microseconds())/1000, "wire-ms")
	}
	b.ReportMetric(0, "ns/op") // both together, and no use
	b.ReportMetric(float64(o.Microseconds())/1000, "ms")
	b.ReportMetric(float64(f.Microseconds())/1000, "floor-ms")
	b.ReportMetric(float64(o)/float64(f), "ratio")
}

func timed(b *testing.B, before, do func() error) time.Duration {
	b.Helper()
	if err := before(); err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
