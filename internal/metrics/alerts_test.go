package metrics_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/metrics"
)

// tried is how an alert is tried: series of one sample a minute, in the notation of promtool.
type tried struct {
	fires  []string // the alert fires after 30 minutes of these
	labels string   // of the alert, beside its severity
	quiet  []string // and does not fire at any time of these
}

// tries has both cases of each alert.
var tries = map[string]tried{
	"SimferryDown": {
		[]string{`up{job="simferry", instance="a"} 1 0x40`}, `job: simferry, instance: a`,
		[]string{`up{job="simferry", instance="a"} 1 0 1x40`, `up{job="other", instance="a"} 0x40`},
	},
	"SimferryDatabaseDown": {
		[]string{`simferry_database_up{instance="a"} 0x40`}, `instance: a`,
		[]string{`simferry_database_up{instance="a"} 1x40`},
	},
	"SimferryServerErrors": {
		[]string{`simferry_http_requests_total{job="s", class="2xx"} 0+90x40`, `simferry_http_requests_total{job="s", class="5xx"} 0+10x40`}, `job: s`,
		[]string{`simferry_http_requests_total{job="s", class="4xx"} 0+90x40`, `simferry_http_requests_total{job="s", class="5xx"} 0+1x40`},
	},
	"SimferryLedgerWentBack": {
		[]string{`simferry_ledger_newest_id{instance="a"} 100+1x27 7x10`}, `instance: a`,
		[]string{`simferry_ledger_newest_id{instance="a"} 100x20 101+1x20`},
	},
	"SimferryJobsWait": {
		[]string{`simferry_jobs_oldest_waiting_seconds{job="s", instance="a"} 0+60x40`, `simferry_jobs_oldest_waiting_seconds{job="s", instance="b"} 0+60x40`}, `job: s`,
		[]string{`simferry_jobs_oldest_waiting_seconds{job="s", instance="a"} 0 60 120 0 60 0x40`},
	},
	"SimferrySlowRequests": {
		[]string{
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/sim", le="1"} 0+90x40`,
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/sim", le="2.5"} 0+100x40`,
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/sim", le="+Inf"} 0+100x40`,
		}, `job: s`,
		[]string{
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/sim", le="1"} 0+100x40`,
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/sim", le="+Inf"} 0+100x40`,
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/migration_job/{job_id}/watch", le="1"} 0x40`,
			`simferry_http_request_duration_seconds_bucket{job="s", route="/api/v1/migration_job/{job_id}/watch", le="+Inf"} 0+100x40`,
		},
	},
	"SimferryTransactionsFail": {
		[]string{`simferry_transactions_total{job="s", instance="a", kind="update", outcome="failed"} 0+1x40`}, `job: s, instance: a`,
		[]string{`simferry_transactions_total{job="s", instance="a", kind="update", outcome="rolled_back"} 0+1x40`},
	},
	"SimferryDatabaseInterrupted": {
		[]string{`simferry_transaction_retries_total{job="s", instance="a", reason="away"} 0+1x40`}, `job: s, instance: a, reason: away`,
		[]string{`simferry_transaction_retries_total{job="s", instance="a", reason="busy"} 0+50x40`},
	},
	"SimferryConnectionsWait": {
		[]string{`simferry_database_connection_wait_seconds_total{job="s", instance="a", pool="requests"} 0+120x40`}, `job: s, instance: a`,
		[]string{`simferry_database_connection_wait_seconds_total{job="s", instance="a", pool="requests"} 0+30x40`},
	},
	"SimferryClockWrong": {
		[]string{`simferry_database_clock_difference_seconds{instance="a"} -45x40`}, `instance: a`,
		[]string{`simferry_database_clock_difference_seconds{instance="a"} 0.2x40`},
	},
	"SimferryTaskFails": {
		[]string{`simferry_background_task_runs_total{job="s", task="mail", outcome="failed"} 0+60x40`, `simferry_background_task_runs_total{job="s", task="mail", outcome="done"} 7x40`}, `job: s, task: mail`,
		[]string{`simferry_background_task_runs_total{job="s", task="mail", outcome="failed"} 0+1x40`, `simferry_background_task_runs_total{job="s", task="mail", outcome="done"} 0+59x40`},
	},
	"SimferryJobStepsFail": {
		[]string{`simferry_job_steps_total{job="s", instance="a", outcome="failed"} 0+1x40`}, `job: s, instance: a`,
		[]string{`simferry_job_steps_total{job="s", instance="a", outcome="done"} 0+100x40`, `simferry_job_steps_total{job="s", instance="a", outcome="lease_lost"} 0x20 1x20`},
	},
	"SimferryMailsWait": {
		[]string{`simferry_mails_oldest_seconds{job="s", instance="a"} 0+60x40`}, `job: s`,
		[]string{`simferry_mails_oldest_seconds{job="s", instance="a"} 0+60x10 0x30`},
	},
	"SimferryMailsRefused": {
		[]string{`simferry_mail_attempts_total{job="s", outcome="refused"} 0+1x40`}, `job: s`,
		[]string{`simferry_mail_attempts_total{job="s", outcome="refused"} 0x20 1x20`, `simferry_mail_attempts_total{job="s", outcome="delivered"} 0+9x40`},
	},
	"SimferryRequestsRefused": {
		[]string{`simferry_gate_refused_total{job="s", gate="callers", reason="full"} 0+120x40`}, `job: s, gate: callers`,
		[]string{`simferry_gate_refused_total{job="s", gate="callers", reason="full"} 0+6x40`},
	},
	"SimferrySignInsWait": {
		[]string{`simferry_gate_waiting{job="s", instance="a", gate="passwords"} 30x40`}, `job: s, instance: a`,
		[]string{`simferry_gate_waiting{job="s", instance="a", gate="passwords"} 2x40`, `simferry_gate_waiting{job="s", instance="a", gate="callers"} 30x40`},
	},
	"SimferryBodyMemoryFull": {
		[]string{`simferry_body_memory_refused_total{job="s", instance="a"} 0+1x40`}, `job: s, instance: a`,
		[]string{`simferry_body_memory_refused_total{job="s", instance="a"} 9x40`},
	},
	"SimferryConnectionsClosed": {
		[]string{`simferry_http_connections_closed_total{job="s", listener="public"} 0+120x40`}, `job: s, listener: public`,
		[]string{`simferry_http_connections_closed_total{job="s", listener="public"} 0+6x40`},
	},
	"SimferryLogGrows": {
		[]string{`simferry_sqlite_wal_bytes{instance="a"} 600000000x40`}, `instance: a`,
		[]string{`simferry_sqlite_wal_bytes{instance="a"} 60000000x40`},
	},
	"SimferryCheckpointsFail": {
		[]string{`simferry_sqlite_checkpoints_total{instance="a", outcome="failed"} 0x20 1x20`}, `instance: a, outcome: failed`,
		[]string{`simferry_sqlite_checkpoints_total{instance="a", outcome="blocked"} 0+1x40`, `simferry_sqlite_checkpoints_total{instance="a", outcome="failed"} 0x40`},
	},
	"SimferryCertificateExpires": {
		[]string{`simferry_tls_certificate_expiry_timestamp_seconds{instance="a", listener="public"} 500000x120`}, `instance: a, listener: public`,
		[]string{`simferry_tls_certificate_expiry_timestamp_seconds{instance="a", listener="public"} 1000000x120`},
	},
	"SimferryVersionsDiffer": {
		[]string{`simferry_build_info{job="s", instance="a", version="1"} 1x120`, `simferry_build_info{job="s", instance="b", version="2"} 1x120`}, `job: s`,
		[]string{`simferry_build_info{job="s", instance="a", version="2"} 1x120`, `simferry_build_info{job="s", instance="b", version="2"} 1x120`},
	},
}

// Prometheus accepts the rules, and each alert fires when it should and is quiet otherwise.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	promtool := promtool(t)
	rules, err := filepath.Abs(filepath.Join(root, alertsFile))
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	run("check", "rules", "--lint=all", "--lint-fatal", rules)
	for _, a := range metrics.Alerts {
		if len(tries[a.Name].fires) == 0 || len(tries[a.Name].quiet) == 0 {
			t.Errorf("nothing tries whether %s fires and is quiet", a.Name)
		}
	}
	folder := t.TempDir()
	cases := filepath.Join(folder, "cases.yaml")
	for file, text := range map[string]string{
		cases: alertCases(),
		// promtool compares annotations with the expected ones; here only the expressions are tried
		filepath.Join(folder, "rules.yaml"): rulesOf(func(metrics.Alert) string { return "" }),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("test", "rules", cases)
}

// promtool returns the path of the program that checks rules.
func promtool(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: promtool checks the alerts")
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool, which checks the alerts, is missing: run .ci/setup, or install the Debian package prometheus")
	}
	return path
}

// alertCases returns the file of tests for promtool.
func alertCases() string {
	var b strings.Builder
	b.WriteString("rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n")
	series := func(list []string) {
		b.WriteString("  - interval: 1m\n    input_series:\n")
		for _, s := range list {
			at := strings.LastIndexByte(s, '}') + 1
			fmt.Fprintf(&b, "      - series: '%s'\n        values: '%s'\n", s[:at], strings.TrimSpace(s[at:]))
		}
		b.WriteString("    alert_rule_test:\n")
	}
	for _, a := range metrics.Alerts {
		at := 30
		if a.For.Minutes() > 20 {
			at = 100
		}
		c := tries[a.Name]
		series(c.fires)
		fmt.Fprintf(&b, "      - {alertname: %s, eval_time: %dm, exp_alerts: [{exp_labels: {severity: %s, %s}}]}\n", a.Name, at, a.Severity, c.labels)
		series(c.quiet)
		for minute := 1; minute <= at; minute += 2 {
			fmt.Fprintf(&b, "      - {alertname: %s, eval_time: %dm, exp_alerts: []}\n", a.Name, minute)
		}
	}
	return b.String()
}

var (
	usedMetric  = regexp.MustCompile(`\b(simferry_\w+)(?:\{([^}]*)\})?`)
	usedMatcher = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
)

// checkNames requires that the metrics of an expression exist, with the labels that it compares.
func checkNames(t *testing.T, where, expr string) {
	t.Helper()
	for _, m := range usedMetric.FindAllStringSubmatch(expr, -1) {
		i := slices.IndexFunc(metrics.Definitions, func(d metrics.Definition) bool {
			return m[1] == d.Name || d.Kind == metrics.Histogram && strings.TrimSuffix(m[1], "_bucket") == d.Name
		})
		if i < 0 {
			t.Errorf("%s: the metric %s does not exist", where, m[1])
			continue
		}
		for _, l := range usedMatcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(metrics.Definitions[i].Labels, l[1]) && l[1] != "job" && l[1] != "instance" {
				t.Errorf("%s: %s has no label %s", where, m[1], l[1])
			}
		}
	}
}

// Every metric in the rules and in the dashboard exists; TestMetricsMove of internal/server moves
// all metrics of the table. The dashboard has all of them.
func TestMetricsOfAlertsAndDashboardExist(t *testing.T) {
	t.Parallel()
	for _, a := range metrics.Alerts {
		checkNames(t, a.Name, a.Expr)
		if a.Expr != `up{job="simferry"} == 0` && !usedMetric.MatchString(a.Expr) {
			t.Errorf("%s has no metric of Simferry: %s", a.Name, a.Expr)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, dashboardFile))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			checkNames(t, p.Title, target.Expr)
			all += target.Expr + "\n"
		}
	}
	for _, d := range metrics.Definitions {
		if !regexp.MustCompile(d.Name + `(_bucket)?\b`).MatchString(all) {
			t.Errorf("the dashboard does not show %s", d.Name)
		}
	}
}

// Prometheus can read every expression of the dashboard.
func TestDashboardExpressions(t *testing.T) {
	t.Parallel()
	promtool := promtool(t)
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, expr := range dashboardExpressions() {
		expr = strings.ReplaceAll(expr, "$__rate_interval", "5m")
		fmt.Fprintf(&b, "      - {record: 'panel:%d', expr: '%s'}\n", i, expr)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Each alert has a section that says all that is needed at night, and its runbook_url leads there.
func TestEveryAlertHasASection(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, incidentsPage))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join(root, alertsFile))
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for _, s := range strings.Split(string(page), "\n## ")[1:] {
		name, text, _ := strings.Cut(s, "\n")
		sections[name] = text
	}
	for _, a := range metrics.Alerts {
		text, found := sections[a.Name]
		delete(sections, a.Name)
		if !found {
			t.Errorf("%s has no section of %s", incidentsPage, a.Name)
		}
		for _, part := range []string{"- **Broken:** ", "- **Users notice:** ", "- **First command:**\n  `", "- **Cure:** ", "- **Over when:** "} {
			if found && strings.Count(text, part) != 1 {
				t.Errorf("%s: the section of %s needs one %q", incidentsPage, a.Name, part)
			}
		}
		if n := strings.Count(string(rules), "/"+incidentsPage+"#"+strings.ToLower(a.Name)+"\n"); n != 1 {
			t.Errorf("%s: %d rules link to the section of %s", alertsFile, n, a.Name)
		}
	}
	for name := range sections {
		t.Errorf("%s: there is no alert %s", incidentsPage, name)
	}
	checkNames(t, incidentsPage, string(page))
}
