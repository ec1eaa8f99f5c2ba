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
	{
		Name: "simferry_migrations_total", Kind: Counter, Labels: []string{"mode", "outcome"},
		Help:   "Requests to migrate SIMs, as run or preview, by outcome: accepted, refused, repeated (a stored reply was sent again), failed; without jobs, undos and offers",
		Advice: "Refused ones are decisions of the rules; failed ones are failures of the server: look for the request in the log.",
	},
	{
		Name: "simferry_migration_sims_total", Kind: Counter, Labels: []string{"mode"},
		Help:   "SIMs in accepted requests to migrate SIMs",
		Advice: "The rate of moved SIMs without jobs; `simferry_ledger_sims_total` has all.",
	},
	{
		Name: "simferry_ledger_entries_total", Kind: Counter, Labels: []string{"kind"},
		Help:   "Ledger entries that this server has committed, by kind",
		Advice: "Every move, by requests, jobs, undos and offers, is one of them.",
	},
	{
		Name: "simferry_ledger_sims_total", Kind: Counter, Labels: []string{"kind"},
		Help:   "SIMs in ledger entries that this server has committed, by kind",
		Advice: "The rate at which SIMs change.",
	},
	{
		Name: "simferry_ledger_newest_id", Kind: Gauge,
		Help:   "Id of the newest ledger entry of the database",
		Advice: "It never falls. If it does, an old backup was restored, or servers use different databases.",
	},
	{
		Name: "simferry_transactions_total", Kind: Counter, Labels: []string{"kind", "outcome"},
		Help:   "Database transactions, by kind (update, view, read) and outcome: committed, rolled_back (by a rule), failed (because of the database)",
		Advice: "Failed ones become 503 responses.",
	},
	{
		Name: "simferry_transaction_retries_total", Kind: Counter, Labels: []string{"reason"},
		Help:   "Transactions that were tried again, by reason: busy, taken, away, full, commit_unknown",
		Advice: "Many `busy` ones: requests change the same SIMs. Any `away` or `full` one: look at the database.",
	},
	{
		Name: "simferry_database_up", Kind: Gauge,
		Help:   "Whether the database could be read for these metrics: 1 or 0",
		Advice: "At 0 the metrics of the database are missing; the log of the server says why.",
	},
	{
		Name: "simferry_database_connections", Kind: Gauge, Labels: []string{"pool", "state"},
		Help:   "Connections to the database, by pool and state (in_use, idle)",
		Advice: "Compare with the limit.",
	},
	{
		Name: "simferry_database_connections_limit", Kind: Gauge, Labels: []string{"pool"},
		Help:   "Most connections of a pool",
		Advice: "Set by `max_conns` on PostgreSQL.",
	},
	{
		Name: "simferry_database_connection_waits_total", Kind: Counter, Labels: []string{"pool"},
		Help:   "How often a transaction waited for a free connection, or for one to be opened",
		Advice: "If it grows fast, raise `max_conns` or add processors to the database.",
	},
	{
		Name: "simferry_database_connection_wait_seconds_total", Kind: Counter, Labels: []string{"pool"},
		Help:   "Time that transactions waited for a connection, in seconds",
		Advice: "Divide by the waits for the average.",
	},
	{
		Name: "simferry_database_clock_difference_seconds", Kind: Gauge,
		Help:   "How far this server's clock is ahead of the database's, in seconds, at the last comparison (once a minute). On SQLite only a clock that is behind is found",
		Advice: "Beyond one hour the server refuses every token. Keep the clocks in step with NTP.",
	},
	{
		Name: "simferry_sqlite_wal_bytes", Kind: Gauge, SQLite: true,
		Help:   "Size of the write-ahead log on the disk",
		Advice: "It shrinks when it is truncated, from 64 MiB. More than 512 MiB: a reader holds an old snapshot.",
	},
	{
		Name: "simferry_sqlite_checkpoints_total", Kind: Counter, Labels: []string{"outcome"}, SQLite: true,
		Help:   "Checkpoints of the write-ahead log, by outcome: done, blocked (a reader kept it from being truncated), failed",
		Advice: "Failed ones: look at the disk and the log of the server.",
	},
	{
		Name: "simferry_gate_running", Kind: Gauge, Labels: []string{"gate"},
		Help:   "Work that runs now behind a gate: requests of callers and of addresses, uploads, files of ICCIDs, large lists, password hashes, reads and writes of the database",
		Advice: "At its limit ([Limits](limits.md)) more work waits.",
	},
	{
		Name: "simferry_gate_waiting", Kind: Gauge, Labels: []string{"gate"},
		Help:   "Work that waits at a gate now",
		Advice: "`passwords`: the depth of the queue of sign-ins. `database_writes`: on SQLite, writers wait for each other.",
	},
	{
		Name: "simferry_gate_waits_total", Kind: Counter, Labels: []string{"gate"},
		Help:   "Work that had to wait at a gate and then ran",
		Advice: "The number to divide the waiting time by.",
	},
	{
		Name: "simferry_gate_wait_seconds_total", Kind: Counter, Labels: []string{"gate"},
		Help:   "Time that work waited at a gate before it ran, in seconds",
		Advice: "Its rate is the average number of those that wait.",
	},
	{
		Name: "simferry_gate_refused_total", Kind: Counter, Labels: []string{"gate", "reason"},
		Help:   "Work that was refused at a gate: the queue was full, or its time ended while it waited (also because the client left)",
		Advice: "Callers get 429 or 503. One caller: talk to them. All: the machine is too small.",
	},
	{
		Name: "simferry_password_hashes_total", Kind: Counter,
		Help:   "Password hashes that were computed; each sign-in with a password needs one",
		Advice: "A jump without more users is someone guessing passwords: see the audit log.",
	},
	{
		Name: "simferry_body_memory_bytes", Kind: Gauge,
		Help:   "Memory that request bodies take now, beyond the first 8 KiB of each",
		Advice: "Compare with the limit.",
	},
	{
		Name: "simferry_body_memory_limit_bytes", Kind: Gauge,
		Help:   "Most memory for request bodies",
		Advice: "The setting `body_memory`.",
	},
	{
		Name: "simferry_body_memory_refused_total", Kind: Counter,
		Help:   "How often there was no memory for a request body",
		Advice: "Callers get 503 with `Retry-After`. Raise `body_memory` if the machine has room.",
	},
	{
		Name: "simferry_http_connections", Kind: Gauge, Labels: []string{"listener"},
		Help:   "Open connections, by listener",
		Advice: "The limit is `max_connections`.",
	},
	{
		Name: "simferry_http_connections_closed_total", Kind: Counter, Labels: []string{"listener"},
		Help:   "Connections that were closed to keep the limits",
		Advice: "Idle connections are closed first. Behind a proxy, set `trusted_proxies`, or its connections count as those of one address.",
	},
	{
		Name: "simferry_tls_certificate_expiry_timestamp_seconds", Kind: Gauge, Labels: []string{"listener"},
		Help:   "When the TLS certificate of a listener expires, in seconds since 1970; only with TLS",
		Advice: "Subtract `time()`. A new certificate is read when its file changes.",
	},
	{
		Name: "simferry_jobs", Kind: Gauge, Labels: []string{"state"},
		Help:   "Jobs of the database that a server has to look at, now or later, by state",
		Advice: "Every server reports the same value: take the maximum, not the sum.",
	},
	{
		Name: "simferry_jobs_oldest_waiting_seconds", Kind: Gauge,
		Help:   "How long the job that has been due for longest waits for a server, in seconds; 0 if none waits",
		Advice: "More than a minute: no server works on jobs. Look for \"a job could not go on\" in the logs.",
	},
	{
		Name: "simferry_job_steps_total", Kind: Counter, Labels: []string{"outcome"},
		Help:   "Steps of jobs that this server has done (a chunk planned or changed, or a change of state), by outcome: done, failed, lease_lost",
		Advice: "Failed steps are tried again. Lost leases: another server has taken over, because this one was too slow.",
	},
	{
		Name: "simferry_mails_pending", Kind: Gauge,
		Help:   "Mails of the database that are neither delivered nor given up",
		Advice: "Every server reports the same value. Servers without `smtp_url` deliver none.",
	},
	{
		Name: "simferry_mails_oldest_seconds", Kind: Gauge,
		Help:   "Age of the oldest pending mail, in seconds; 0 if there is none",
		Advice: "More than a few minutes: the mail server does not accept mails; the log says why.",
	},
	{
		Name: "simferry_mail_attempts_total", Kind: Counter, Labels: []string{"outcome"},
		Help:   "Attempts of this server to deliver a mail, by outcome: delivered, delayed (tried again later), refused (for good)",
		Advice: "Refused ones: the address does not exist, or the mail server refuses the sender.",
	},
	{
		Name: "simferry_background_task_runs_total", Kind: Counter, Labels: []string{"task", "outcome"},
		Help:   "Runs of the background tasks (sweep, clock, fold, offers, inquiries, certificates, mail), by outcome: done, failed",
		Advice: "The log has the error of a failed one; the task is tried again at its next interval.",
	},
}

// definition returns the row of a metric of the table.
func definition(name string) Definition {
	return Definitions[slices.IndexFunc(Definitions, func(d Definition) bool { return d.Name == name })]
}
