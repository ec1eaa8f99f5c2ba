//go:build !linux

package resources

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/trust"
)

// Disk says that it cannot be done here.
var Disk = trust.Harness{
	Name: "resources-disk", Does: "SQLite's disk is full under load and has room again; on Linux only",
	Run: func(context.Context, trust.Size, uint64) (trust.Result, error) {
		return trust.Result{}, errors.New("a small disk is mounted on Linux only")
	},
}

// ClusterDisk says so as well.
var ClusterDisk = trust.Harness{
	Name: "resources-disk-postgres", Does: "PostgreSQL's disk is full under load and has room again; on Linux only",
	Run: Disk.Run,
}
