package metrics_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/metrics"
)

var update = flag.Bool("update", false, "write the generated files instead of comparing them")

// root is that of the module.
const root = "../.."

// generated has the files that are made from the tables.
var generated = map[string]func() string{
	"docs/operations/metrics.md": metricsPage,
	alertsFile:                   alerts,
	dashboardFile:                dashboard,
}

func TestGeneratedFiles(t *testing.T) {
	t.Parallel()
	for file, text := range generated {
		name := filepath.Join(root, filepath.FromSlash(file))
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text() {
			t.Errorf("%s is out of date: run go generate ./internal/metrics", file)
		}
	}
}

const metricsHead = `# Metrics

The table is generated from ` + "`internal/metrics`" + `; do not edit this page.

A server reports its metrics in the text format of Prometheus, at two places:

- ` + "`GET /metrics`" + ` on the [operator's listener](operator-api.md), with an operator token as bearer.
- On a listener of its own without a token, if ` + "`metrics_listen`" + ` is set.
  It serves nothing else.
  The metrics contain no ids, no names and no Workspaces, but they show how much a fleet does: let
  it listen on a private address.

An operator token can do everything, so give Prometheus the second one:

` + "```yaml" + `
scrape_configs:
  - job_name: simferry
    static_configs:
      - targets: ["10.0.0.7:9464", "10.0.0.8:9464"]
` + "```" + `

Counters begin at 0 when a server starts; use ` + "`rate`" + ` or ` + "`increase`" + `.
The metrics of the Go runtime (` + "`go_*`" + `) and of the process (` + "`process_*`" + `) are there, too.

## Alerts and a dashboard

Both are generated from the same table:

- [alerts.yaml](../../deploy/prometheus/alerts.yaml): add it to ` + "`rule_files`" + ` of Prometheus.
  The name of the job must be ` + "`simferry`" + `, or change it in the first rule.
  [Incidents](incidents.md) says for each alert what is broken and what to do.
- [simferry.json](../../deploy/grafana/simferry.json): import it into Grafana.
  It has one panel for each metric, with its meaning and what to do.

## Metrics of Simferry

`

const metricsTail = `
## Profiles

The operator's listener serves the profiles of Go's ` + "`net/http/pprof`" + ` below ` + "`/debug/pprof`" + `, with an
operator token.
A profile of the processor takes 30 seconds, or as many as ` + "`?seconds=`" + ` says:

` + "```" + `
curl -H "Authorization: Bearer $TOKEN" -o cpu.pb.gz "http://127.0.0.1:8081/debug/pprof/profile?seconds=10"
go tool pprof cpu.pb.gz
` + "```" + `

## Traces

If a request has a W3C ` + "`traceparent`" + ` header, its log line has the ` + "`trace_id`" + `, and as
` + "`parent_id`" + ` the span of the caller.
The server makes no spans of its own.
`

func metricsPage() string {
	var b strings.Builder
	b.WriteString(metricsHead)
	b.WriteString("| metric | kind | labels | meaning | what to do |\n|---|---|---|---|---|\n")
	for _, d := range metrics.Definitions {
		labels := "none"
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		help := d.Help
		if d.SQLite {
			help += " (SQLite only)"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, d.Kind, labels, help, d.Advice)
	}
	b.WriteString(metricsTail)
	return b.String()
}
