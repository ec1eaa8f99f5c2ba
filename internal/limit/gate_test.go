package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simferry/simferry/internal/limit"
)

// queue enters the gate in the order of names, one after the other, and returns the order in
// which they were admitted. Each leaves at once.
func queue(t *testing.T, g *limit.Gate, names ...string) func() []string {
	t.Helper()
	var mu sync.Mutex
	var order []string
	for _, name := range names {
		go func() {
			leave, err := g.Enter(t.Context(), name)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
			leave()
			leave() // a second time does nothing
		}()
		synctest.Wait()
	}
	return func() []string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return order
	}
}

func enter(t *testing.T, g *limit.Gate, name string) func() {
	t.Helper()
	leave, err := g.Enter(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func TestGateTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{Total: 1})
		leave := enter(t, g, "a")
		order := queue(t, g, "a", "a", "a", "b", "c", "b")
		leave()
		if got, want := order(), []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(got, want) {
			t.Errorf("let in %v, want %v", got, want)
		}
		if g.Running() != 0 || g.Waiting() != 0 {
			t.Errorf("%d run and %d wait afterwards", g.Running(), g.Waiting())
		}
	})
}

func TestGateBoundsAParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{Total: 3, PerParty: 1, Queue: 2, QueueAll: 3})
		first := enter(t, g, "a")
		order := queue(t, g, "a", "a")
		if _, err := g.Enter(t.Context(), "a"); !errors.Is(err, limit.ErrFull) {
			t.Errorf("the queue of a is full: %v", err)
		}
		second := enter(t, g, "b") // although a is waiting
		more := queue(t, g, "b")
		if _, err := g.Enter(t.Context(), "b"); !errors.Is(err, limit.ErrFull) {
			t.Errorf("the queue of all is full: %v", err)
		}
		enter(t, g, "c")()
		first()
		if got := order(); len(got) != 2 {
			t.Errorf("let in %v", got)
		}
		second()
		if got := more(); len(got) != 1 {
			t.Errorf("let in %v", got)
		}
	})
}

func TestGateWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{Total: 1})
		leave := enter(t, g, "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 { // a place lost by the first run would show in the second
			if _, err := g.Enter(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		leave()
		enter(t, g, "b")()
	})
}

// In any sequence the limits hold, no ticket is forgotten and no place is lost.
func TestGateUnderLoad(t *testing.T) {
	g := limit.NewGate(limit.Rules{Total: 3, PerParty: 2})
	var all sync.WaitGroup
	var running atomic.Int64
	for i := range 32 {
		all.Go(func() {
			name := fmt.Sprint(i % 4)
			for range 300 {
				ctx, cancel := context.WithCancel(t.Context())
				if rand.IntN(3) == 0 {
					go cancel()
				}
				if leave, err := g.Enter(ctx, name); err == nil {
					if n := running.Add(1); n > 3 {
						t.Errorf("%d run at once", n)
					}
					running.Add(-1)
					leave()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if g.Running() != 0 || g.Waiting() != 0 {
		t.Errorf("%d run and %d wait afterwards", g.Running(), g.Waiting())
	}
}

func TestBudget(t *testing.T) {
	b := limit.NewBudget(10, 6)
	for _, step := range []struct {
		name string
		n    int64
		want bool
	}{{"a", 5, true}, {"a", 2, false}, {"a", 1, true}, {"b", 5, false}, {"b", 4, true}, {"c", 1, false}, {"a", -5, true}, {"c", 1, true}} {
		if step.n < 0 {
			b.Give(step.name, -step.n)
		} else if got := b.Take(step.name, step.n); got != step.want {
			t.Errorf("%s takes %d: %t", step.name, step.n, got)
		}
	}
	if b.Held() != 6 {
		t.Errorf("%d are held, want 6", b.Held())
	}
}

// A party with many waiting keeps its place for a while after each, and delays no other party.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{Total: 1, PerParty: 1, RestFrom: 1})
		leave := enter(t, g, "a")
		order := queue(t, g, "a", "b")
		if got := g.WaitingOf("a"); got != 1 {
			t.Errorf("%d of a wait", got)
		}
		<-time.After(100 * time.Millisecond)
		leave()
		<-time.After(199 * time.Millisecond)
		if got := order(); !slices.Equal(got, []string{"b"}) {
			t.Errorf("during the rest: %v", got)
		}
		<-time.After(time.Millisecond)
		if got := order(); !slices.Equal(got, []string{"b", "a"}) {
			t.Errorf("after the rest: %v", got)
		}
		if g.Running() != 0 || g.Waiting() != 0 || g.WaitingOf("a") != 0 {
			t.Errorf("%d run, %d wait", g.Running(), g.Waiting())
		}
	})
}

// A party with more than its places and RestFrom together runs fewer at once, and all of its places
// again when fewer wait.
func TestFewerAtOnceInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{PerParty: 4, RestFrom: 4})
		var mu sync.Mutex
		var running []int // with each that was admitted
		for range 20 {
			go func() {
				leave, err := g.Enter(t.Context(), "a")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				running = append(running, g.Running())
				mu.Unlock()
				<-time.After(100 * time.Millisecond)
				leave()
			}()
			synctest.Wait()
		}
		<-time.After(time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		flood, rest := running[4:10], running[10:]
		if len(running) != 20 || slices.Max(running[:4]) != 4 || slices.Max(flood) > 1 || slices.Max(rest) != 4 {
			t.Errorf("at once ran %v", running)
		}
	})
}
