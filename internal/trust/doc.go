// Package trust proves, with real processes and real databases, that nothing is ever lost,
// doubled or half moved. docs/reliability.md explains each harness; this package is what
// they have in common: a size, a seed, and a Result that says how much was done, so that
// a harness which did nothing cannot look like one that passed.
//
// Nothing here is shipped, and go test ./... runs none of the harnesses: make trust does.
package trust
