package faults

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/limit"
)

// Pause lets time pass while load runs or a server comes back. Do not use it to wait for
// something that can be queried.
func Pause(ctx context.Context, d time.Duration) {
	_ = limit.Wait(ctx, d) // the caller checks ctx
}
