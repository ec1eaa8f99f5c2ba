package job_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Another transaction changes a SIM between the read and the write of a chunk. The chunk starts
// again, does not move that SIM, and moves the others.
func TestChunkLosesARaceForASIM(t *testing.T) {
	pgtest.SkipIfShort(t)
	s := kit.StartFerry(t, kit.Postgres)
	const sims, first = 20, 40000
	if _, err := s.Import(cards(first, sims)); err != nil {
		t.Fatal(err)
	}
	path := moving(s.As("admin@example.com"), first, sims)
	var raced sync.Once
	s.RunJobsTraced(func(statement string, _ int) {
		if strings.Contains(statement, "FROM job_sims n WHERE") && strings.Contains(statement, "FROM sims s WHERE") { // what a chunk reads
			raced.Do(func() { s.Exec("UPDATE sims SET version = version + 1 WHERE id = 40000") })
		}
	})
	raced.Do(func() { t.Error("no SIM has changed under a chunk") })
	body := string(s.As("admin@example.com").Get(path).Is(http.StatusOK).Body)
	for _, want := range []string{`"state":"completed_with_refusals"`, `{"verdict":"drifted","count":1}`, `{"verdict":"done","count":19}`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if lines := s.Rows("SELECT count(*) FROM ledger_lines WHERE workspace_after = 300 AND sim_id = 40000"); lines[0][0] != int64(0) {
		t.Errorf("the SIM that changed has %v lines", lines)
	}
}
