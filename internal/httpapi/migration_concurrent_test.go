package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/test/kit"
)

// Many callers move overlapping sets of SIMs back and forth, with every kind of selection, some
// with previews and keys: no request gets a 5xx, each SIM moves completely, and the history
// matches the state.
func TestBackAndForth(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.Seed(`sim_ranges: [{first_id: 10000, first_iccid: "8988303000000010000", count: 2000, workspace: 100, issuer: 1, status: activated}]`)
		load := &load{t: t, counts: make(map[string]int), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
		end := time.Now().Add(1500 * time.Millisecond)
		var wg sync.WaitGroup
		for worker := range 64 {
			wg.Go(func() {
				for i := 0; time.Now().Before(end) || i == 0; i++ {
					load.send(admin, worker, i)
				}
			})
		}
		wg.Wait()
		load.http.CloseIdleConnections()
		t.Log(load.counts)
		if load.counts["200"] < 2 || load.counts["409"] < 2 {
			t.Errorf("too little happened: %v", load.counts)
		}
		if n := s.Rows("SELECT count(*) FROM sims WHERE id >= 10000 AND workspace_id IN (100, 200, 300)")[0][0]; n != int64(2000) {
			t.Errorf("%v of 2000 SIMs are left", n)
		}
		moved := s.Rows("SELECT count(*) FROM ledger WHERE kind = 1")[0][0]
		if moved != int64(load.counts["200"]) {
			t.Errorf("%d runs were acknowledged, the ledger has %v", load.counts["200"], moved)
		}
		s.CheckInvariants()
	})
}

// load counts the responses of all workers.
type load struct {
	t      *testing.T
	http   *http.Client // not judged: that would be most of the work
	mu     sync.Mutex
	counts map[string]int
}

func (l *load) send(c *kit.Client, worker, i int) {
	target := []int64{kit.FleetDE, kit.FleetFR, kit.FleetUS}[(worker+i)%3]
	first := 10000 + (worker*37+i*101)%1950
	var o object
	switch worker % 3 {
	case 0:
		o = migrationTo(target, ids(int64(first), 50)...)
	case 1: // in the other direction, to provoke conflicting lock orders
		list := ids(int64(first), 50)
		for a, b := 0, len(list)-1; a < b; a, b = a+1, b-1 {
			list[a], list[b] = list[b], list[a]
		}
		o = migrationTo(target, list...)
	default:
		o = migrationOfRange(target, fmt.Sprintf("89883030000000%05d", first), fmt.Sprintf("89883030000000%05d", first+49))
	}
	header := http.Header{"Authorization": {"Bearer " + c.Token}}
	if worker%4 == 0 {
		header.Set("Idempotency-Key", fmt.Sprint(worker, "-", i))
	}
	if worker%5 == 0 {
		if status, tag, _ := l.post(c, o, header); status == http.StatusOK {
			header.Set("If-Match", tag)
		}
	}
	status, _, text := l.post(c, realRun(o), header)
	l.count(status, text)
}

// count checks that a loser got one of the possible reasons.
func (l *load) count(status int, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[fmt.Sprint(status)]++
	known := status == http.StatusOK || status == http.StatusPreconditionFailed ||
		status == http.StatusConflict && (bytes.Contains(text, []byte("1506")) || bytes.Contains(text, []byte("1507")))
	if !known {
		l.t.Errorf("status %d: %.300s", status, text)
	}
}

func (l *load) post(c *kit.Client, o object, header http.Header) (status int, tag string, text []byte) {
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, c.Server.URL+migration, strings.NewReader(bodyText(l.t, o)))
	if err != nil {
		l.t.Error(err)
		return 0, "", nil
	}
	req.Header = header
	resp, err := l.http.Do(req)
	if err != nil {
		l.t.Error(err)
		return 0, "", nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	if err != nil {
		l.t.Error(err)
	}
	return resp.StatusCode, resp.Header.Get("ETag"), text
}
