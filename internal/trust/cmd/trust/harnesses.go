package main

import (
	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/bugs"
	"github.com/simferry/simferry/internal/trust/failover"
	"github.com/simferry/simferry/internal/trust/fuzz"
	"github.com/simferry/simferry/internal/trust/kill"
	"github.com/simferry/simferry/internal/trust/linear"
	"github.com/simferry/simferry/internal/trust/model"
	"github.com/simferry/simferry/internal/trust/outbox"
	"github.com/simferry/simferry/internal/trust/powercut"
	"github.com/simferry/simferry/internal/trust/resources"
	"github.com/simferry/simferry/internal/trust/syscalls"
	"github.com/simferry/simferry/internal/trust/upgrade"
)

// harnesses lists all of them, in the order in which they run.
var harnesses = []trust.Harness{
	kill.SQLite,
	kill.Postgres,
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
