// Package faults proves, with real processes and real databases, that nothing is ever lost, moved
// twice or half moved. docs/reliability.md explains each harness. This package is what they share:
// a size, a seed, and a Result that says how much was done, so that a harness that did nothing
// cannot look like one that passed.
//
// None of this is in a release, and go test ./... runs none of the harnesses: make trust does.
package faults
