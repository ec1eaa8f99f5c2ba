package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// A long list of SIMs is uploaded as a file, with check digits. If the server refuses it, no job is
// made.
func TestLongListsAreUploaded(t *testing.T) {
	for _, tt := range []struct {
		sims   int
		kind   string
		status int
		long   bool
	}{
		{longList, "application/json", http.StatusCreated, false},
		{longList + 1, "text/csv", http.StatusCreated, false},
		{longList + 1, "text/csv", http.StatusRequestEntityTooLarge, true},
		{3, "application/json", http.StatusRequestEntityTooLarge, true},
	} {
		var kind, query string
		var body []byte
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			kind, query = r.Header.Get("Content-Type"), r.URL.RawQuery
			body, _ = io.ReadAll(r.Body)
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, `{"id": 7, "state": "planned"}`)
		}))
		t.Cleanup(server.Close)
		c, err := client.New(server.URL, client.WithRetry(client.NoRetry))
		if err != nil {
			t.Fatal(err)
		}
		form := asTable
		s := &migrateRun{migrateFlags: &migrateFlags{output: &form}, connection: connection{client: c, throttle: &bulk.Throttle{Clock: client.SystemClock{}}}}
		m := &migrateJob{migrateRun: s, plan: planOf(tt.sims), run: &jobRun{client: c, throttle: s.throttle}}
		j, err := m.create(t.Context())
		if errors.Is(err, errTooLong) != tt.long || err == nil && j.ID != 7 {
			t.Errorf("%d SIMs: %v, %v", tt.sims, j, err)
		}
		first, last := []byte("89883030000000000015\n"), fmt.Appendf(nil, `{"id":%d}`, tt.sims)
		if kind != tt.kind || kind == "text/csv" != bytes.Contains(body, first) || kind == "text/csv" == bytes.Contains(body, last) {
			t.Errorf("%d SIMs were sent as %s: %.60q", tt.sims, kind, body)
		}
		if kind == "text/csv" && (bytes.Count(body, []byte("\n")) != tt.sims+1 || !strings.Contains(query, "target_workspace=200") || !strings.Contains(query, "on_conflict=skip")) {
			t.Errorf("%d lines with %s", bytes.Count(body, []byte("\n")), query)
		}
	}
}

func planOf(n int) *bulk.Plan {
	plan := &bulk.Plan{Terms: bulk.Terms{Target: api.NamedRef{ID: 200, Name: "Fleet FR"}}}
	for i := 1; i <= n; i++ {
		plan.Chunks = append(plan.Chunks, bulk.Chunk{By: bulk.ByID, SIMs: []bulk.SIM{{ID: int64(i), ICCID: fmt.Sprintf("89883030000%08d", i)}}})
	}
	return plan
}
