// Package metrics defines the metrics of a server and serves them to Prometheus. All of them are
// rows of one table, Definitions; their page in the documents is generated from it. The packages
// that are measured do not know Prometheus: they count for themselves, and a Source reports their
// counts when the metrics are read.
package metrics

//go:generate go test -run TestGeneratedFiles -update .
