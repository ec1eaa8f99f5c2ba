package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
)

// drawGroup draws SIMs that move, and the facts that rules can ask about.
func drawGroup(t *rapid.T, places []fleet.Workspace) (fleet.SIMGroup, fleet.RuleQuestion) {
	source, target := &places[rapid.IntRange(0, 1).Draw(t, "source")], &places[rapid.IntRange(2, 3).Draw(t, "target")]
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	g := fleet.SIMGroup{
		Source: source.ID, Target: target.ID, Status: fleet.SIMStatus(rapid.IntRange(0, 2).Draw(t, "status")), Attached: rapid.Bool().Draw(t, "attached"),
		Facts: fleet.SIMFacts{Model: fleet.ModelID(rapid.IntRange(1, 3).Draw(t, "model")), Issuer: fleet.WorkspaceID(600 + rapid.IntRange(0, 2).Draw(t, "issuer")), Batch: rapid.SampledFrom([]string{"", "A", "B", "C"}).Draw(t, "batch")},
		SIMs:  rapid.IntRange(1, 8).Draw(t, "SIMs"),
	}
	if days := rapid.IntRange(0, 12).Draw(t, "moved"); days > 0 {
		g.Facts.Moved = now.Add(-time.Duration(days) * 24 * time.Hour)
	}
	return g, fleet.RuleQuestion{Source: source, Target: target, Status: g.Status, Attached: g.Attached, Facts: g.Facts, Now: now}
}

// drawShortRule draws a rule of one or two conditions, which applies to many SIMs.
func drawShortRule(t *rapid.T, id int) string {
	conditions := []string{
		`"status": [1]`, `"attached": true`, `"model": [2]`, `"issuer_not": [601]`, `"batch": ["A"]`, `"same_country": false`, `"source_country": ["DE"]`,
		`"target_workspace": [200]`, `"moved_within_days": 3`, `"moved_within_days": 7`, `"request_above": 12`, `"request_above": 20`, `"day_above": 15`, `"day_above": 60`,
	}
	drawn := rapid.SliceOfNDistinct(rapid.SampledFrom(conditions), 1, 2, func(c string) string { return strings.Split(c, ":")[0] }).Draw(t, "conditions")
	return fmt.Sprintf(`{"id": "R%d", "effect": %q, "message": "m", "when": [{%s}]%s}`, id,
		rapid.SampledFrom([]string{"refuse", "require_approval", "warn"}).Draw(t, "effect"), strings.Join(drawn, ","),
		rapid.SampledFrom([]string{"", "", `, "valid_from": "2026-06-01T00:00:00Z"`, `, "valid_to": "2026-05-01T00:00:00Z"`}).Draw(t, "validity"))
}

// A what-if evaluates rules once for all questions of a class. Its counts are
// those of asking about each SIM alone.
func TestWhatIfCountsAsEachSIM(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var places []fleet.Workspace
		for i, id := range []fleet.WorkspaceID{100, 110, 200, 410} {
			places = append(places, fleet.Workspace{ID: id, Type: fleet.WorkspaceType(3 + i%2), Country: []string{"DE", "BR", ""}[i%3]})
		}
		draw := func(version int64) *fleet.RuleSet {
			var rules []fleet.Rule
			for i := range rapid.IntRange(0, 4).Draw(t, "rules") {
				rules = append(rules, ruled(t, 0, drawShortRule(t, i))...)
			}
			for i := range rules {
				rules[i].Version = version
			}
			return fleet.NewRuleSet(version, rules)
		}
		present, candidate := draw(1), draw(2)
		now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
		w := fleet.NewWhatIf(present, candidate, now, now, places)
		want := map[string]int{}
		left := map[fleet.WorkspaceID]int{}
		for id := range rapid.IntRange(5, 30).Draw(t, "migrations") {
			m := fleet.PastMigration{ID: fleet.MigrationID(id + 1), At: now}
			var questions []fleet.RuleQuestion
			for range rapid.IntRange(1, 3).Draw(t, "groups") {
				g, q := drawGroup(t, places)
				m.Groups, questions = append(m.Groups, g), append(questions, q)
				m.SIMs += g.SIMs
			}
			m.Request = m.SIMs + rapid.IntRange(0, 20).Draw(t, "of a job")
			var whole [2]fleet.Ruling
			for i, q := range questions {
				q.Request, q.Day, q.Today = m.Request, m.SIMs, left[q.Source.ID]
				a, b := present.Ask(&q, now).Ruling, candidate.Ask(&q, now).Ruling
				want[fmt.Sprint("SIMs ", a, b)] += m.Groups[i].SIMs
				whole[0], whole[1] = max(whole[0], a), max(whole[1], b)
			}
			want[fmt.Sprint("migrations ", whole[0], whole[1])]++
			for _, g := range m.Groups {
				left[g.Source] += g.SIMs
			}
			w.Past(&m)
		}
		wanted := fleet.Effects{}
		for a := range fleet.RulingRefuse + 1 {
			for b := range fleet.RulingRefuse + 1 {
				x := fleet.Extent{Migrations: want[fmt.Sprint("migrations ", a, b)], SIMs: want[fmt.Sprint("SIMs ", a, b)]}
				addExtent(&wanted.Present[a], x)
				addExtent(&wanted.Candidate[b], x)
				if b > fleet.RulingNone && a != b {
					addExtent(&wanted.New[b], x)
				}
				if a >= fleet.RulingHold && b < fleet.RulingHold {
					addExtent(&wanted.New[fleet.RulingNone], x)
				}
			}
		}
		if diff := cmp.Diff(wanted, w.Result().Ledger); diff != "" {
			t.Errorf("(-each SIM asked alone +what-if):\n%s", diff)
		}
	})
}

func addExtent(e *fleet.Extent, x fleet.Extent) {
	e.Migrations += x.Migrations
	e.SIMs += x.SIMs
}

// A what-if keeps the same few things for a long ledger as for a short one.
func TestWhatIfIsBounded(t *testing.T) {
	rules := ruled(t, 0, ruleOf("refuse", `{"day_above": 3}`))
	set := fleet.NewRuleSet(1, rules)
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	spaces := []fleet.Workspace{{ID: 1}, {ID: 2}}
	w := fleet.NewWhatIf(set, set, now, now, spaces)
	const days, each = 400, 5
	for i := range days * each {
		w.Past(&fleet.PastMigration{
			ID: fleet.MigrationID(i + 1), At: now.AddDate(0, 0, i/each-days), SIMs: 1, Request: 1,
			Groups: []fleet.SIMGroup{{Source: 1, Target: 2, SIMs: 1}},
		})
	}
	r := w.Result()
	if got := r.Ledger.Candidate[fleet.RulingRefuse]; got.Migrations != 2*days || r.Evaluated != 2 {
		t.Errorf("%+v refused after %d evaluations, want the fourth and fifth of each day after 2", got, r.Evaluated)
	}
	if i := r.Rules[0]; len(i.Examples) != 5 || i.Examples[4].Migration != days*each {
		t.Errorf("examples: %+v", i.Examples)
	}
}
