package console_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// An Administrator makes a reason mandatory, and optional again. Others see the setting.
func TestConsole_Settings(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		admin, observer := s.as(t, "admin@example.com"), s.as(t, "observer@example.com")
		const yes, no = "SIMs enter and leave this Workspace only with a reason", "SIMs enter and leave this Workspace without a reason"
		move := func() int {
			return s.As("admin@example.com").Post("/api/v1/sim/migration/workspace", map[string]any{
				"target_workspace": map[string]any{"id": kit.FleetUS}, "sims": []any{map[string]any{"id": kit.ActivatedSIM}},
			}).Status
		}
		if status := move(); status != http.StatusOK {
			t.Errorf("a dry run without a reason is a %d", status)
		}
		observer.get("/settings").has(t, "Fleet DE", "Created", no).lacks(t, `name="reason_required"`)

		const here, saved, ticked = "/settings", "/settings?done=settings.saved", `value="1" checked`
		admin.post(here, "once", admin.get(here).lacks(t, ticked).once(t), "reason_required", "1").leads(t, saved)
		admin.get(saved).has(t, "The settings are saved", ticked)
		if status := move(); status != http.StatusConflict {
			t.Errorf("a dry run without the required reason is a %d", status)
		}
		observer.get("/settings").has(t, yes)

		admin.post(here, "once", admin.get(here).once(t)).leads(t, saved)
		if status := move(); status != http.StatusOK {
			t.Errorf("a dry run without a reason is a %d after the change back", status)
		}
		key := admin.get(here).once(t)
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Member)
		admin.post(here, "once", key, "reason_required", "1").is(t, http.StatusForbidden)
		observer.get("/settings").has(t, no)
	})
}
