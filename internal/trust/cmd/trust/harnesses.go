package main

import "github.com/simferry/simferry/internal/trust"

// harnesses are all there are, in the order in which they run.
var harnesses = []trust.Harness{}
