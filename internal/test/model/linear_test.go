package model_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/simferry/simferry/internal/test/kit"
)

const (
	clients  = 4
	requests = 7 // of each client and history
)

var fleets = []int64{100, 200, 300}

// fixture is one or two servers over one database, and their clients.
type fixture struct {
	t       *testing.T
	servers []*kit.Server
	http    *http.Client
	admin   string // moves
	issuer  string // sees all SIMs, wherever they are
	total   int    // of SIMs in the fleets: constant
	start   time.Time

	moved, refused, reads atomic.Int64
}

func open(t *testing.T, e kit.Engine, servers int) *fixture {
	t.Helper()
	prepare(t, e)
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
	own.MaxIdleConnsPerHost = 2 * clients
	t.Cleanup(own.CloseIdleConnections)
	a := &fixture{t: t, http: &http.Client{Transport: own}, start: time.Now()}
	url, clock := database(inMemory{t}, e), kit.NewClock()
	for range servers {
		a.servers = append(a.servers, kit.StartOn(t, url, clock))
	}
	a.admin = a.servers[0].As("admin@example.com").Token
	a.issuer = a.servers[0].As("issuer@example.com").Token
	_, a.total = a.list(a.servers[0])
	return a
}

// inMemory is a test whose files are in memory: see memoryDir.
type inMemory struct{ *testing.T }

func (m inMemory) TempDir() string { return memoryDir(m) }

func (a *fixture) do(s *kit.Server, method, path, bearer, body string, into any) (int, http.Header) {
	req, err := http.NewRequestWithContext(a.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := a.http.Do(req)
	if err != nil {
		a.t.Error(err)
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		a.t.Errorf("%s %s: %v: %s", method, path, err, text)
	}
	return resp.StatusCode, resp.Header
}

// list reads the Workspaces of the hot SIMs in one response, and the number of SIMs in the fleets,
// in another.
func (a *fixture) list(s *kit.Server) (at places, total int) {
	var sims []struct {
		ID  int64              `json:"id"`
		Org struct{ ID int64 } `json:"customer_org"`
	}
	ids := make([]string, len(hot))
	for i, id := range hot {
		ids[i] = strconv.FormatInt(id, 10)
	}
	_, header := a.do(s, "GET", "/api/v1/sim?q="+url.QueryEscape("id:"+strings.Join(ids, "|")+",customer_org:100|200|300"), a.issuer, "", &sims)
	for _, sim := range sims {
		if i := slices.Index(hot[:], sim.ID); i >= 0 {
			at[i] = sim.Org.ID
		}
	}
	if n := header.Get("X-Total-Count"); n != strconv.Itoa(len(sims)) {
		a.t.Errorf("I11: X-Total-Count %s over %d SIMs: not one instant", n, len(sims))
	}
	a.reads.Add(1)
	return at, a.count(s, "customer_org:100|200|300")
}

func (a *fixture) count(s *kit.Server, q string) int {
	var ignored []any
	_, header := a.do(s, "GET", "/api/v1/sim?per_page=1&q="+url.QueryEscape(q), a.issuer, "", &ignored)
	n, err := strconv.Atoi(header.Get("X-Total-Count"))
	if err != nil {
		a.t.Error(err)
	}
	return n
}

// migrate sends a migration and reads the result for each SIM from the response.
func (a *fixture) migrate(s *kit.Server, c call) (out outcome) {
	type sim struct {
		ID     int64              `json:"id"`
		Source struct{ ID int64 } `json:"source_workspace"`
	}
	var got struct {
		SIMs   []sim `json:"sims"`
		Errors []struct {
			Code int   `json:"error_code"`
			SIMs []sim `json:"sims"`
		} `json:"errors"`
	}
	ids := make([]string, len(c.sims))
	for i, at := range c.sims {
		ids[i] = fmt.Sprintf(`{"id":%d}`, hot[at])
	}
	body := fmt.Sprintf(`{"target_workspace":{"id":%d},"sims":[%s],"dry_run":false}`, c.target, strings.Join(ids, ","))
	out.status, _ = a.do(s, "POST", "/api/v1/sim/migration/workspace", a.admin, body, &got)
	for _, sim := range got.SIMs {
		out.at[slices.Index(hot[:], sim.ID)] = sim.Source.ID
	}
	for _, group := range got.Errors {
		if group.Code != 1506 {
			a.t.Errorf("refused with %d", group.Code)
		}
		for _, sim := range group.SIMs {
			out.already = append(out.already, slices.Index(hot[:], sim.ID))
		}
	}
	switch out.status {
	case http.StatusOK:
		a.moved.Add(1)
	case http.StatusConflict:
		a.refused.Add(1)
	default:
		a.t.Errorf("a migration was answered %d", out.status)
	}
	return out
}

// record runs an operation and records its start and end.
func (a *fixture) record(client int, c call, run func() outcome) porcupine.Operation {
	before := time.Since(a.start).Nanoseconds()
	out := run()
	return porcupine.Operation{ClientId: client, Input: c, Output: out, Call: before, Return: time.Since(a.start).Nanoseconds()}
}

// history runs the clients on the SIMs, and a reader of totals at the same time.
func (a *fixture) history(seed, number uint64) []porcupine.Operation {
	var all [clients][]porcupine.Operation
	var wg sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, number*clients+uint64(client)))
		wg.Go(func() {
			for range requests {
				s := a.servers[random.IntN(len(a.servers))]
				all[client] = append(all[client], a.step(client, s, draw(random)))
			}
		})
	}
	done := make(chan struct{})
	reader := sync.WaitGroup{}
	reader.Go(func() { a.watch(done) })
	wg.Wait()
	close(done)
	reader.Wait()
	return slices.Concat(all[:]...)
}

// draw draws a call: a list in one of three, else a migration of one to all SIMs.
func draw(random *rand.Rand) call {
	if random.IntN(3) == 0 {
		return call{}
	}
	return call{fleets[random.IntN(len(fleets))], random.Perm(len(hot))[:1+random.IntN(len(hot))]}
}

func (a *fixture) step(client int, s *kit.Server, c call) porcupine.Operation {
	return a.record(client, c, func() outcome {
		if c.target == 0 {
			at, _ := a.list(s)
			return outcome{at: at}
		}
		return a.migrate(s, c)
	})
}

// watch reads totals until the clients are done: no response may have more or fewer SIMs.
func (a *fixture) watch(done chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		at, total := a.list(a.servers[i%len(a.servers)])
		if lost := a.unconserved(at, total); lost != "" {
			a.t.Error(lost)
		}
	}
}

// unconserved checks I1 for one response: every SIM in exactly one of the fleets.
func (a *fixture) unconserved(at places, total int) string {
	if slices.Contains(at[:], 0) || total != a.total {
		return fmt.Sprintf("I1: hot SIMs in %v; %d in the fleets, not %d", at, total, a.total)
	}
	return ""
}

func TestLinearizability(t *testing.T) {
	for _, c := range []struct {
		name    string
		engine  kit.Engine
		servers int
	}{{"sqlite", kit.SQLite, 1}, {"postgres", kit.Postgres, 1}, {"two servers on postgres", kit.Postgres, 2}} {
		t.Run(c.name, func(t *testing.T) {
			a, seed, histories := open(t, c.engine, c.servers), historySeed(), sizeFrom("SIMFERRY_HISTORIES", 50)
			for n := range histories {
				start, _ := a.list(a.servers[0])
				ops := a.history(seed, uint64(n))
				if !porcupine.CheckOperations(from(start), ops) {
					t.Fatalf("history %d of seed %d is not linearizable, from %v: %+v", n, seed, start, ops)
				}
			}
			if n := a.deadlocks(c.engine); n > 0 {
				t.Errorf("I12: %d deadlocks: requests over the same SIMs do not queue", n)
			}
			moved, refused := a.moved.Load(), a.refused.Load()
			t.Logf("seed %d: %d histories, %d migrations, %d refused, %d lists", seed, histories, moved, refused, a.reads.Load())
			if moved < int64(histories) || refused < int64(histories) {
				t.Errorf("void: too little happened")
			}
		})
	}
}

// deadlocks returns how often PostgreSQL had to end a transaction because it and another one
// waited for each other.
func (a *fixture) deadlocks(e kit.Engine) (n int64) {
	if e == kit.Postgres {
		n, _ = a.servers[0].Rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0].(int64)
	}
	return n
}

// historySeed returns the one that the environment gives, to repeat a run.
func historySeed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SIMFERRY_HISTORY_SEED"), 10, 64); err == nil {
		return n
	}
	return rand.Uint64()
}

// The control: moves that are not atomic must be caught, one by the register and one by the
// totals.
func TestLinearizabilityControl(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		a := open(t, e, 1)
		s := a.servers[0]
		start, _ := a.list(s)
		both := call{target: 200, sims: []int{0, 1}}
		var between porcupine.Operation
		move := a.record(0, both, func() outcome {
			rawMove(t, a.servers[0].DB, e, hot[0], 200)
			between = a.step(1, s, call{})
			rawMove(t, a.servers[0].DB, e, hot[1], 200)
			return outcome{status: http.StatusOK, at: start}
		})
		if porcupine.CheckOperations(from(start), []porcupine.Operation{move, between, a.step(1, s, call{})}) {
			t.Error("a move in two transactions was taken for one instant")
		}
		rawMove(t, a.servers[0].DB, e, hot[2], 900)
		if a.unconserved(a.list(s)) == "" {
			t.Error("a SIM that was on its way was not missed")
		}
	})
}

// rawMove makes half of a move, in a separate transaction.
func rawMove(t *testing.T, where string, e kit.Engine, sim, to int64) {
	t.Helper()
	driver, dsn := "pgx", where
	if e == kit.SQLite {
		driver, dsn = "sqlite", "file:"+strings.TrimPrefix(where, "sqlite:")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), "UPDATE sims SET workspace_id = $1 WHERE id = $2", to, sim); err != nil {
		t.Fatal(err)
	}
}
