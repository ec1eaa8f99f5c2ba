package console_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// moveSome moves some SIMs between Workspaces, so that the pages have something to show.
func (s *site) moveSome() {
	s.T.Helper()
	admin := s.As("admin@example.com")
	for target, ids := range map[int][]int{kit.FleetFR: {kit.ActivatedSIM, kit.SuspendedSIM}, kit.FleetUS: {kit.IssuedSIM, 1000, 1001, 1002}} {
		var sims []any
		for _, id := range ids {
			sims = append(sims, map[string]any{"id": id})
		}
		admin.Post("/api/v1/sim/migration/workspace", map[string]any{
			"target_workspace": map[string]any{"id": target}, "sims": sims, "dry_run": false, "allowed_sim_statuses": []any{map[string]any{"id": 0}, map[string]any{"id": 1}, map[string]any{"id": 2}},
		}).Is(http.StatusOK)
	}
}

// Every page without a session, at every width, in light and dark.
func TestAppearance_SignIn(t *testing.T) {
	s := newSite(t, console.Options{Mail: true})
	app := withFactor(s, "target@example.com")
	b := s.open(t)
	for name, path := range map[string]string{"sign-in": "/sign-in", "forgotten": "/forgotten", "activate": "/activate#key=abc", "error-public": "/nothing"} {
		b.visit(path)
		if name == "activate" && (value[string](b, `document.querySelector("#key").value`) != "abc" || value[string](b, "location.hash") != "") {
			t.Error("the key in the fragment of the URL is not in the form")
		}
		b.takePicture(name)
	}
	b.visit("/sign-in")
	b.fill("#email", "target@example.com")
	b.fill("#pw", kit.Password)
	b.press("main button.go")
	b.at("/sign-in/code")
	b.fill("#code", "000000")
	b.press("main button.go")
	b.sees("That code was not right")
	b.takePicture("code")
	b.fill("#code", app.Code())
	b.press("main button.go")
	b.at("/overview")
	b.takePicture("overview-empty")
}

// Every page of a session, at every width, in light and dark, with menus opened.
func TestAppearance_Pages(t *testing.T) {
	s := newSite(t, console.Options{})
	s.moveSome()
	b := s.open(t).signIn("admin@example.com")
	for _, p := range []struct{ name, path string }{
		{"overview", "/overview"}, {"sims", "/sims"}, {"sims-selected", "/sims?status=0&sel=1003,1004"}, {"sims-except", "/sims?status=0&all=1&sel=1003"},
		{"sims-none", "/sims?q=nothing"}, {"sims-status", "/sims/status?all=1&sel=1003"}, {"error", "/sims/999999"}, {"enrol", "/enrol"}, {"settings", "/settings"},
	} {
		b.visit(p.path)
		b.takePicture(p.name)
	}
	s.checkLedgerAppearance(b)
	b.visit("/audit")
	b.takePicture("audit")
	b.visit("/sims?status=0")
	b.do(b.script(`for (const d of document.querySelectorAll("details")) d.open = true; document.querySelector("#account").showPopover()`))
	b.takePicture("sims-open")
	b.visit("/overview")
	b.do(b.script(`for (const d of document.querySelectorAll("details")) d.open = true; document.querySelector("#switch").showPopover()`))
	b.takePicture("overview-open")
	b.press(`#switch button[value="200"]`)
	b.at("/overview")
	b.visit(simPage(kit.ActivatedSIM))
	b.sees("Suspended: offline")
	b.takePicture("sim")
}

// checkLedgerAppearance looks at the ledger, an entry, and the previews of its undo.
func (s *site) checkLedgerAppearance(b *tab) {
	s.T.Helper()
	s.As("admin@example.com").Post("/api/v1/migration_job", map[string]any{
		"target_workspace": map[string]any{"id": kit.FleetFR}, "select": map[string]any{"sims": []any{map[string]any{"id": kit.IssuedSIM}}},
	}).Is(http.StatusCreated)
	b.visit("/overview")
	b.sees("Jobs under way")
	b.takePicture("overview-jobs")
	id := s.move(kit.FleetUS, kit.AttachedSIM, kit.FirstSpareSIM+3, kit.FirstSpareSIM+4)
	entry := fmt.Sprintf("/ledger/%d", id)
	s.move(kit.FleetDE, kit.FirstSpareSIM+4)
	for _, p := range []struct{ name, path string }{
		{"ledger", "/ledger"}, {"ledger-chips", "/ledger?q=OPS&source=300&target=200&user=1&from=2026-11-01&until=2026-11-30&sim=250"}, {"ledger-none", "/ledger?user=nobody@example.com"},
		{"entry", entry}, {"undo-blocked", entry + "/undo"}, {"undo", entry + "/undo?sim=250&sim=1003"},
	} {
		b.visit(p.path)
		b.takePicture(p.name)
	}
	b.visit("/ledger?dir=in&days=90")
	b.do(b.script(`for (const d of document.querySelectorAll("details")) d.open = true`))
	b.takePicture("ledger-open")
}
