package cli_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// inventory is a server with SIMs 1 to n, of which others may move some.
type inventory struct {
	url   string
	user  string
	first int64 // id of the first SIM
	n     int
	move  func(sim, to int64) // as another client
	in    func(workspace int64) map[int64]bool
	flags []string // of migrate
}

// inventories returns a server with the cursor and jobs, which are used or not, and one without.
func inventories(t *testing.T) map[string]func(t *testing.T) inventory {
	t.Helper()
	return map[string]func(t *testing.T) inventory{
		"plain": func(t *testing.T) inventory {
			f := fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR", 300: "Fleet IT"})
			const n = 500
			for i := int64(1); i <= n; i++ {
				f.Add(fakeserver.SIM{ID: i, ICCID: fmt.Sprintf("89883030000%08d", i), Status: 2, Workspace: 100})
			}
			s := fakeserver.Start(t, f, 100, fakeserver.Options{})
			return inventory{
				url: s.URL, user: fakeserver.Username, first: 1, n: n,
				move: func(sim, to int64) { f.Change(sim, func(s *fakeserver.SIM) { s.Workspace = to }) },
				in: func(workspace int64) map[int64]bool {
					found := make(map[int64]bool)
					for i := int64(1); i <= n; i++ {
						if sim, ok := f.SIM(i); ok && sim.Workspace == workspace {
							found[i] = true
						}
					}
					return found
				},
			}
		},
		"cursor": cursorInventory,
		"cursor, on the client": func(t *testing.T) inventory {
			v := cursorInventory(t)
			v.flags = []string{"--on-client"}
			return v
		},
	}
}

func cursorInventory(t *testing.T) inventory {
	t.Helper()
	s := kit.StartFerry(t, kit.SQLite).StartJobs()
	root := s.As("root@example.com")
	return inventory{
		url: s.URL, user: "admin@example.com", first: 1000, n: 600,
		move: func(sim, to int64) {
			root.Post(strings.TrimPrefix(beforeRun, "POST "), fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, to, sim)).
				Is(http.StatusOK)
		},
		in: func(workspace int64) map[int64]bool {
			found := make(map[int64]bool)
			var list []struct{ ID int64 }
			root.In(workspace).Get("/api/v1/sim?per_page=2500").JSON(&list)
			for _, sim := range list {
				found[sim.ID] = true
			}
			return found
		},
	}
}

// others does something to the inventory during a filtered migration, and says what must come of
// it.
type others struct {
	name   string
	do     func(v inventory, b *between)
	stay   []int64 // offsets of the SIMs that must not be in the target
	code   int
	output string
}

var whileFiltered = []others{
	{
		name: "a SIM leaves between two pages, so that the later ones shift",
		do: func(v inventory, b *between) {
			b.on(afterList, func(n int) {
				if n == 1 {
					v.move(v.first+5, 300)
				}
			})
		},
		stay: []int64{5}, code: 0,
	},
	{
		name: "one leaves and comes back, page after page",
		do: func(v inventory, b *between) {
			b.on(afterList, func(n int) {
				if n <= 9 {
					v.move(v.first, []int64{100, 300}[n%2])
				}
			})
		},
		stay: []int64{0}, code: 0,
	},
	{
		name: "a SIM leaves after it was listed, before its dry run",
		do: func(v inventory, b *between) {
			b.on(beforeRun, func(n int) {
				if n == 1 {
					v.move(v.first+7, 300)
				}
			})
		},
		stay: []int64{7}, code: 0, output: "1 left out: it left the Workspace",
	},
	{
		name: "a SIM comes in while the others move",
		do: func(v inventory, b *between) {
			v.move(v.first+9, 300)
			b.on(beforeReal, func(n int) {
				if n == 1 {
					v.move(v.first+9, 100)
				}
			})
		},
		stay: []int64{9}, code: 4, output: "1 more SIM matches --filter in Fleet DE",
	},
}

// SIMs move while migrate --filter lists, plans and moves. Each SIM that stayed in --from
// arrives, none that left it is taken from its new Workspace, and the exit code reports the
// rest.
func TestFilteredWhileOthersMove(t *testing.T) {
	for kind, start := range inventories(t) {
		for _, o := range whileFiltered {
			t.Run(kind+"/"+o.name, func(t *testing.T) {
				v := start(t)
				b := newBetween(t, v.url, "90")
				p := newPerson(t)
				p.login(b.URL, v.user)
				o.do(v, b)
				got := p.run("", append([]string{"migrate", "--to", "200", "--from", "100", "--filter", filterOf(kind), "--yes"}, v.flags...)...)
				if got.code != o.code || !strings.Contains(got.out+got.errors, o.output) {
					t.Errorf("exit code %d, want %d\n%s%s", got.code, o.code, got.out, got.errors)
				}
				arrived := v.in(200)
				for i := range int64(v.n) {
					stays := false
					for _, k := range o.stay {
						stays = stays || k == i
					}
					if arrived[v.first+i] == stays {
						t.Errorf("SIM %d: in the target %t\n%s", v.first+i, arrived[v.first+i], got.out)
					}
				}
			})
		}
	}
}

// TestSavedPlanListsTheFilterAgain saves a plan for --filter, and lets a SIM come in before the
// plan is applied: the run reports it, as one without a saved plan does.
func TestSavedPlanListsTheFilterAgain(t *testing.T) {
	for kind, start := range inventories(t) {
		t.Run(kind, func(t *testing.T) {
			v := start(t)
			p := newPerson(t)
			p.login(v.url, v.user)
			v.move(v.first+9, 300)
			file := filepath.Join(t.TempDir(), "tonight.plan")
			if got := p.run("", "migrate", "--to", "200", "--from", "100", "--filter", filterOf(kind), "--plan", file); got.code != 0 {
				t.Fatalf("exit code %d\n%s%s", got.code, got.out, got.errors)
			}
			v.move(v.first+9, 100)
			got := p.run("", append([]string{"migrate", "apply", file, "--yes"}, v.flags...)...)
			if got.code != 4 || !strings.Contains(got.out, "1 more SIM matches --filter in Fleet DE") {
				t.Errorf("exit code %d\n%s%s", got.code, got.out, got.errors)
			}
			if len(v.in(100)) == 0 || v.in(200)[v.first+9] {
				t.Error("a SIM that is not in the plan has moved")
			}
		})
	}
}

// filterOf returns a filter that finds all SIMs of an inventory.
func filterOf(kind string) string {
	if kind == "plain" {
		return "status:2"
	}
	return "id:" + joinedIDs(1000, 1599)
}

func joinedIDs(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		if i > from {
			b.WriteByte('|')
		}
		fmt.Fprint(&b, i)
	}
	return b.String()
}
