package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// A list that would scan too many SIMs is refused with a hint; one that uses an index is not.
func TestContract_ListTooLarge(t *testing.T) { kit.OnEach(t, refusedWithWhatToAdd) }

func refusedWithWhatToAdd(t *testing.T, e kit.Engine) {
	t.Helper()
	s := busy(t, e)
	admin := s.As("admin@example.com")
	s.Exec("INSERT INTO sim_tally_changes (workspace_id, status, block, sims) VALUES (100, 0, 0, 30000)") // as many SIMs as far as the list can know
	for query, code := range map[string]int{
		"sort=msisdn": 1302, "sort=-production_date,id": 1302, "q=model:1": 1301, "q=endpoint:null": 1301, "q=model:1&sort=imsi": 1302,
	} {
		a := admin.Get("/api/v1/sim?" + query)
		text := string(a.Body)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(text, fmt.Sprintf(`"error_code":%d`, code)) || !strings.Contains(text, "add a filter that few SIMs match, such as id, iccid") {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
	for _, field := range []string{"imsi", "msisdn", "eid"} { // few values are found by an index
		values := strings.Repeat("1|", 10)
		for n := range 11 {
			values += fmt.Sprintf("29505000000025%d|", n)
		}
		a := admin.Get("/api/v1/sim?q=" + field + ":" + values + "2")
		if e := wantCode(t, a, http.StatusUnprocessableEntity, 1301); !strings.Contains(e.Message, "at most 10 values of imsi, msisdn or eid") {
			t.Errorf("%s: %s", field, e.Message)
		}
		admin.Get("/api/v1/sim?q=" + field + ":" + strings.Repeat("1|", 40) + "2").Is(http.StatusOK)
	}
	for _, query := range []string{"", "sort=iccid", "sort=-status", "q=status:1", "q=imsi:295050000000250&sort=msisdn", "q=id:250&sort=model", "q=customer_org:100"} {
		if a := admin.Get("/api/v1/sim?" + query); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}
