package metrics

import "time"

// Severity is how urgent an alert is.
type Severity string

// The severities. A critical alert needs work at once, also at night; a warning can wait.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
)

// Alert is a rule for Prometheus. Its file is generated from the table Alerts, and each alert has a
// section in docs/operations/incidents.md.
type Alert struct {
	Name     string
	Expr     string        // PromQL over the metrics of Definitions
	For      time.Duration // how long Expr must hold
	Severity Severity
	Summary  string // what is broken, in one line; may have the labels of Expr as {{ $labels.x }}
}

// Alerts is the table of all alerts. Those of figures of the database, which all its servers
// report, take the maximum over the servers.
var Alerts = []Alert{
	{
		"SimferryDown", `up{job="simferry"} == 0`, 2 * time.Minute, Critical,
		"{{ $labels.instance }} does not respond to Prometheus",
	},
	{
		"SimferryDatabaseDown", `simferry_database_up == 0`, time.Minute, Critical,
		"{{ $labels.instance }} cannot read its database",
	},
	{
		"SimferryServerErrors",
		`sum by (job) (rate(simferry_http_requests_total{class="5xx"}[5m])) / sum by (job) (rate(simferry_http_requests_total[5m])) > 0.02`,
		5 * time.Minute, Critical,
		"{{ $value | humanizePercentage }} of the requests fail",
	},
	{
		"SimferryLedgerWentBack", `simferry_ledger_newest_id < simferry_ledger_newest_id offset 5m`, 0, Critical,
		"{{ $labels.instance }} has lost ledger entries",
	},
	{
		"SimferryJobsWait", `max by (job) (simferry_jobs_oldest_waiting_seconds) > 300`, 2 * time.Minute, Critical,
		"a job has waited for a server for {{ $value | humanizeDuration }}",
	},
	{
		"SimferrySlowRequests",
		`histogram_quantile(0.99, sum by (job, le) (rate(simferry_http_request_duration_seconds_bucket{route!~".*/watch"}[5m]))) > 1`,
		10 * time.Minute, Warning,
		"one request of a hundred takes more than {{ $value | humanizeDuration }}",
	},
	{
		"SimferryTransactionsFail", `sum by (job, instance) (rate(simferry_transactions_total{outcome="failed"}[5m])) > 0`, 5 * time.Minute, Warning,
		"the database makes transactions of {{ $labels.instance }} fail",
	},
	{
		"SimferryDatabaseInterrupted",
		`sum by (job, instance, reason) (rate(simferry_transaction_retries_total{reason=~"away|full"}[5m])) > 0`, 5 * time.Minute, Warning,
		"{{ $labels.instance }} repeats transactions: the database is {{ $labels.reason }}",
	},
	{
		"SimferryConnectionsWait", `sum by (job, instance) (rate(simferry_database_connection_wait_seconds_total[5m])) > 1`, 10 * time.Minute, Warning,
		"transactions of {{ $labels.instance }} wait for connections to the database",
	},
	{
		"SimferryClockWrong", `abs(simferry_database_clock_difference_seconds) > 30`, 5 * time.Minute, Warning,
		"the clock of {{ $labels.instance }} differs from the database's by {{ $value | humanizeDuration }}",
	},
	{
		"SimferryTaskFails",
		`sum by (job, task) (increase(simferry_background_task_runs_total{outcome="failed"}[10m])) > 0 unless sum by (job, task) (increase(simferry_background_task_runs_total{outcome="done"}[10m])) > 0`,
		2 * time.Minute, Warning,
		"the background task {{ $labels.task }} fails",
	},
	{
		"SimferryJobStepsFail", `sum by (job, instance) (increase(simferry_job_steps_total{outcome=~"failed|lease_lost"}[15m])) > 3`, 5 * time.Minute, Warning,
		"steps of jobs fail on {{ $labels.instance }}",
	},
	{
		"SimferryMailsWait", `max by (job) (simferry_mails_oldest_seconds) > 900`, 5 * time.Minute, Warning,
		"a mail has waited for {{ $value | humanizeDuration }}",
	},
	{
		"SimferryMailsRefused", `sum by (job) (increase(simferry_mail_attempts_total{outcome="refused"}[1h])) > 5`, 5 * time.Minute, Warning,
		"the mail server refuses mails for good",
	},
	{
		"SimferryRequestsRefused", `sum by (job, gate) (rate(simferry_gate_refused_total[5m])) > 1`, 10 * time.Minute, Warning,
		"the gate {{ $labels.gate }} refuses requests",
	},
	{
		"SimferrySignInsWait", `sum by (job, instance) (simferry_gate_waiting{gate="passwords"}) > 20`, 5 * time.Minute, Warning,
		"{{ $value }} sign-ins wait on {{ $labels.instance }}",
	},
	{
		"SimferryBodyMemoryFull", `sum by (job, instance) (increase(simferry_body_memory_refused_total[5m])) > 0`, 5 * time.Minute, Warning,
		"{{ $labels.instance }} has no memory for request bodies",
	},
	{
		"SimferryConnectionsClosed", `sum by (job, listener) (rate(simferry_http_connections_closed_total[5m])) > 1`, 10 * time.Minute, Warning,
		"the listener {{ $labels.listener }} closes connections to keep its limits",
	},
	{
		"SimferryLogGrows", `simferry_sqlite_wal_bytes > 512 * 1024 * 1024`, 10 * time.Minute, Warning,
		"the write-ahead log of {{ $labels.instance }} has {{ $value | humanize1024 }}B",
	},
	{
		"SimferryCheckpointsFail", `increase(simferry_sqlite_checkpoints_total{outcome="failed"}[15m]) > 0`, 0, Critical,
		"{{ $labels.instance }} cannot write its database file",
	},
	{
		"SimferryCertificateExpires", `simferry_tls_certificate_expiry_timestamp_seconds - time() < 7 * 86400`, time.Hour, Warning,
		"the certificate of the listener {{ $labels.listener }} of {{ $labels.instance }} expires in {{ $value | humanizeDuration }}",
	},
	{
		"SimferryVersionsDiffer", `count by (job) (count by (job, version) (simferry_build_info)) > 1`, time.Hour, Warning,
		"the servers run {{ $value }} versions",
	},
}
