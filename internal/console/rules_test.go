package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// withRules is a console with rules of Fleet DE: one is in force, one is announced, one has ended.
func withRules(t testing.TB, e kit.Engine) *site {
	t.Helper()
	s := serveSite(t, kit.StartFerry(t, e), console.Options{})
	at := func(days int) string { return s.Control.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }
	s.setRules(t,
		`{"id": "H-1", "effect": "refuse", "code": 1530, "message": "No Activated SIM leaves <Germany>", "citation": "House rule 7", "cure": "Suspend it first.", "when": [{"status": [1], "target_country_not": ["DE"]}]}`,
		`{"id": "H-2", "effect": "require_approval", "approvers": 2, "message": "Large moves need four eyes", "when": [{"request_above": 500}], "valid_from": "`+at(3)+`"}`,
		`{"id": "H-3", "effect": "warn", "message": "Inventory week", "when": [{}], "valid_to": "`+at(1)+`"}`)
	s.Clock.Advance(48 * time.Hour)
	return s
}

// Rules are shown in words, with their source, who made them, and when they take effect. Those of a
// foreign Workspace are not shown.
func TestConsole_Rules(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := withRules(t, e)
		page := s.as(t, "admin@example.com").get("/rules").has(t, "BR-1", "Came with the program", "All moves",
			"No Activated SIM leaves &lt;Germany&gt;", "Refuses 1530", "House rule 7", "Suspend it first.", "SIMs that leave or enter Fleet DE",
			"Made by</dt><dd>admin@example.com", "2 Administrators must approve")
		_, soon, _ := strings.Cut(page.Text, `id="h-soon"`)
		soon, over, _ := strings.Cut(soon, `id="h-over"`)
		if !strings.Contains(soon, "H-2") || !strings.Contains(over, "H-3") {
			t.Errorf("the rules are not grouped: %s", page.main())
		}
		s.as(t, "stranger@example.com").get("/rules").has(t, "BR-1").lacks(t, "H-1", "House rule 7")
		s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Observer)
		s.as(t, receiverName).get("/rules").has(t, "H-1")
	})
}

// The page of rules in a browser.
func TestAppearance_Rules(t *testing.T) {
	b := withRules(t, kit.SQLite).open(t).signIn("admin@example.com")
	b.visit("/rules")
	b.takePicture("rules")
}
