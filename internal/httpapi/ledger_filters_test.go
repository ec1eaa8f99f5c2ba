package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// TestContract_MigrationFilters: each filter of the ledger finds an entry through what the caller
// sees of it, and through nothing else. The entry moved 250 and 251 out of Workspace 100 and 260
// out of 200, into 300.
func TestContract_MigrationFilters(t *testing.T) {
	everyone := []string{"source@example.com", "into@example.com", "admin@example.com", "root@example.com"}
	whole := everyone[1:]
	tests := map[string][]string{
		"sim:250": everyone, "iccid:8988303000000000250": everyone, "iccid_with_luhn:" + fleet.ICCID(kit.ICCID(kit.AttachedSIM)).WithLuhn(): everyone, "source_workspace:100": everyone,
		"sim:260": whole, "iccid:8988303000000000260": whole, "source_workspace:200": whole, "source_workspace:200|999": whole, "sim:260|999": whole,
		"sim:250|260": everyone, "source_workspace:100|200": everyone, "target_workspace:300": everyone, "reference:CHG-9": everyone,
		"from:2020-01-01": everyone, "until:2999-01-01": everyone, "sim:250,reference:CHG-9,target_workspace:300,from:2020-01-01": everyone,
		"sim:252": nil, "sim:999": nil, "sim:-1": nil, "iccid:8988303000000000999": nil, "source_workspace:300": nil, "source_workspace:999": nil,
		"reference:CHG": nil, "reference:chg-9": nil, "reference:%": nil, "from:2999-01-01": nil, "until:2020-01-01": nil, "sim:250,sim:252": nil,
	}
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		migratedFromTwo(s)
		s.Exec("UPDATE ledger SET reference = 'CHG-9' WHERE kind = 1")
		for filter, finders := range tests {
			for _, name := range append(everyone, "stranger@example.com") {
				found := decodeBody[[]api.Migration](t, s.As(name).Get("/api/v1/migration?"+q(filter).Encode()), http.StatusOK)
				if want := len(finders) > 0 && strings.Contains(strings.Join(finders, " "), name); (len(found) == 1) != want || len(found) > 1 {
					t.Errorf("%s, q=%s: %d migrations, want one: %t", name, filter, len(found), want)
				}
			}
		}
		for filter, want := range map[string]string{
			"iccid:898830300": "whole ICCID", "iccid:" + fleet.ICCID(kit.ICCID(kit.AttachedSIM)).WithLuhn(): "drop it", "sim:x": "whole number", "reference:": "no value",
			"sim:1" + strings.Repeat("|1", 100): "at most 100 values",
		} {
			got := wantCode(t, s.As("into@example.com").Get("/api/v1/migration?"+q(filter).Encode()), http.StatusUnprocessableEntity, 1301)
			if !strings.Contains(got.Message, want) {
				t.Errorf("q=%s: %s", filter, got.Message)
			}
		}
	})
}
