package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

const migration = "/api/v1/sim/migration/workspace"

type object = map[string]any

// A dry run, then the real run of exactly that, then the ledger entry.
func TestMigrationEndToEnd(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		admin := kit.StartFerry(t, e).As("admin@example.com")
		ask := object{"target_workspace": object{"id": kit.FleetFR}, "sims": []object{{"id": kit.AttachedSIM}, {"id": kit.IssuedSIM}}, "auto_detach_devices": true}
		preview := admin.Post(migration, ask).Is(http.StatusOK)
		ask["dry_run"] = false
		done := admin.With("If-Match", preview.Header.Get("ETag")).Post(migration, ask).Is(http.StatusOK)

		var entry api.Migration
		admin.Get(done.Header.Get("Location")).Is(http.StatusOK).JSON(&entry)
		if entry.SIMCount != 2 || len(entry.SIMs) != 2 || entry.SIMs[0].After.Workspace.ID != kit.FleetFR || entry.SIMs[0].After.Status.ID != 2 {
			t.Errorf("ledger entry: %+v", entry)
		}
		admin.With("If-Match", preview.Header.Get("ETag")).Post(migration, ask).Is(http.StatusPreconditionFailed)
		admin.Post(migration, ask).Is(http.StatusConflict)
	})
}
