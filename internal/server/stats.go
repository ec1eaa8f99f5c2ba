package server

import (
	"context"
	"runtime"

	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/metrics"
	"github.com/simferry/simferry/internal/store"
)

// stats reports what the parts of the server count.
func (s *Server) stats(ctx context.Context, set metrics.Set) {
	set("simferry_build_info", 1, s.cfg.Version, runtime.Version())
	for kind, n := range s.Control.Moves() {
		set("simferry_migrations_total", float64(n.Requests), kind.Mode, kind.Outcome)
		if kind.Outcome == "accepted" {
			set("simferry_migration_sims_total", float64(n.SIMs), kind.Mode)
		}
	}
	s.admissionStats(set)
	s.certificateStats(set)
	s.workStats(set)
	storeStats(s.store.Stats(), set)
	if wal, err := s.store.WALBytes(); err == nil && s.store.Dialect() == store.SQLite {
		set("simferry_sqlite_wal_bytes", float64(wal))
	}
	set("simferry_database_clock_difference_seconds", s.store.ClockAhead().Seconds())
	s.databaseStats(ctx, set)
}

// admissionStats reports the requests that run and wait at each gate.
func (s *Server) admissionStats(set metrics.Set) {
	for name, g := range map[string]*limit.Gate{
		"callers": s.gates.Callers, "addresses": s.gates.Addresses, "uploads": s.gates.Uploads, "iccid_files": s.gates.Lists, "large_lists": s.gates.Pages,
	} {
		gateStats(set, name, g.Stats())
	}
	gateStats(set, "passwords", s.Control.Hasher().Queue())
	set("simferry_password_hashes_total", float64(s.Control.PasswordHashes()))
	held, most, full := s.gates.Memory.Stats()
	set("simferry_body_memory_bytes", float64(held))
	set("simferry_body_memory_limit_bytes", float64(most))
	set("simferry_body_memory_refused_total", float64(full))
	for name, e := range map[string]*endpoint{"public": &s.public, "operator": s.operator, "metrics": s.measured, "redirect": s.redirects} {
		if e != nil {
			set("simferry_http_connections", float64(e.conns.Open()), name)
			set("simferry_http_connections_closed_total", float64(e.conns.Closed()), name)
		}
	}
}

// certificateStats reports when the certificates of the listeners expire.
func (s *Server) certificateStats(set metrics.Set) {
	for _, c := range s.certificates() {
		set("simferry_tls_certificate_expiry_timestamp_seconds", float64(c.current.Load().expires.Unix()), c.listener)
	}
}

func gateStats(set metrics.Set, gate string, f limit.GateStats) {
	set("simferry_gate_running", float64(f.Running), gate)
	set("simferry_gate_waiting", float64(f.Waiting), gate)
	set("simferry_gate_waits_total", float64(f.Admitted), gate)
	set("simferry_gate_wait_seconds_total", f.Waited.Seconds(), gate)
	set("simferry_gate_refused_total", float64(f.Full), gate, "full")
	set("simferry_gate_refused_total", float64(f.GaveUp), gate, "timeout")
}

// workStats reports the background tasks, the steps of jobs and the mails of this server.
func (s *Server) workStats(set metrics.Set) {
	for run, n := range s.counts.taskRuns() {
		set("simferry_background_task_runs_total", float64(n), run.name, run.outcome)
	}
	set("simferry_job_steps_total", float64(s.counts.jobs.Done.Load()), "done")
	set("simferry_job_steps_total", float64(s.counts.jobs.Failed.Load()), "failed")
	set("simferry_job_steps_total", float64(s.counts.jobs.Lost.Load()), "lease_lost")
	set("simferry_mail_attempts_total", float64(s.counts.delivered.Load()), "delivered")
	set("simferry_mail_attempts_total", float64(s.counts.delayed.Load()), "delayed")
	set("simferry_mail_attempts_total", float64(s.counts.refused.Load()), "refused")
}

func storeStats(f store.Stats, set metrics.Set) {
	for kind, n := range f.Transactions {
		set("simferry_transactions_total", float64(n), kind[0], kind[1])
	}
	for reason, n := range f.Retries {
		set("simferry_transaction_retries_total", float64(n), reason)
	}
	for kind, n := range f.Entries {
		set("simferry_ledger_entries_total", float64(n.Entries), kind)
		set("simferry_ledger_sims_total", float64(n.SIMs), kind)
	}
	for pool, p := range f.Pools {
		set("simferry_database_connections", float64(p.InUse), pool, "in_use")
		set("simferry_database_connections", float64(p.Idle), pool, "idle")
		set("simferry_database_connections_limit", float64(p.Most), pool)
		set("simferry_database_connection_waits_total", float64(p.Waits), pool)
		set("simferry_database_connection_wait_seconds_total", p.Waited.Seconds(), pool)
	}
	for lane, g := range f.Lanes {
		gateStats(set, "database_"+lane, g)
	}
	for outcome, n := range f.Checkpoints {
		set("simferry_sqlite_checkpoints_total", float64(n), outcome)
	}
}

// databaseStats reports what all servers of a database share. Without the database it is left
// out, because a 0 would look like an empty queue.
func (s *Server) databaseStats(ctx context.Context, set metrics.Set) {
	f, err := s.store.DatabaseStats(ctx)
	if err != nil {
		set("simferry_database_up", 0)
		return
	}
	set("simferry_database_up", 1)
	set("simferry_ledger_newest_id", float64(f.Ledger))
	for _, state := range []string{"planning", "planned", "waiting", "running", "paused"} {
		set("simferry_jobs", float64(f.Jobs[state]), state)
	}
	set("simferry_jobs_oldest_waiting_seconds", f.JobsWait.Seconds())
	set("simferry_mails_pending", float64(f.Mails))
	set("simferry_mails_oldest_seconds", f.MailsSince.Seconds())
}
