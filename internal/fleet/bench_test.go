package fleet_test

import (
	"slices"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

// BenchmarkPlan500 measures the planner's share of a dry run of 500 SIMs. It must stay well
// below 200 µs, because a whole response has 0.4 ms in addition to its SELECT.
func BenchmarkPlan500(b *testing.B) {
	sims := fresh(500)
	for i := range sims {
		sims[i].Version = int64(1 + i%3)
	}
	snap := snapshot(sims...)
	reversed := snapshot(slices.Clone(sims)...)
	slices.Reverse(reversed.SIMs)
	for form, sel := range map[string]fleet.Selector{
		"sims":   byID(b, ids(sims)...),
		"iccids": byICCID(b, ids(sims)...),
		"range":  byRange(b, 1, 500),
	} {
		req := to(lyon, sel)
		p := plan(b, req, snap)
		b.Run(form+"/plan", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = fleet.PlanMigration(req, snap)
			}
		})
		b.Run(form+"/plan out of order", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = fleet.PlanMigration(req, reversed)
			}
		})
		b.Run(form+"/etag", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = p.ETag()
			}
		})
		b.Run(form+"/delta", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Delta()
			}
		})
	}
}
