package limit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simferry/simferry/internal/limit"
)

// A gate counts who waited and for how long, and who was refused and why.
func TestGateStats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Rules{Total: 1, Queue: 2})
		first, err := g.Enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		gone, leave := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{t.Context(), gone} {
			go func() {
				if out, err := g.Enter(ctx, "a"); err == nil {
					out()
				}
			}()
			synctest.Wait()
		}
		if _, err := g.Enter(t.Context(), "a"); err == nil {
			t.Error("the queue is not full")
		}
		if f := g.Stats(); f != (limit.GateStats{Running: 1, Waiting: 2, Full: 1}) {
			t.Errorf("%+v", f)
		}
		<-time.After(time.Second) // of the bubble's clock
		leave()
		synctest.Wait()
		first()
		synctest.Wait()
		if f := g.Stats(); f != (limit.GateStats{Admitted: 1, Waited: time.Second, Full: 1, GaveUp: 1}) {
			t.Errorf("%+v", f)
		}
	})
}

func TestBudgetStats(t *testing.T) {
	t.Parallel()
	b := limit.NewBudget(10, 8)
	if !b.Take("a", 7) || b.Take("a", 2) || b.Take("b", 4) {
		t.Error("the limits do not hold")
	}
	if held, most, full := b.Stats(); held != 7 || most != 10 || full != 2 {
		t.Errorf("%d of %d held, %d refused", held, most, full)
	}
}
