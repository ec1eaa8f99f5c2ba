package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// The audit log is for Administrators: filtered, paged by key, and of their Workspace only.
func TestAudit_Filters(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		s.move(kit.FleetFR, kit.ActivatedSIM)
		user := s.As("user@example.com")
		user.Get("/api/v1/audit").Is(http.StatusForbidden)
		p := s.as(t, "admin@example.com")
		p.get("/audit").is(t, http.StatusOK).has(t, "SIMs moved", "Signed in", "Reading refused", `href="/ledger/2"`)
		for query, wants := range map[string][2]string{ // what a page has, and what it has not
			"action=sim.migrated":     {"</th>", ">Reading refused<"},
			"outcome=refused":         {">Reading refused ", ">Signed in<"},
			"outcome=done":            {">Signed in<", ">Reading refused <"},
			"user=4":                  {"user@example.com", ">SIMs moved<"},
			"user=user@example.com":   {"user@example.com", ">SIMs moved<"},
			"user=nobody@x.example":   {"This person is not known here.", "<tbody"},
			"q=127.0.0.1&days=30":     {">SIMs moved<", "No entry matches."},
			"q=2001:db8::1":           {"No entry matches.", "<tbody"},
			"q=nothing":               {"No entry matches.", "<tbody"},
			"q=a,b|c":                 {"No entry matches.", "<tbody"},
			"days=30&after=x&user=,|": {"This person is not known here.", "<tbody"},
		} {
			_, table, _ := strings.Cut(p.get("/audit?"+query).is(t, http.StatusOK).Text, `id="days"`)
			_, table, _ = strings.Cut(table, "</form>")
			if !strings.Contains(table, wants[0]) || strings.Contains(table, wants[1]) {
				t.Errorf("%s: want %q and not %q: %s", query, wants[0], wants[1], table)
			}
		}
		s.as(t, "user@example.com").get("/audit").is(t, http.StatusForbidden)
		s.as(t, "stranger@example.com").get("/audit").is(t, http.StatusOK).lacks(t, "SIMs moved</th>", `href="/ledger/2"`, "admin@example.com")
	})
}

// Every action of the audit log has words.
func TestAudit_Words(t *testing.T) {
	for _, a := range fleet.AuditActions {
		if console.Texts()["audit.action."+string(a)] == "" {
			t.Errorf("the action %s has no words in the catalogue", a)
		}
	}
	for _, a := range fleet.Actors {
		if console.Texts()["audit.actor."+string(rune('0'+a.ID))] == "" {
			t.Errorf("the actor %s has no words in the catalogue", a.Name)
		}
	}
}

// The log of an Administrator, in a browser.
func TestAudit_InBrowser(t *testing.T) {
	eachWay(t, func(_ *testing.T, s *site, b *tab) {
		s.move(kit.FleetFR, kit.ActivatedSIM)
		b.signIn("admin@example.com")
		b.show(1440, "light") // on a narrow page the navigation is behind a button
		b.press(`#nav a[href="/audit"]`)
		b.sees("SIMs moved")
		b.fill("#user", "admin")
		b.press("main .tools button")
		b.sees("Who: admin@example.com")
		b.press(`td a[href="/ledger/2"]`)
		b.sees("1 SIM from Fleet DE to Fleet FR")
	})
}
