package metrics

import "slices"

// Kind is the type of a metric.
type Kind string

// The kinds. A counter only grows while the server runs; a gauge is a current value.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Definition is one row of the table of metrics.
type Definition struct {
	Name   string
	Kind   Kind
	Labels []string // no ids, and no values that users choose: each value costs memory for ever
	Help   string   // what it is; the unit is in the name
	Advice string   // what an operator does with it
	SQLite bool     // only exists on SQLite
}

// Names of the metrics that this package observes itself.
const (
	httpRequests = "simferry_http_requests_total"
	httpDuration = "simferry_http_request_duration_seconds"
	httpRefusals = "simferry_http_refusals_total"
)

// durationBuckets are the upper bounds of the durations of requests, in seconds. Single moves take
// milliseconds; one second is the limit for any request.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// Definitions is the table of all metrics of Simferry. Those of the Go runtime and of the process
// (go_*, process_*) come from the Prometheus library.
var Definitions = []Definition{
	{
		Name: "simferry_build_info", Kind: Gauge, Labels: []string{"version", "go_version"},
		Help:   "Version of the program. The value is always 1",
		Advice: "Compare the servers of a fleet after an upgrade.",
	},
	{
		Name: httpRequests, Kind: Counter, Labels: []string{"route", "method", "class"},
		Help:   "HTTP requests that have ended, by route pattern, method and class of the status (2xx to 5xx)",
		Advice: "A growing share of 5xx is a failure of the server; 499 (the client left) counts as 4xx.",
	},
	{
		Name: httpDuration, Kind: Histogram, Labels: []string{"route", "method"},
		Help:   "Time from the arrival of a request to the end of its response, in seconds",
		Advice: "Compare routes. Streams (`/watch`) last as long as their client stays.",
	},
	{
		Name: httpRefusals, Kind: Counter, Labels: []string{"code"},
		Help:   "Refused HTTP requests, by error code of the API",
		Advice: "The [page of error codes](../troubleshooting.md) has the cause and the cure of each.",
	},
}

// definition returns the row of a metric of the table.
func definition(name string) Definition {
	return Definitions[slices.IndexFunc(Definitions, func(d Definition) bool { return d.Name == name })]
}
