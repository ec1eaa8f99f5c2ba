package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Set reports the current value of a metric. The labels are in the order of its Definition.
type Set func(name string, value float64, labels ...string)

// Source reports the metrics that other packages count. It is called each time that the metrics are
// read, and must return when ctx ends.
type Source func(ctx context.Context, set Set)

// readTime is the most that a Source may take. Prometheus gives up after ten seconds by default.
const readTime = 5 * time.Second

// Metrics holds the metrics of one server.
type Metrics struct {
	Requests *Requests
	registry *prometheus.Registry
	log      *slog.Logger
}

// New returns the metrics of one server. The log gets errors of the Source, which are mistakes in
// the program.
func New(source Source, log *slog.Logger) *Metrics {
	r := prometheus.NewRegistry()
	m := &Metrics{Requests: newRequests(r), registry: r, log: log}
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{source: source, descriptions: descriptions(), log: log},
	)
	return m
}

// Gatherer returns the metrics for tests.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler serves the metrics in the text format of Prometheus. If one cannot be read, the others
// are served.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 3, DisableCompression: true,
		ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelWarn),
	})
}

// collector reads a Source.
type collector struct {
	source       Source
	descriptions map[string]description
	log          *slog.Logger
}

type description struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

// descriptions returns the descriptions of the metrics that a Source reports.
func descriptions() map[string]description {
	all := make(map[string]description)
	for _, d := range Definitions {
		switch d.Name {
		case httpRequests, httpDuration, httpRefusals: // Requests has registered them
			continue
		}
		kind := prometheus.GaugeValue
		if d.Kind == Counter {
			kind = prometheus.CounterValue
		}
		all[d.Name] = description{prometheus.NewDesc(d.Name, d.Help, d.Labels, nil), kind}
	}
	return all
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descriptions {
		out <- d.Desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	c.source(ctx, func(name string, value float64, labels ...string) {
		d, found := c.descriptions[name]
		if !found {
			c.log.Error("a metric is not defined", "metric", name)
			return
		}
		m, err := prometheus.NewConstMetric(d.Desc, d.kind, value, labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(d.Desc, fmt.Errorf("metric %s: %w", name, err))
		}
		out <- m
	})
}
