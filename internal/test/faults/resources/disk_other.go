//go:build !linux

package resources

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/test/faults"
)

// Disk reports that it needs Linux.
var Disk = faults.Harness{
	Name: "resources-disk", Does: "SQLite's disk is full under load and has room again; on Linux only",
	Run: func(context.Context, faults.Size, uint64) (faults.Result, error) {
		return faults.Result{}, fmt.Errorf("%w: a small disk is mounted on Linux only", faults.ErrCannotRun)
	},
}

// ClusterDisk reports that it needs Linux.
var ClusterDisk = faults.Harness{
	Name: "resources-disk-postgres", Does: "PostgreSQL's disk is full under load and has room again; on Linux only",
	Run: Disk.Run,
}
