package store

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// JobSIMsAfter reads SIMs of a job that the caller may see, from a position on, with one of the
// verdicts (nil for all). The job, as the caller sees it, says which verdicts its SIMs have, and
// how far it has come: the SIMs before are not searched for planned ones.
func (tx *Tx) JobSIMsAfter(ctx context.Context, caller Caller, token fleet.WorkspaceID, p JobSIMPage) (sims []fleet.JobSIM, err error) {
	w, q := where{tx: tx}, jobSIMQuery{as: reader{caller, token}, page: p}
	if slices.Contains(p.Verdicts, fleet.VerdictDone) {
		if q.fewDone, err = tx.fewDone(ctx, p.Job); err != nil {
			return nil, err
		}
	}
	from, ok := q.rows(&w)
	if !ok {
		return nil, nil
	}
	text := "SELECT " + jobSIMColumns + " FROM " + from + " n LEFT JOIN sims s ON s.id = n.sim_id ORDER BY n.pos"
	err = tx.inIndexOrder(ctx, statement{text, w.args, scanJobSIM(&sims)})
	return sims, err
}

// fewDone reports whether a job has done so few SIMs that they are found faster by its ledger
// entries. If there are more, a page of them is found soon in the job.
func (tx *Tx) fewDone(ctx context.Context, j fleet.Job) (bool, error) {
	if j.Count(fleet.VerdictDone) > tx.most {
		return false, nil
	}
	var n int64
	_, err := tx.queryRow(ctx, "SELECT CAST(COALESCE(sum(sims), 0) AS BIGINT) FROM job_counts WHERE job_id = $1 AND verdict = "+doneVerdict, []any{int64(j.ID)}, &n)
	return n <= int64(tx.most), err
}

// jobSIMQuery builds the query of a page of the SIMs of a job.
type jobSIMQuery struct {
	as      reader
	page    JobSIMPage
	fewDone bool
}

// after returns the position after which the page begins.
func (q jobSIMQuery) after() int64 {
	if q.page.After == nil {
		return math.MinInt64
	}
	return *q.page.After
}

// rows selects the rows of the page. Verdicts are read one after the other, each by its own way, in
// the order of positions. ok is false if no SIM that the reader sees has one of the verdicts.
func (q jobSIMQuery) rows(w *where) (from string, ok bool) {
	limit := " LIMIT " + w.arg(q.page.Most) + " OFFSET " + w.arg(q.page.Skip)
	if q.page.Verdicts == nil {
		one := where{tx: w.tx, args: w.args}
		one.afterPosition(q.page.Job.ID, q.after())
		q.sees(&one)
		w.args = one.args
		return "(SELECT n.* FROM job_sims n CROSS JOIN jobs j WHERE " + one.String() + " ORDER BY n.pos" + limit + ")", true
	}
	var parts []string
	for _, v := range q.page.Verdicts {
		have := q.page.Job.Count(v)
		if have == 0 {
			continue
		}
		one := where{tx: w.tx, args: w.args}
		table, order := q.ofVerdict(&one, v)
		q.sees(&one)
		w.args = one.args
		parts = append(parts, "SELECT * FROM (SELECT n.* FROM "+table+" CROSS JOIN jobs j WHERE "+one.String()+" ORDER BY "+order+
			" LIMIT "+w.arg(min(q.page.Most+q.page.Skip, have))+") v"+strconv.Itoa(int(v)))
	}
	return "(SELECT n.* FROM (" + strings.Join(parts, " UNION ALL ") + ") n ORDER BY n.pos" + limit + ")", len(parts) > 0
}

// ofVerdict limits a query to the SIMs with a verdict, and returns the table n that has them and an
// order by position.
func (q jobSIMQuery) ofVerdict(w *where, v fleet.Verdict) (table, order string) {
	j, after := q.page.Job, q.after()
	switch {
	case v > fleet.VerdictDone:
		table = "job_sims n" + w.tx.dialectSQL(" INDEXED BY job_sims_failed", "")
		return table, w.afterFailed(j.ID, v, after)
	case v == fleet.VerdictPlanned && j.Begun:
		after = max(after, j.Cursor)
	case v == fleet.VerdictDone && q.fewDone:
		table = w.doneByEntries(j)
	}
	if table == "" {
		table = "job_sims n"
	}
	w.afterPosition(j.ID, after)
	w.and("n.verdict = " + strconv.Itoa(int(v)))
	return table, "n.pos"
}

// doneByEntries selects the SIMs of the ledger entries of a job.
func (w *where) doneByEntries(j fleet.Job) string {
	id, pos := w.arg(int64(j.ID)), "l.sim_id"
	if j.Kind == fleet.JobUndo {
		pos = "-l.sim_id"
	}
	return w.tx.dialectSQL(
		"job_entries e CROSS JOIN ledger_lines l INDEXED BY ledger_lines_ledger CROSS JOIN job_sims n ON e.job_id = "+id+" AND l.ledger_id = e.ledger_id AND n.job_id = e.job_id AND n.pos = "+pos,
		"(SELECT e.job_id, e.ledger_id FROM job_entries e WHERE e.job_id = "+id+" OFFSET 0) e"+
			" CROSS JOIN LATERAL (SELECT k.sim_id FROM ledger_lines k WHERE k.ledger_id = e.ledger_id OFFSET 0) l"+
			" CROSS JOIN LATERAL (SELECT x.* FROM job_sims x WHERE x.job_id = e.job_id AND x.pos = "+pos+" OFFSET 0) n")
}

// afterFailed limits a query on job_sims n to the SIMs in index job_sims_failed that have a verdict
// and come after a position, and returns an order that only this index has.
func (w *where) afterFailed(id fleet.JobID, v fleet.Verdict, after int64) (order string) {
	w.and("n.verdict > " + doneVerdict) // a partial index is used only with its own condition
	verdict := strconv.Itoa(int(v))
	if w.tx.d == SQLite {
		w.and("n.job_id = " + w.arg(int64(id)))
		w.and("n.verdict = " + verdict)
		w.and("n.pos > " + w.arg(after))
		return "n.pos"
	}
	job := w.arg(int64(id))
	w.and("(n.job_id, n.verdict, n.pos) > (" + job + ", " + verdict + ", " + w.arg(after) + ")")
	w.and("(n.job_id, n.verdict) < (" + job + ", " + verdict + " + 1)")
	return "n.job_id, n.verdict, n.pos"
}

// sees limits a query on job_sims n and jobs j to the job and the SIMs that the reader sees. j is
// not joined by n.job_id, so that PostgreSQL does not begin with it and sort the SIMs afterwards.
func (q jobSIMQuery) sees(w *where) {
	w.and("j.id = " + w.arg(int64(q.page.Job.ID)))
	w.and(w.seesJobSIM(q.as, "COALESCE(n.source_id, 0)", "COALESCE(n.home_id, 0)"))
}

// JobSIMPage is a page of the SIMs of a job.
type JobSIMPage struct {
	Job      fleet.Job       // as the caller sees it
	Verdicts []fleet.Verdict // nil for all
	After    *int64          // the position of the last one read
	Most     int
	Skip     int
}
