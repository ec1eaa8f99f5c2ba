package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// jobCounts are differences of the counts of a job, by source and verdict.
type jobCounts map[fleet.JobCount]int

// statements add the differences to the counts of a job.
func (counts jobCounts) statements(id fleet.JobID) (list []statement) {
	for c, n := range counts {
		if n != 0 {
			list = append(list, locking(`INSERT INTO job_counts AS o (job_id, workspace_id, home_id, verdict, sims) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (job_id, workspace_id, home_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims`,
				int64(id), int64(c.Source), int64(c.Home), int(c.Verdict), n))
		}
	}
	return append(list, locking("DELETE FROM job_counts WHERE job_id = $1 AND sims = 0", int64(id)))
}

// SetVerdicts writes what became of planned SIMs, and the ledger entries of those that moved.
func (tx *Tx) SetVerdicts(ctx context.Context, id fleet.JobID, sims []fleet.JobSIM) error {
	return tx.writeAll(ctx, tx.verdicts(id, sims))
}

// verdicts returns the statements of SetVerdicts.
func (tx *Tx) verdicts(id fleet.JobID, sims []fleet.JobSIM) []statement {
	if len(sims) == 0 {
		return nil
	}
	type outcome struct {
		verdict fleet.Verdict
		codes   string
		entry   fleet.MigrationID
	}
	at := make(map[outcome][]int64) // few: a chunk has one entry, and SIMs are refused for few reasons
	counts := make(jobCounts)
	entries := make(map[fleet.MigrationID]bool)
	for _, s := range sims {
		o := outcome{s.Verdict, codesText(s.Codes), s.Entry}
		at[o] = append(at[o], s.Pos)
		counts[fleet.JobCount{Source: s.Source, Home: s.Home, Verdict: fleet.VerdictPlanned}]--
		counts[fleet.JobCount{Source: s.Source, Home: s.Home, Verdict: s.Verdict}]++
		if s.Entry != 0 {
			entries[s.Entry] = true
		}
	}
	var writes []statement
	for o, positions := range at { // SQLite would join a table of outcomes by reading the whole job
		w := where{tx: tx}
		text := "UPDATE job_sims SET verdict = " + w.arg(int(o.verdict)) + ", codes = " + w.arg(textOrNull(o.codes)) + ", entry = " + w.arg(orNull(o.entry))
		w.and("job_id = " + w.arg(int64(id)))
		w.and(w.in("pos", arrayParam(tx, positions)))
		w.and("verdict = " + plannedVerdict)
		writes = append(writes, locking(text+" WHERE "+w.String(), w.args...))
	}
	for entry := range entries {
		writes = append(writes, locking("INSERT INTO job_entries (job_id, ledger_id) VALUES ($1, $2)", int64(id), int64(entry)))
	}
	return append(writes, counts.statements(id)...)
}

// writeAll executes statements that return no rows. On PostgreSQL it takes one round trip.
func (tx *Tx) writeAll(ctx context.Context, writes []statement) error {
	if tx.d == Postgres {
		return tx.batch(ctx, writes...)
	}
	for _, w := range writes {
		if err := tx.exec(ctx, w.text, w.args...); err != nil {
			return err
		}
	}
	return nil
}

// AllJobCounts reads the counts of a job over all its sources.
func (tx *Tx) AllJobCounts(ctx context.Context, id fleet.JobID) (counts []fleet.JobCount, err error) {
	all := allJobCounts(id, &counts)
	err = tx.queryEach(ctx, all.text, all.args, all.scan)
	return counts, err
}

func allJobCounts(id fleet.JobID, counts *[]fleet.JobCount) statement {
	const text = "SELECT workspace_id, home_id, verdict, sims FROM job_counts WHERE job_id = $1 AND sims > 0 ORDER BY workspace_id, home_id, verdict"
	return statement{text, []any{int64(id)}, func(r rows) error {
		var c fleet.JobCount
		err := r.Scan(&c.Source, &c.Home, &c.Verdict, &c.SIMs)
		*counts = append(*counts, c)
		return err
	}}
}
