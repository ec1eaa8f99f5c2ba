package main

import (
	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/bugs"
	"github.com/simferry/simferry/internal/test/faults/failover"
	"github.com/simferry/simferry/internal/test/faults/fuzz"
	"github.com/simferry/simferry/internal/test/faults/jobs"
	"github.com/simferry/simferry/internal/test/faults/kill"
	"github.com/simferry/simferry/internal/test/faults/linear"
	"github.com/simferry/simferry/internal/test/faults/model"
	"github.com/simferry/simferry/internal/test/faults/outbox"
	"github.com/simferry/simferry/internal/test/faults/powercut"
	"github.com/simferry/simferry/internal/test/faults/resources"
	"github.com/simferry/simferry/internal/test/faults/syscalls"
	"github.com/simferry/simferry/internal/test/faults/upgrade"
)

// harnesses lists all of them, in the order in which they run.
var harnesses = []faults.Harness{
	kill.SQLite,
	kill.Postgres,
	kill.JobsSQLite,
	kill.JobsPostgres,
	kill.OffersSQLite,
	kill.OffersPostgres,
	jobs.Frozen,
	jobs.Race,
	failover.Harness,
	powercut.Harness,
	syscalls.Harness,
	resources.Disk,
	resources.ClusterDisk,
	resources.Restart,
	resources.Connections,
	resources.Clock,
	outbox.Harness,
	upgrade.Harness,
	linear.Harness,
	model.Harness,
	fuzz.Harness,
	bugs.Harness,
}

// ordinary lists harnesses that make test runs as ordinary tests. A smoke run leaves them out.
var ordinary = []string{"model", "linear", "fuzz"}
