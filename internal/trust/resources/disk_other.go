//go:build !linux

package resources

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/trust"
)

// Disk reports that it needs Linux.
var Disk = trust.Harness{
	Name: "resources-disk", Does: "SQLite's disk is full under load and has room again; on Linux only",
	Run: func(context.Context, trust.Size, uint64) (trust.Result, error) {
		return trust.Result{}, errors.New("a small disk is mounted on Linux only")
	},
}

// ClusterDisk reports that it needs Linux.
var ClusterDisk = trust.Harness{
	Name: "resources-disk-postgres", Does: "PostgreSQL's disk is full under load and has room again; on Linux only",
	Run: Disk.Run,
}
