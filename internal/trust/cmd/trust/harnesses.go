package main

import (
	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/failover"
	"github.com/simferry/simferry/internal/trust/kill"
	"github.com/simferry/simferry/internal/trust/powercut"
)

// harnesses are all there are, in the order in which they run.
var harnesses = []trust.Harness{
	kill.SQLite,
	failover.Harness,
	powercut.Harness,
}
