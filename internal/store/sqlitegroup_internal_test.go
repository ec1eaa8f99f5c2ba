package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	turns "github.com/simferry/simferry/internal/limit"
)

// grouped runs members on a writer in a given order. Each joins the group of the one before it; the
// last one commits.
type grouped struct {
	*sqliteEngine
	turns   sync.Mutex
	waiting atomic.Bool
}

func openGrouped(t *testing.T) *grouped {
	t.Helper()
	e, _ := openFile(t)
	for _, text := range []string{
		"CREATE TABLE names (name TEXT PRIMARY KEY)",
		"CREATE TABLE owed (name TEXT REFERENCES names (name) DEFERRABLE INITIALLY DEFERRED)",
	} {
		if _, err := e.writer.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	return &grouped{sqliteEngine: e}
}

func (g *grouped) turn(_ context.Context, run func() error) error {
	g.turns.Lock()
	defer g.turns.Unlock()
	return run()
}

func (g *grouped) member(ctx context.Context, fn func(querier) error) error {
	ctx = turns.WithParty(ctx, "user 1")
	return g.updateInTurn(ctx, fn, g.turn, g.waiting.Load)
}

// members runs functions as one group, and returns their errors. seen gets the index of each as it
// returns.
func (g *grouped) members(ctx context.Context, seen func(i int, err error), members ...func(querier) error) []error {
	errs := make([]error, len(members))
	var all sync.WaitGroup
	for i, fn := range members {
		g.waiting.Store(i < len(members)-1)
		ran := make(chan struct{})
		once := sync.OnceFunc(func() { close(ran) })
		all.Go(func() {
			errs[i] = g.member(ctx, func(q querier) error {
				defer once()
				return fn(q)
			})
			seen(i, errs[i])
		})
		<-ran
		_ = g.turn(ctx, func() error { return nil }) // the member has left
	}
	all.Wait()
	return errs
}

func ignore(int, error) {}

// names reads what is committed.
func (g *grouped) names(t *testing.T) (names []string) {
	t.Helper()
	err := g.view(t.Context(), func(q querier) error {
		r, err := q.query(t.Context(), "SELECT name FROM names ORDER BY name")
		if err != nil {
			return err
		}
		defer r.Close()
		for r.Next() {
			var name string
			if err := r.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return r.Err()
	})
	if err != nil {
		t.Error(err)
	}
	return names
}

func insert(t *testing.T, name string) func(querier) error {
	return func(q querier) error {
		_, err := q.exec(t.Context(), "INSERT INTO names (name) VALUES ($1)", name)
		return err
	}
}

var errRefused = errors.New("refused")

// refuseIf is a rule that depends on the rows of others.
func refuseIf(t *testing.T, name string) func(querier) error {
	return func(q querier) error {
		r, err := q.query(t.Context(), "SELECT 1 FROM names WHERE name = $1", name)
		if err != nil {
			return err
		}
		defer r.Close()
		if r.Next() {
			return errRefused
		}
		return r.Err()
	}
}

func (g *grouped) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := g.names(t); !slices.Equal(got, want) {
		t.Errorf("committed: %q, want %q", got, want)
	}
}

// A member returns after the commit, whether it succeeded or was refused because of a change of
// another member.
func TestGroupReturnsAfterCommit(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	errs := g.members(t.Context(), func(i int, _ error) {
		if got := g.names(t); !slices.Contains(got, "a") {
			t.Errorf("member %d has returned, and its change or the one it depends on is not committed: %q", i, got)
		}
	}, insert(t, "a"), refuseIf(t, "a"), insert(t, "b"))
	if errs[0] != nil || !errors.Is(errs[1], errRefused) || errs[2] != nil {
		t.Errorf("errors: %v", errs)
	}
	g.expect(t, "a", "b")
}

// A member that fails is undone alone, and the others run once.
func TestGroupMemberFailsAlone(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	runs := 0
	errs := g.members(t.Context(), ignore, func(q querier) error {
		runs++
		return insert(t, "a")(q)
	}, func(q querier) error {
		return errors.Join(insert(t, "b")(q), errRefused)
	}, func(q querier) error {
		return errors.Join(insert(t, "c")(q), insert(t, "a")(q)) // exists
	}, insert(t, "d"))
	if errs[0] != nil || !errors.Is(errs[1], errRefused) || Violated(errs[2]) != Taken || errs[3] != nil || runs != 1 {
		t.Errorf("errors: %v; the first ran %d times", errs, runs)
	}
	g.expect(t, "a", "d")
}

// An ended context interrupts no statement, because SQLite would undo all members. It prevents the
// next one.
func TestGroupContextUndoesNoOthers(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	runs := 0
	const long = `INSERT INTO names SELECT 'long' || x FROM (WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000)
		SELECT x FROM n) WHERE x % 300000 = 0`
	errs := g.members(t.Context(), ignore, func(q querier) error {
		runs++
		return insert(t, "a")(q)
	}, func(q querier) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		if _, err := q.exec(ctx, long); err != nil {
			return err
		}
		<-ctx.Done()
		_, err := q.exec(ctx, "INSERT INTO names (name) VALUES ('b')")
		return err
	}, insert(t, "c"))
	if errs[0] != nil || !errors.Is(errs[1], context.DeadlineExceeded) || errs[2] != nil || runs != 1 {
		t.Errorf("errors: %v; the first ran %d times", errs, runs)
	}
	g.expect(t, "a", "c")
}

// After a failed commit all members run again, alone: one that was refused because of another
// member's change may now succeed.
func TestGroupCommitFails(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	runs := make([]int, 3)
	first := func(i int) bool { runs[i]++; return runs[i] == 1 }
	errs := g.members(t.Context(), ignore, func(q querier) error {
		if first(0) {
			return insert(t, "a")(q)
		}
		return errRefused
	}, func(q querier) error {
		first(1)
		return errors.Join(refuseIf(t, "a")(q), insert(t, "b")(q))
	}, func(q querier) error {
		if first(2) { // fails at the commit
			_, err := q.exec(t.Context(), "INSERT INTO owed (name) VALUES ('missing')")
			return err
		}
		return insert(t, "c")(q)
	})
	if !errors.Is(errs[0], errRefused) || errs[1] != nil || errs[2] != nil || !slices.Equal(runs, []int{2, 2, 2}) {
		t.Errorf("errors: %v; runs: %v", errs, runs)
	}
	g.expect(t, "b", "c")
}

// If SQLite undoes the transaction, the members before and after run again.
func TestGroupTransactionLost(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	runs := 0
	errs := g.members(t.Context(), ignore, insert(t, "a"), func(q querier) error {
		if runs++; runs == 1 {
			_, err := q.exec(t.Context(), "ROLLBACK")
			return errors.Join(err, errRefused)
		}
		return insert(t, "b")(q)
	}, insert(t, "c"))
	if errors.Join(errs...) != nil {
		t.Errorf("errors: %v", errs)
	}
	g.expect(t, "a", "b", "c")
}

// A panic undoes its member, commits the others, and reaches its caller.
func TestGroupMemberPanics(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	recovered := false
	errs := g.members(t.Context(), ignore, insert(t, "a"))
	g.waiting.Store(true)
	var other error
	var all sync.WaitGroup
	all.Go(func() { other = g.member(t.Context(), insert(t, "b")) })
	func() {
		defer func() { recovered = recover() != nil }()
		_ = g.member(t.Context(), func(q querier) error {
			_ = insert(t, "c")(q)
			panic("bug")
		})
	}()
	all.Wait()
	if errs[0] != nil || other != nil || !recovered {
		t.Errorf("errors: %v, %v; recovered: %v", errs, other, recovered)
	}
	g.expect(t, "a", "b")
}

// A group whose next member never comes commits itself.
func TestGroupWithoutNextMember(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	g.waiting.Store(true)
	if err := g.member(t.Context(), insert(t, "a")); err != nil {
		t.Error(err)
	}
	g.expect(t, "a")
}

// Work of the server itself shares no commit: it may be large.
func TestBackgroundWorkRunsAlone(t *testing.T) {
	t.Parallel()
	g := openGrouped(t)
	g.waiting.Store(true)
	var all sync.WaitGroup
	ran := make(chan struct{})
	all.Go(func() {
		_ = g.member(t.Context(), func(q querier) error { defer close(ran); return insert(t, "a")(q) })
	})
	<-ran
	err := g.updateInTurn(t.Context(), func(q querier) error {
		g.expect(t, "a")
		return insert(t, "b")(q)
	}, g.turn, g.waiting.Load)
	if err != nil {
		t.Error(err)
	}
	all.Wait()
	g.expect(t, "a", "b")
}

// Concurrent writes of a store, a third of which fail, have the effect of one after the other.
func TestConcurrentGroups(t *testing.T) {
	t.Parallel()
	e, _ := openFile(t)
	if _, err := e.writer.ExecContext(t.Context(), "CREATE TABLE counts (n INTEGER); INSERT INTO counts VALUES (0)"); err != nil {
		t.Fatal(err)
	}
	s := &Store{engine: withLanes(e), clock: time.Now}
	var all sync.WaitGroup
	var counted atomic.Int64
	for i := range 32 {
		ctx := turns.WithParty(t.Context(), string(rune('A'+i)))
		all.Go(func() {
			for j := range 30 {
				err := s.Update(ctx, func(tx *Tx) error {
					if err := tx.exec(ctx, "UPDATE counts SET n = n + 1"); err != nil {
						return err
					}
					if (i+j)%3 == 0 {
						return errRefused
					}
					return nil
				})
				switch {
				case err == nil:
					counted.Add(1)
				case !errors.Is(err, errRefused):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var n int64
	if err := e.readers.QueryRowContext(t.Context(), "SELECT n FROM counts").Scan(&n); err != nil || n != counted.Load() || n != 640 {
		t.Errorf("%d counted, %d successful, %v", n, counted.Load(), err)
	}
}

// A deferred constraint would fail at the commit, for all members of a group.
func TestSchemaDefersNoConstraint(t *testing.T) {
	t.Parallel()
	e, _ := openFile(t)
	if err := e.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var tables, deferred int
	err := e.writer.QueryRowContext(t.Context(), "SELECT count(*), sum(upper(sql) LIKE '%DEFERRABLE%') FROM sqlite_master").Scan(&tables, &deferred)
	if err != nil || tables < 20 || deferred > 0 {
		t.Errorf("%d of %d tables and indexes have deferred constraints, %v", deferred, tables, err)
	}
}
