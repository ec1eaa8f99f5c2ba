package metrics_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/simferry/simferry/internal/metrics"
)

// sample reports a value of every metric that a source reports.
func sample(_ context.Context, set metrics.Set) {
	for _, d := range metrics.Definitions {
		if !strings.HasPrefix(d.Name, "simferry_http_re") {
			set(d.Name, 1, slices.Repeat([]string{"x"}, len(d.Labels))...)
		}
	}
}

// The names follow the conventions of Prometheus, and each metric can be reported.
func TestNames(t *testing.T) {
	t.Parallel()
	m := metrics.New(sample, slog.New(slog.DiscardHandler))
	m.Requests.Ended("/healthz", "GET", 404, 1201, time.Millisecond)
	problems, err := testutil.GatherAndLint(m.Gatherer())
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, gathered := m.Gatherer().Gather()
	if err != nil || gathered != nil {
		t.Fatal(err, gathered)
	}
	found := make(map[string]bool)
	for _, f := range families {
		found[f.GetName()] = true
	}
	for _, d := range metrics.Definitions {
		if !found[d.Name] {
			t.Errorf("%s is not reported", d.Name)
		}
	}
}

// Labels with an unbounded number of values make Prometheus slow.
var unbounded = regexp.MustCompile(`^(id|.*_id|user|username|workspace|sim|iccid|token|address|ip|path|url|request)$`)

func TestDefinitions(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, d := range metrics.Definitions {
		if seen[d.Name] {
			t.Errorf("%s is defined twice", d.Name)
		}
		seen[d.Name] = true
		if !strings.HasPrefix(d.Name, "simferry_") || (d.Kind == metrics.Counter) != strings.HasSuffix(d.Name, "_total") {
			t.Errorf("%s (%s): a name begins with simferry_, and that of a counter ends in _total", d.Name, d.Kind)
		}
		if d.Help == "" || strings.HasSuffix(d.Help, ".") || !strings.HasSuffix(d.Advice, ".") {
			t.Errorf("%s: the help is a phrase without a full stop, the advice has sentences: %q, %q", d.Name, d.Help, d.Advice)
		}
		for _, l := range d.Labels {
			if unbounded.MatchString(l) {
				t.Errorf("%s: label %s can have any number of values", d.Name, l)
			}
		}
	}
}
