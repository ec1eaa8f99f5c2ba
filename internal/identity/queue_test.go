package identity

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, 3)
		started := 0
		for range 5 {
			go func() {
				if err := q.enter(t.Context()); err != nil {
					t.Error(err)
				}
				started++
			}()
			synctest.Wait() // one after another, so the count needs no lock
		}
		if started != 2 {
			t.Errorf("%d work at once, want 2", started)
		}
		if err := q.enter(t.Context()); fleet.CodeOf(err) != fleet.Unavailable {
			t.Errorf("the queue is full, and it says %v", err)
		}
		for want := 3; want <= 5; want++ {
			q.leave()
			synctest.Wait()
			if started != want {
				t.Errorf("%d were let in, want %d", started, want)
			}
		}
		q.leave()
		q.leave()
	})
}

func TestQueueWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 1)
		if err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 { // a place lost by the first would show in the second
			err := q.enter(ctx)
			if fleet.CodeOf(err) != fleet.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		q.leave()
		if err := q.enter(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
