package identity

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// queue lets a fixed number work at once and a fixed number wait behind them.
type queue struct {
	working chan struct{}
	present chan struct{} // working or waiting
}

func newQueue(workers, waiters int) queue {
	return queue{make(chan struct{}, workers), make(chan struct{}, workers+waiters)}
}

// enter waits for a place to work; the caller gives it back with leave. Errors:
// fleet.Unavailable where the queue is full, or ctx ends first.
func (q queue) enter(ctx context.Context) error {
	select {
	case q.present <- struct{}{}:
	default:
		return fleet.Errorf(fleet.Unavailable, "Too many are signing in at once; try again in a few seconds")
	}
	if err := q.wait(ctx); err != nil {
		<-q.present
		return &fleet.Error{Code: fleet.Unavailable, Message: "Signing in took too long; try again", Err: err}
	}
	return nil
}

func (q queue) leave() {
	<-q.working
	<-q.present
}

func (q queue) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil { // where both are ready, select chooses at random
		return err
	}
	select {
	case q.working <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
