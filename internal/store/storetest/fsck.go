package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// Breakable is an engine whose databases can be damaged.
type Breakable struct {
	// Open returns an empty store for a test, and a function that runs statements outside of
	// the store without foreign keys and checks.
	Open func(t testing.TB, o store.Options) (s *store.Store, exec func(statement string))
	// InRuns is Fsck with so few SIMs and entries in memory at once.
	InRuns func(ctx context.Context, tx *store.Tx, run int) (fsck.Report, error)
}

// RunFsck checks fsck on sound databases and on each kind of damage.
func RunFsck(t *testing.T, b Breakable) {
	t.Helper()
	setUp := func(t *testing.T) (*env, func(string)) {
		t.Helper()
		var exec func(string)
		e := newEnv(t, func(t testing.TB, o store.Options) (s *store.Store) {
			t.Helper()
			s, exec = b.Open(t, o)
			return s
		})
		return e, exec
	}
	t.Run("Empty", func(t *testing.T) {
		e, _ := setUp(t)
		e.sound(b)
	})
	t.Run("Sound", func(t *testing.T) {
		e, _ := setUp(t)
		e.past()
		e.sound(b)
	})
	t.Run("Random", func(t *testing.T) {
		e, _ := setUp(t)
		e.fleet()
		e.changeAtRandom(100)
		e.sound(b)
	})
	t.Run("SealedLater", func(t *testing.T) {
		e, exec := setUp(t)
		e.past()
		e.owned()
		exec("UPDATE sims SET seal = NULL")
		for e.seal(3) == 3 {
		}
		e.sound(b)
	})
	t.Run("WhileServing", func(t *testing.T) {
		e, _ := setUp(t)
		e.whileServing(b)
	})
	for name, d := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, exec := setUp(t)
			e.past()
			for _, statement := range d.do {
				exec(statement)
			}
			e.broken(b, d.found)
		})
	}
}

// seal seals SIMs that have no seal, and returns how many.
func (e *env) seal(most int) (n int) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) (err error) {
		n, err = tx.SealSIMs(ctx, most)
		return err
	})
	return n
}

// whileServing moves SIMs while fsck runs, which must see one instant.
func (e *env) whileServing(b Breakable) {
	e.Helper()
	LoadMany(e, e.s, 1000)
	moved, quit, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			MoveBack(e, e.s, n)
			select {
			case moved <- struct{}{}:
			case <-quit:
				return
			default:
			}
		}
	}()
	for range 3 {
		e.view(func(ctx context.Context, tx *store.Tx) error {
			if _, err := b.InRuns(ctx, tx, 100); err != nil { // takes the snapshot
				return err
			}
			<-moved // which is now behind
			r, err := b.InRuns(ctx, tx, 100)
			if !r.OK() {
				e.Errorf("it sees more than one instant: %+v", r)
			}
			return err
		})
	}
	close(quit)
	<-done
}

// past creates a history with all kinds of changes. The entries are 1 (the import), 2 and 3 and
// 8 (migrations), and 4 to 7 (other changes); 9 is another import. Of the audit log, 1 to 3 are
// those of the migrations, 4 to 6 of sign-ins, and 7 is not linked yet.
func (e *env) past() {
	e.Helper()
	e.fleet()
	first := e.migrate("m2", FleetAT, 11, 10, 12)
	e.migrate("m3", FleetDE, 11)
	e.change(fleet.LedgerStatus, 15, func(s *fleet.SIMState) { s.Status = fleet.SIMActivated })
	e.change(fleet.LedgerAttach, 13, func(s *fleet.SIMState) { s.Device = 9001 })
	e.change(fleet.LedgerDetach, 22, func(s *fleet.SIMState) { s.Device = 0 })
	e.delete(17)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
	e.migrate("m8", FleetBR, 14, 20)
	e.imported("later", []fleet.SIM{plain(2000, FleetDE), plain(2_000_000, FleetAT)})
	e.audited(refusedSignIn, signedIn, refusedSignIn)
	e.link(100)
	e.audited(signedIn)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.StoreReply(ctx, aKey, store.Stored{Fingerprint: []byte{1}, Reply: store.Reply{Status: 200}, Entry: first})
	})
}

// changeAtRandom changes SIMs at random, within the rules.
func (e *env) changeAtRandom(steps int) {
	e.Helper()
	seed := rand.Uint64() //nolint:gosec // a test
	e.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
	next := fleet.SIMID(3000)
	for i := range steps {
		switch sim := fleet.SIMID(10 + r.IntN(13)); r.IntN(8) {
		case 0, 1, 2:
			e.migrate(fmt.Sprintf("w%d", i), []fleet.WorkspaceID{FleetDE, FleetAT, FleetBR}[r.IntN(3)], sim, sim%13+10, (sim+5)%13+10)
		case 3, 4:
			e.change(fleet.LedgerStatus, sim, func(s *fleet.SIMState) { s.Status = fleet.SIMStatus(1 + (int(s.Status)+r.IntN(2))%2) })
		case 5:
			e.change(fleet.LedgerDetach, sim, func(s *fleet.SIMState) { s.Device = 0 })
		case 6:
			e.imported(fmt.Sprintf("i%d", i), []fleet.SIM{plain(next, FleetDE), plain(next+1, FleetAT)})
			next += 1500
		default:
			e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
		}
	}
}

// fsck checks the database twice, with different run sizes: both must find the same faults.
func (e *env) fsck(b Breakable) (report fsck.Report) {
	e.Helper()
	var small fsck.Report
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		if report, err = fsck.Run(ctx, tx); err != nil {
			return err
		}
		small, err = b.InRuns(ctx, tx, 2)
		return err
	})
	same := cmp.Options{
		cmpopts.IgnoreFields(fsck.Report{}, "Took"), cmpopts.IgnoreFields(fsck.Check{}, "Took"),
		cmpopts.SortSlices(func(a, b fsck.Fault) int { return strings.Compare(a.String(), b.String()) }),
	}
	if diff := cmp.Diff(report, small, same); diff != "" {
		e.Errorf("in one run and in many (-one +many):\n%s", diff)
	}
	return report
}

func (e *env) sound(b Breakable) {
	e.Helper()
	r := e.fsck(b)
	for _, c := range r.Checks {
		if !c.OK() {
			e.Errorf("%s %s: %v", c.Invariant, c.Key, c.First)
		}
	}
	want := 44
	if e.s.Dialect() == store.SQLite {
		want += len(onlySQLite)
	}
	if len(r.Checks) != want || !r.OK() {
		e.Errorf("%d checks, all well: %v", len(r.Checks), r.OK())
	}
}

// onlySQLite are the checks that only SQLite has. They may find the same faults as others.
var onlySQLite = map[string]bool{"pages": true, "schema": true, "rows": true}

// broken checks that exactly the checks in found fail, each with the expected object.
func (e *env) broken(b Breakable, found map[string]string) {
	e.Helper()
	r := e.fsck(b)
	failed := map[string]string{}
	for _, c := range r.Checks {
		if c.OK() {
			continue
		}
		if _, wanted := found[c.Key]; !wanted && onlySQLite[c.Key] {
			continue
		}
		if _, wanted := found[c.Key]; !wanted && c.Key == "list_counts" {
			continue // a damage may go past the triggers that count devices
		}
		failed[c.Key] = fmt.Sprint(c.First)
		if c.Faults < len(c.First) || len(c.First) > fsck.MaxFaults {
			e.Errorf("%s has %d faults and names %d", c.Key, c.Faults, len(c.First))
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(failed))); diff != "" {
		e.Errorf("checks that should fail, and that did (-should +did):\n%s%v", diff, failed)
	}
	for key, culprit := range found {
		if !strings.Contains(failed[key], culprit) {
			e.Errorf("%s does not name %s: %s", key, culprit, failed[key])
		}
	}
	if r.OK() {
		e.Error("the report says that all is well")
	}
}
