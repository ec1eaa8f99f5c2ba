package trust

import (
	"context"
	"time"
)

// Pause lets time pass: load goes on meanwhile, or a server that is away comes back. It is
// no way to wait for something that can be asked for.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
