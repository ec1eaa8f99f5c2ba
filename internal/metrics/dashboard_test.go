package metrics_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/metrics"
)

// The files for Prometheus and Grafana, and the page that the alerts link to.
const (
	alertsFile    = "deploy/prometheus/alerts.yaml"
	dashboardFile = "deploy/grafana/simferry.json"
	incidentsPage = "docs/operations/incidents.md"
)

// alerts returns the file of rules for Prometheus.
func alerts() string {
	const head = "# Generated from internal/metrics; do not edit. docs/operations/metrics.md says how to use it.\n"
	return head + rulesOf(func(a metrics.Alert) string {
		return fmt.Sprintf("        annotations:\n          summary: %s\n          runbook_url: %s\n", quoted(a.Summary), runbook(a))
	})
}

// runbook returns the URL of the section of an alert.
func runbook(a metrics.Alert) string {
	return "https://github.com/simferry/simferry/blob/main/" + incidentsPage + "#" + strings.ToLower(a.Name)
}

// rulesOf returns the alerts in the format of Prometheus, each with its annotations.
func rulesOf(annotations func(metrics.Alert) string) string {
	var b strings.Builder
	b.WriteString("groups:\n  - name: simferry\n    rules:\n")
	for _, a := range metrics.Alerts {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n", a.Name, quoted(a.Expr))
		if a.For > 0 {
			fmt.Fprintf(&b, "        for: %.0fm\n", a.For.Minutes())
		}
		fmt.Fprintf(&b, "        labels:\n          severity: %s\n%s", a.Severity, annotations(a))
	}
	return b.String()
}

// quoted returns a text as a string of YAML.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// rows are the rows of the dashboard, each with the prefixes of its metrics.
var rows = []struct {
	title    string
	prefixes []string
}{
	{"Requests", []string{"simferry_http_requests", "simferry_http_request_", "simferry_http_refusals"}},
	{"Migrations and the ledger", []string{"simferry_migration", "simferry_ledger_"}},
	{"Jobs, mails and tasks", []string{"simferry_job", "simferry_mail", "simferry_background_"}},
	{"Database", []string{"simferry_transaction", "simferry_database_", "simferry_sqlite_"}},
	{"Limits", []string{"simferry_gate_", "simferry_body_", "simferry_http_connections", "simferry_password_"}},
	{"Server", []string{"simferry_build_", "simferry_tls_"}},
}

// rowOf returns the number of the row of a metric.
func rowOf(name string) int {
	return slices.IndexFunc(rows, func(r struct {
		title    string
		prefixes []string
	},
	) bool {
		return slices.ContainsFunc(r.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
}

// perServer are the labels by which gauges are shown: one line for each server.
const perServer = "instance"

// expressions returns what a panel shows of a metric.
func expressions(d metrics.Definition) []string {
	const of = `{job=~"$job"}`
	by := strings.Join(d.Labels, ", ")
	switch d.Kind {
	case metrics.Counter:
		return []string{fmt.Sprintf("sum by (%s) (rate(%s%s[$__rate_interval]))", by, d.Name, of)}
	case metrics.Histogram:
		var all []string
		for _, q := range []string{"0.5", "0.99"} {
			all = append(all, fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(%s_bucket%s[$__rate_interval])))", q, d.Name, of))
		}
		return all
	}
	if shared(d.Name) {
		return []string{fmt.Sprintf("max by (%s) (%s%s)", by, d.Name, of)}
	}
	if strings.HasSuffix(d.Name, "_timestamp_seconds") {
		return []string{fmt.Sprintf("1000 * min by (%s, %s) (%s%s)", perServer, by, d.Name, of)}
	}
	return []string{fmt.Sprintf("sum by (%s) (%s%s)", strings.Join(append([]string{perServer}, d.Labels...), ", "), d.Name, of)}
}

// shared reports whether every server of a database reports the same value.
func shared(name string) bool {
	return strings.HasPrefix(name, "simferry_jobs") || strings.HasPrefix(name, "simferry_mails") || name == "simferry_ledger_newest_id"
}

// dashboardExpressions returns the expressions of all panels.
func dashboardExpressions() (all []string) {
	for _, d := range metrics.Definitions {
		all = append(all, expressions(d)...)
	}
	return all
}

// unit returns Grafana's unit of a metric.
func unit(d metrics.Definition) string {
	switch {
	case strings.HasSuffix(d.Name, "_timestamp_seconds"):
		return "dateTimeAsIso" // of milliseconds
	case d.Kind != metrics.Counter && strings.HasSuffix(d.Name, "_seconds"):
		return "s"
	case strings.HasSuffix(d.Name, "_bytes"):
		return "bytes"
	case strings.HasSuffix(d.Name, "_seconds_total"):
		return "none" // seconds per second
	case d.Kind == metrics.Counter:
		return "cps"
	}
	return "none"
}

type object = map[string]any

// dashboard returns the dashboard for Grafana: one panel for each metric.
func dashboard() string {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var panels []object
	place := func(p object, x, y, w, h int) {
		p["id"], p["gridPos"] = len(panels)+1, object{"x": x, "y": y, "w": w, "h": h}
		panels = append(panels, p)
	}
	const width, height = 8, 8
	y := 0
	for r, row := range rows {
		place(object{"type": "row", "title": row.title, "collapsed": false}, 0, y, 3*width, 1)
		y++
		x := 0
		for _, d := range metrics.Definitions {
			if rowOf(d.Name) != r {
				continue
			}
			if x == 3*width {
				x, y = 0, y+height
			}
			place(panel(d, source), x, y, width, height)
			x += width
		}
		y += height
	}
	text, err := json.MarshalIndent(object{
		"title": "Simferry", "uid": "simferry", "tags": []string{"simferry"}, "schemaVersion": 39, "editable": true, "refresh": "30s",
		"time": object{"from": "now-6h", "to": "now"},
		"templating": object{"list": []object{
			{"name": "datasource", "type": "datasource", "query": "prometheus"},
			{
				"name": "job", "type": "query", "datasource": source, "query": "label_values(simferry_build_info, job)",
				"refresh": 2, "includeAll": true, "multi": true, "current": object{"text": "All", "value": "$__all"},
			},
		}},
		"panels": panels,
	}, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

func panel(d metrics.Definition, source object) object {
	var targets []object
	labels := d.Labels
	if d.Kind == metrics.Gauge && !shared(d.Name) {
		labels = append([]string{perServer}, labels...)
	}
	legend := make([]string, len(labels))
	for i, l := range labels {
		legend[i] = "{{" + l + "}}"
	}
	for i, expr := range expressions(d) {
		name := strings.Join(legend, " ")
		if d.Kind == metrics.Histogram {
			name = []string{"median", "99 %"}[i]
		}
		targets = append(targets, object{"refId": string(rune('A' + i)), "expr": expr, "legendFormat": name, "datasource": source})
	}
	title := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(d.Name, "simferry_"), "_total"), "_", " ")
	return object{
		"type": "timeseries", "title": strings.ToUpper(title[:1]) + title[1:], "description": d.Help + ". " + d.Advice,
		"datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": object{"unit": unit(d)}, "overrides": []object{}},
	}
}
