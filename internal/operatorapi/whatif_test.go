package operatorapi_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	whatIf    = "/operator/v1/rule/what_if"
	ruleSet   = "/operator/v1/rule"
	migration = "/api/v1/sim/migration/workspace"
)

// withBR1 returns the body of a rule set with BR-1 and further rules.
func withBR1(rules ...string) string {
	br1 := `{"id": "BR-1", "effect": "refuse", "code": 1505, "message": "Migration between Brazilian and non-Brazilian workspaces is not allowed",
		"when": [{"source_country": ["BR"], "target_country_not": ["BR"]}, {"source_country_not": ["BR"], "target_country": ["BR"]}]}`
	return `{"rules": [` + strings.Join(append([]string{br1}, rules...), ",") + `]}`
}

func ruleText(id, effect, when, more string) string {
	return fmt.Sprintf(`{"id": %q, "effect": %q, "message": "m", "when": [%s]%s}`, id, effect, when, more)
}

// moved runs a migration.
func moved(c *kit.Client, target int64, sims ...int64) {
	c.T.Helper()
	ids := make([]map[string]int64, len(sims))
	for i, id := range sims {
		ids[i] = map[string]int64{"id": id}
	}
	c.Post(migration, map[string]any{"target_workspace": map[string]int64{"id": target}, "sims": ids, "auto_detach_devices": true, "dry_run": false}).Is(http.StatusOK)
}

// spares returns ids of spare SIMs.
func spares(first, n int64) (ids []int64) {
	for i := range n {
		ids = append(ids, kit.FirstSpareSIM+first+i)
	}
	return ids
}

// withTraffic makes migrations in Ferry: 4 SIMs to the United States, and 100 days later 10 to
// France, one attached and another Activated, 3 to the United States, 2 back from there, and one
// from France to the United States.
func withTraffic(s *kit.Server) *kit.Client {
	s.T.Helper()
	admin := s.SignedIn("admin@example.com")
	moved(admin, kit.FleetUS, spares(100, 4)...)
	s.Clock.Advance(100 * 24 * time.Hour)
	admin = s.SignedIn("admin@example.com")
	moved(admin, kit.FleetFR, append(spares(0, 8), kit.AttachedSIM, kit.ActivatedSIM)...)
	s.Clock.Advance(3 * 24 * time.Hour)
	admin = s.SignedIn("admin@example.com")
	moved(admin, kit.FleetUS, spares(10, 3)...)
	moved(admin, kit.FleetDE, spares(10, 2)...)
	moved(admin, kit.FleetUS, kit.SIMInFR)
	return admin
}

func ask(t *testing.T, op *kit.Client, body string) (r api.WhatIf) {
	t.Helper()
	op.Post(whatIf, body).Is(http.StatusOK).JSON(&r)
	return r
}

func extent(migrations, sims int) api.WhatIfExtent {
	return api.WhatIfExtent{Migrations: migrations, SIMs: sims}
}

func ruleIn(t *testing.T, r api.WhatIf, id string) api.WhatIfRule {
	t.Helper()
	for _, rule := range r.Rules {
		if rule.ID == id {
			return rule
		}
	}
	t.Fatalf("%s is not in %+v", id, r.Rules)
	return api.WhatIfRule{}
}

// A what-if says which past migrations rules would have refused, held and warned about, what they
// decide about the fleet, and what is new; it writes nothing.
func TestOperatorWhatIf(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		withTraffic(s)
		op := s.Operator()
		before := s.Dump()
		body := withBR1(
			ruleText("R", "refuse", `{"status": [1]}`, ""), ruleText("A", "require_approval", `{"request_above": 9}`, ""),
			ruleText("W", "warn", `{"target_workspace": [300]}`, ""), ruleText("F", "refuse", `{"target_workspace": [100]}`, `, "valid_from": "2040-01-01T00:00:00Z"`),
			ruleText("M", "warn", `{"moved_within_days": 1}`, ""))
		r := ask(t, op, body)
		want := api.WhatIfLedger{
			WhatIfExtent: extent(4, 16),
			Candidate:    api.WhatIfRulings{Refused: extent(2, 3), Held: extent(0, 8), Warned: extent(2, 5)},
		}
		want.New.WhatIfRulings = want.Candidate
		if diff := cmp.Diff(want, r.Ledger); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		for id, want := range map[string]api.WhatIfExtent{"R": extent(2, 3), "A": extent(1, 10), "W": extent(2, 4), "F": extent(1, 2), "M": extent(1, 2), "BR-1": {}} {
			if got := ruleIn(t, r, id); got.Ledger != want || got.Announced != (id == "F") || got.In != map[bool]string{true: "both", false: "candidate"}[id == "BR-1"] {
				t.Errorf("%s: %+v, want %+v", id, got, want)
			}
		}
		refusing := ruleIn(t, r, "R")
		if len(refusing.Examples) != 2 || refusing.Examples[0].SIMs != 2 || *refusing.Examples[0].Source.ID != kit.FleetDE || len(refusing.Pairs) != 2 || refusing.Pairs[0].SIMs != 2 {
			t.Errorf("R: %+v", refusing)
		}
		if diff := cmp.Diff([]string{"countries of Workspaces"}, r.JudgedByTodayValue); diff != "" {
			t.Errorf("judged by today's value: %s", diff)
		}
		later := withBR1(ruleText("F", "refuse", `{"target_workspace": [100]}`, `, "valid_from": "2040-01-01T00:00:00Z"`))
		if got := ask(t, op, strings.Replace(later, "{", `{"at": "2040-01-02T00:00:00Z", `, 1)); got.Ledger.New.Refused != extent(1, 2) {
			t.Errorf("as of 2040: %+v", got.Ledger)
		}
		if got := ask(t, op, `{"rules": [], "days": 4}`); got.Ledger.WhatIfExtent != extent(4, 16) || ruleIn(t, got, "BR-1").In != "present" {
			t.Errorf("4 days: %+v", got)
		}
		if got := ask(t, op, `{"rules": [], "days": 3}`); got.Ledger.WhatIfExtent != extent(3, 6) {
			t.Errorf("3 days: %+v", got.Ledger)
		}
		if got := ask(t, op, `{"rules": [], "days": 365}`); got.Ledger.WhatIfExtent != extent(5, 20) {
			t.Errorf("365 days: %+v", got.Ledger)
		}
		if diff := before.Diff(s.Dump()); diff != "" {
			t.Errorf("a what-if left a trace (-before +after):\n%s", diff)
		}
	})
}

// What the present rules refuse and the candidate rules do not is newly allowed; a condition that
// cannot be evaluated refuses.
func TestOperatorWhatIfComparesWithThePresentRules(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		withTraffic(s)
		op := s.Operator()
		op.Put(ruleSet, withBR1(ruleText("R", "refuse", `{"source_workspace": [100]}`, ""))).Is(http.StatusOK)
		r := ask(t, op, withBR1(ruleText("H", "require_approval", `{"source_workspace": [100], "target_workspace": [300]}`, "")))
		if l := r.Ledger; l.Present.Refused != extent(2, 13) || l.Candidate.Held != extent(1, 3) || l.New.Allowed != extent(1, 10) || l.New.Held != extent(1, 3) || l.New.Refused != extent(0, 0) {
			t.Errorf("ledger: %+v", l)
		}
		if f := r.Fleet; f.Stuck.Present == 0 || f.Stuck.Freed != f.Stuck.Present || f.Stuck.Candidate != 0 || f.Present.Refused != f.Stuck.Present || f.NotJudged == 0 {
			t.Errorf("fleet: %+v", f)
		}
		if got := ruleIn(t, r, "R"); got.In != "present" || got.Ledger != extent(2, 13) {
			t.Errorf("R: %+v", got)
		}
		s.SignedIn("admin@example.com").In(kit.FleetUS).Put("/api/v1/migration_rule", `{"rules": [`+ruleText("OWN", "warn", "{}", "")+`]}`).Is(http.StatusOK)
		r = ask(t, op, withBR1())
		if own := ruleIn(t, r, "OWN"); own.In != "both" || own.Workspace == nil || *own.Workspace.ID != kit.FleetUS || r.Ledger.Candidate.Warned != extent(3, 6) {
			t.Errorf("the rule of a Workspace: %+v, %+v", own, r.Ledger)
		}
		s.Exec("UPDATE workspaces SET country = '' WHERE id = 200")
		r = ask(t, op, withBR1(ruleText("C", "warn", `{"same_country": true}`, "")))
		got := ruleIn(t, r, "C")
		if got.FailedSIMs != 11 || r.Ledger.Candidate.Refused != extent(2, 11) || got.Ledger != extent(2, 11) {
			t.Errorf("a condition about an unknown country: %+v, %+v", got, r.Ledger)
		}
	})
}

// drawnRules returns random rules, with conditions of all kinds.
func drawnRules(r *rand.Rand) string {
	conditions := []string{
		`"status": [1]`, `"status_not": [0]`, `"attached": true`, `"attached": false`, `"model_not": [1]`, `"issuer": [1]`, `"batch_not": ["A"]`, `"same_country": false`,
		`"source_country": ["DE"]`, `"target_country_not": ["US"]`, `"source_type": [4]`, `"target_type_not": [4]`, `"source_workspace": [100, 300]`, `"target_workspace_not": [200]`,
		`"moved_within_days": 1`, `"moved_within_days": 50`, `"moved_within_days": 200`, `"request_above": 0`, `"request_above": 1`, `"day_above": 0`, `"day_above": 3`,
	}
	var rules []string
	for i := range 1 + r.IntN(3) {
		var cases []string
		for range 1 + r.IntN(2) {
			named := map[string]string{}
			for range 1 + r.IntN(2) {
				c := conditions[r.IntN(len(conditions))]
				name, _, _ := strings.Cut(c, ":")
				named[name] = c
			}
			var all []string
			for _, c := range named {
				all = append(all, c)
			}
			cases = append(cases, "{"+strings.Join(all, ",")+"}")
		}
		validity := []string{"", "", `, "valid_from": "2040-01-01T00:00:00Z"`, `, "valid_to": "2027-01-01T00:00:00Z"`}[r.IntN(4)]
		rules = append(rules, ruleText(fmt.Sprint("R", i), []string{"refuse", "require_approval", "warn"}[r.IntN(3)], strings.Join(cases, ","), validity))
	}
	return `{"rules": [` + strings.Join(rules, ",") + `]}`
}

// decidedBy returns what a dry run says about a SIM that moves alone.
func decidedBy(c *kit.Client, sim, target int64) (d api.WhatIfCounts) {
	c.T.Helper()
	got := c.Post(migration, map[string]any{"target_workspace": map[string]int64{"id": target}, "sims": []map[string]int64{{"id": sim}}, "auto_detach_devices": true})
	if got.Status == http.StatusConflict {
		var body api.MigrationConflict
		got.JSON(&body)
		for _, reason := range body.Errors {
			if reason.ErrorCode != int(fleet.ApprovalRequired) {
				return api.WhatIfCounts{Refused: 1}
			}
		}
		return api.WhatIfCounts{Held: 1}
	}
	var plan api.MigrationResponse
	got.Is(http.StatusOK).JSON(&plan)
	for _, w := range plan.Warnings {
		if w.ValidFrom == nil {
			d.Warned = 1
		}
	}
	return d
}

// TestOperatorWhatIfIsWhatMigrationsDo compares the verdicts about the fleet with dry runs after
// the rules have been applied, for random rules.
func TestOperatorWhatIfIsWhatMigrationsDo(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.Exec("UPDATE workspaces SET country = '' WHERE id = 300")
		admin := withTraffic(s)
		op := s.Operator()
		// SIMs with equal facts, one of which is moved.
		type group struct {
			source, sim int64
			sims        int
		}
		var groups []group
		for _, row := range s.Rows(`SELECT s.workspace_id, MIN(s.id), count(*) FROM sims s WHERE s.status <> 3 AND s.workspace_id IN (100, 200, 300)
			GROUP BY s.workspace_id, s.status, s.device_id, s.version`) {
			groups = append(groups, group{wholeNumber(row[0]), wholeNumber(row[1]), int(wholeNumber(row[2]))})
		}
		for seed := range uint64(8) {
			rules := drawnRules(rand.New(rand.NewPCG(seed, 18)))
			said := ask(t, op, rules)
			op.Put(ruleSet, rules).Is(http.StatusOK)
			if len(said.Pairs) != 4 {
				t.Fatalf("pairs: %+v", said.Pairs)
			}
			for _, p := range said.Pairs {
				var want api.WhatIfCounts
				for _, g := range groups {
					if g.source == p.Source.ID {
						d := decidedBy(admin, g.sim, p.Target.ID)
						want.Refused, want.Held, want.Warned = want.Refused+d.Refused*g.sims, want.Held+d.Held*g.sims, want.Warned+d.Warned*g.sims
					}
				}
				if diff := cmp.Diff(want, p.Fleet.Candidate); diff != "" {
					t.Errorf("seed %d, %s to %s: %s\n(-dry runs +what-if):\n%s", seed, p.Source.Name, p.Target.Name, rules, diff)
				}
			}
			if again := ask(t, op, rules); again.Ledger.New != (api.WhatIfChanges{}) || !cmp.Equal(again.Fleet.Present, said.Fleet.Candidate) {
				t.Errorf("seed %d: once applied, the rules still change %+v", seed, again.Ledger.New)
			}
		}
	})
}

// A what-if refuses what cannot be applied, with the same message.
func TestOperatorWhatIfRefusesBadRules(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	op := s.Operator()
	for _, rules := range []string{
		`[{"id": "X", "effect": "allow", "message": "m", "when": [{}]}]`, `[{"id": "X", "effect": "warn", "when": [{}]}]`, `[{"id": "X", "effect": "warn", "message": "m", "when": []}]`,
		`[{"id": "X", "effect": "warn", "message": "m", "when": [{"colour": 1}]}]`, `[{"id": "X", "effect": "warn", "message": "m", "when": [{"status": []}]}]`, `[1]`,
		`[{"id": "X", "effect": "warn", "message": "m", "when": [{}]}, {"id": "x", "effect": "warn", "message": "m", "when": [{}]}]`,
	} {
		body := `{"rules": ` + rules + `}`
		asked, applied := wantCode(t, op.Post(whatIf, body), http.StatusBadRequest, 1000), wantCode(t, op.Put(ruleSet, body), http.StatusBadRequest, 1000)
		_, err := fleet.ParseRules(0, []byte(body))
		if asked.Message != applied.Message || err == nil || err.Error() != asked.Message {
			t.Errorf("%s:\nasked    %s\napplied  %s\nchecked  %v", rules, asked.Message, applied.Message, err)
		}
	}
	for body, says := range map[string]string{
		`{}`: "rules: it is required", `{"rules": [], "days": 0}`: "days: it must be 1 to 36500", `{"rules": [], "days": 36501}`: "days", `{"rules": [], "days": 9223372036854775807}`: "days",
		`{"rules": [], "days": "x"}`: "days", `{"rules": [], "at": "soon"}`: "at", `{"rules": [], "at": "9999-12-31T23:59:59-01:00"}`: "at", `{"rules": [], "dry_run": true}`: "dry_run", `[]`: "",
	} {
		if got := wantCode(t, op.Post(whatIf, body), http.StatusBadRequest, 1000); !strings.Contains(got.Message, says) {
			t.Errorf("%s: %s", body, got.Message)
		}
	}
}

// A server runs one what-if at a time, and ends it when its caller hangs up.
func TestOperatorWhatIfIsAlone(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		reached, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		s.Watch(func(statement string) {
			if strings.Contains(statement, "MAX(k.id)") { // the first SIMs of the fleet
				once.Do(func() {
					close(reached)
					<-release
				})
			}
		})
		ctx, hangUp := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, op.Server.URL+whatIf, strings.NewReader(`{"rules": []}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+kit.OperatorToken)
		done := make(chan error, 1)
		go func() {
			res, err := (&http.Client{}).Do(r) // the test hangs up
			if err == nil {
				_ = res.Body.Close()
			}
			done <- err
		}()
		<-reached
		busy := wantCode(t, op.Post(whatIf, `{"rules": []}`), http.StatusTooManyRequests, 1105)
		if !strings.Contains(busy.Message, "Another what-if") {
			t.Errorf("%+v", busy)
		}
		hangUp()
		if err := <-done; err == nil {
			t.Error("the request that was cut off has a response")
		}
		close(release)
		for op.Post(whatIf, `{"rules": []}`).Status == http.StatusTooManyRequests {
			if t.Context().Err() != nil {
				t.Fatal("the what-if of a caller who has gone does not end")
			}
		}
	})
}

// A what-if names the facts that it judges by today's value, if rules ask about them.
func TestOperatorWhatIfNamesFactsOfToday(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	r := ask(t, s.Operator(), `{"rules": [`+ruleText("X", "warn", `{"source_type": [4], "model": [1], "issuer": [1], "batch": ["A"], "status": [1], "moved_within_days": 2}`, "")+`]}`)
	want := []string{"countries of Workspaces", "types of Workspaces", "models of SIMs", "issuers of SIMs", "batches of SIMs"}
	if !slices.Equal(r.JudgedByTodayValue, want) {
		t.Errorf("%v, want %v", r.JudgedByTodayValue, want)
	}
}
