package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// A number that ends in 0000 and is repeated was probably rounded: each list of ICCIDs of a
// selection refuses it and names its place.
func TestRoundedICCIDsOfSelections(t *testing.T) {
	s, admin := startFerry(t, kit.SQLite)
	const rounded = "8988303000000010000"
	list := []string{rounded, kit.ICCID(kit.ActivatedSIM), rounded}
	code := newCode(t, s.As("target@example.com"), object{})
	for path, body := range map[string]object{
		migrationJobs:            {"target_workspace": object{"id": kit.FleetFR}},
		"/api/v1/sim_status_job": {"status": object{"id": 1}},
		offers:                   {"receiving_code": code},
	} {
		for field, sel := range map[string]object{
			"select.iccids[2]":        {"iccids": list},
			"select.except_iccids[2]": {"filter": object{"workspace": object{"id": kit.FleetDE}}, "except_iccids": list},
		} {
			if path == offers && strings.HasPrefix(field, "select.except") {
				continue
			}
			got := admin.Post(path, plus(body, "select", sel))
			if got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), field) {
				t.Errorf("%s, %s: %d %s", path, field, got.Status, got.Body)
			}
		}
	}
	admin.Post(migrationJobs, object{"target_workspace": object{"id": kit.FleetFR}, "select": object{"iccids": []string{
		rounded, kit.ICCID(kit.ActivatedSIM), kit.ICCID(kit.ActivatedSIM),
	}}}).Is(http.StatusCreated)
}
