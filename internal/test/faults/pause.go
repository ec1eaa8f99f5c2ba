package faults

import (
	"context"
	"time"
)

// Pause lets time pass while load runs or a server comes back. Do not use it to wait for
// something that can be queried.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
