package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// byCursor reads a whole list with cursors.
func byCursor(c *kit.Client, path string, query url.Values, perPage int) (ids []int64) {
	c.T.Helper()
	query.Set("per_page", strconv.Itoa(perPage))
	for {
		a := c.Get(path + "?" + query.Encode()).Is(http.StatusOK)
		var items []struct{ ID int64 }
		a.JSON(&items)
		for _, item := range items {
			ids = append(ids, item.ID)
		}
		next := a.Header.Get("X-Next")
		if next == "" {
			return ids
		}
		if len(ids) > 100_000 {
			c.T.Fatalf("%s: the cursor goes round", path)
		}
		query.Set("after", next)
	}
}

// Every list of both documents supports the cursor, in both directions, and returns the same
// items as on one page.
func TestContract_ListCursor(t *testing.T) { kit.OnEach(t, cursorOnEveryList) }

func cursorOnEveryList(t *testing.T, e kit.Engine) {
	t.Helper()
	s := busy(t, e)
	admin, operator := s.As("admin@example.com"), s.Operator()
	newApplicationToken(s, control.NewToken{})
	newApplicationToken(s, control.NewToken{})
	_, j := jobOf(t, s, admin, selecting(kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM))
	offered := strings.TrimPrefix(madeOffer(t, admin, admin.In(kit.FleetFR), 1100, 1101, 1102), offers+"/")
	for range 3 {
		asked(s, admin, 999)
		asked(s, admin.In(kit.FleetFR), 1103)
	}
	lists := map[string]*kit.Client{"/operator/v1/workspace": operator, "/operator/v1/user": operator}
	fill := strings.NewReplacer("{sim_id}", "252", "{endpoint_id}", "9001", "{user_id}", "8", "{job_id}", strconv.FormatInt(j.ID, 10), "{offer_id}", offered)
	for _, r := range httpapi.Routes() {
		if o := documented(t, r.Pattern); o.Lists() {
			lists[fill.Replace(strings.TrimPrefix(r.Pattern, "GET "))] = admin
		}
	}
	several := 0
	for path, c := range lists {
		for _, order := range []string{"", "id", "-id"} {
			query := url.Values{}
			if order != "" {
				query.Set("sort", order)
			}
			if order == "-id" && strings.HasPrefix(path, migrationJobs+"/") { // the SIMs of a job have one order
				wantCode(t, c.Get(path+"?"+query.Encode()), http.StatusUnprocessableEntity, 1302)
				continue
			}
			want := listed(c, path, query)
			if len(want) > 1 {
				several++
			}
			if got := byCursor(c, path, query, 2); !slices.Equal(got, want) {
				t.Errorf("%s, sort=%s: with the cursor %v, on one page %v", path, order, got, want)
			}
		}
		for _, query := range []string{"after=x", "after=1.5", "after=1&page=2", "after=99999999999999999999"} {
			wantCode(t, c.Get(path+"?"+query), http.StatusBadRequest, 1000)
		}
	}
	if several < 3*8 {
		t.Errorf("only %d lists have more than one item: the others prove nothing", several)
	}
	wantCode(t, admin.Get("/api/v1/sim?sort=iccid&after=1"), http.StatusBadRequest, 1000)
	if next := admin.Get("/api/v1/sim?sort=iccid&per_page=1").Header.Get("X-Next"); next != "" {
		t.Errorf("a cursor in a list that is not sorted by id: %s", next)
	}
}

// The remaining items after a cursor are counted correctly, with and without the tally, at
// every position and beyond both ends.
func TestCursorCounts(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		for _, c := range []*kit.Client{s.As("admin@example.com"), s.As("root@example.com").In(kit.Issuer)} {
			for _, filter := range []string{"", "status:0|1", "iccid:8988303"} {
				for _, order := range []string{"id", "-id"} {
					query := url.Values{"sort": {order}, "q": {filter}}
					all := listed(c, "/api/v1/sim", query)
					query.Set("per_page", "1")
					for _, after := range []int64{-1 << 63, -1, 0, 1, 249, kit.AttachedSIM, kit.ActivatedSIM, 1000, 1023, 1024, 1025, 65535, 65536, 65537, 1<<63 - 1} {
						want := 0
						for _, id := range all {
							if order == "id" && id > after || order == "-id" && id < after {
								want++
							}
						}
						query.Set("after", strconv.FormatInt(after, 10))
						if got := c.Get("/api/v1/sim?" + query.Encode()).Is(http.StatusOK).Header.Get("X-Total-Count"); got != strconv.Itoa(want) {
							t.Errorf("%s, %q after %d: %s SIMs are left, not %d", order, filter, after, got, want)
						}
					}
				}
			}
		}
	})
}

// Invariant I17: a reader who pages with the cursor while SIMs move sees every SIM that
// stayed, once.
func TestCursorWhileSIMsMove(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		all := listed(admin, "/api/v1/sim", q("endpoint:null"))
		moving, stays := make(map[int64]bool), 0
		for i, id := range all {
			if moving[id] = i%3 == 0; !moving[id] {
				stays++
			}
		}
		stop := shuttle(t, admin, all, moving)
		reader, err := client.New(s.URL, client.WithBearer(admin.Token))
		if err != nil {
			t.Fatal(err)
		}
		for walk := 0; walk < 3 || stop.moves.Load() < 6; walk++ {
			seen := make(map[int64]int)
			for sim, err := range reader.AllSIMs(t.Context(), client.ListOptions{Filter: "endpoint:null", PerPage: 17}) {
				if err != nil {
					t.Fatal(err)
				}
				seen[sim.ID]++
			}
			for _, id := range all {
				if seen[id] > 1 || seen[id] == 0 && !moving[id] {
					t.Fatalf("walk %d: SIM %d was seen %d times", walk, id, seen[id])
				}
			}
		}
		stop.end()
	})
}

// shuttler moves SIMs out of Workspace 100 and back until it is ended.
type shuttler struct {
	moves atomic.Int64
	end   func()
}

func shuttle(t *testing.T, admin *kit.Client, all []int64, moving map[int64]bool) *shuttler {
	t.Helper()
	var ids []string
	for _, id := range all {
		if moving[id] {
			ids = append(ids, fmt.Sprintf(`{"id": %d}`, id))
		}
	}
	s := &shuttler{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for to := 200; ; to = 300 - to {
			for part := range slices.Chunk(ids, 40) {
				admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [%s], "dry_run": false}`, to, strings.Join(part, ", "))).Is(http.StatusOK)
				s.moves.Add(1)
				select {
				case <-done:
					return
				default:
				}
			}
		}
	}()
	s.end = func() { close(done); <-ended }
	t.Cleanup(func() {
		select {
		case <-done:
		default:
			s.end()
		}
	})
	return s
}
