package store

import (
	"context"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// seesJob limits a query on jobs j to those that a reader may see: their own, and those
// of their Workspaces.
func (w *where) seesJob(caller reader) {
	if caller.SuperAdmin {
		return
	}
	side := "EXISTS (SELECT 1 FROM job_sides v WHERE v.job_id = j.id AND " + w.ownSide(caller) + ")"
	if caller.User != 0 {
		side += " OR j.user_id = " + w.arg(int64(caller.User))
	}
	w.and(side)
}

// oneJob limits a query on jobs j to one, if seesJob allows it. It searches the reader's jobs and
// Workspaces before it reads the job, so that a job of others takes the same path as one that does
// not exist.
func (w *where) oneJob(caller reader, id fleet.JobID) {
	one := w.id(int64(id))
	if caller.SuperAdmin {
		w.and("j.id = " + one)
		return
	}
	seen := w.ownSideOf("job_sides v WHERE v.job_id = "+one, caller)
	if caller.User != 0 {
		seen += " OR " + hasPair("jobs", "user_id", w.id(int64(caller.User)), one)
	}
	w.and("j.id = " + ifSeen(seen, one))
}

// jobFilterColumns are the columns of jobs j that a list of jobs is filtered by.
var jobFilterColumns = map[string]string{
	"state": "j.state", "kind": "j.kind", "user": "j.user_id", "target_workspace": "j.target_id", "reference": "j.reference",
}

// jobsSeen selects the ids of the jobs that seesJob allows, with those columns that a list filters
// by. Rows of jobs are not read for a list without filters, and others are kept narrow: a list goes
// through all of them.
func (w *where) jobsSeen(caller reader, l fleet.List) string {
	var columns []string
	for _, f := range l.Filters {
		if column := jobFilterColumns[f.Field.Name]; column != "" && !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	if caller.SuperAdmin {
		return "SELECT " + strings.Join(append([]string{"j.id"}, columns...), ", ") + " FROM jobs j"
	}
	var own string
	if caller.User == 0 {
		own = "SELECT DISTINCT v.job_id AS id FROM job_sides v WHERE v.workspace_id = " + w.arg(int64(caller.token))
	} else {
		user := w.arg(int64(caller.User))
		own = "SELECT o.id FROM jobs o WHERE o.user_id = " + user + " UNION SELECT v.job_id FROM job_sides v" +
			" WHERE v.workspace_id IN (SELECT b.workspace_id FROM memberships b WHERE b.user_id = " + user + " AND b.status = " + activeMember + ")"
	}
	if columns == nil {
		return own
	}
	return "SELECT " + strings.Join(append([]string{"j.id"}, columns...), ", ") + " FROM (" + own + ") i CROSS JOIN jobs j WHERE j.id = i.id"
}

// Job reads a job with the counts that the caller may see; found is false if the caller may not
// see it. lock locks it until the transaction ends.
func (tx *Tx) Job(ctx context.Context, caller Caller, token fleet.WorkspaceID, id fleet.JobID, lock bool) (j fleet.Job, found bool, err error) {
	w, as := where{tx: tx}, reader{caller, token}
	w.oneJob(as, id)
	text := "SELECT " + jobColumns + jobTables + " WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " FOR NO KEY UPDATE OF j")
	}
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		found = true
		j, err = scanJob(r)
		return err
	})
	if err != nil || !found {
		return j, false, err
	}
	list := []fleet.Job{j}
	err = tx.addJobCounts(ctx, as, list)
	return list[0], true, err
}

var jobListColumns = map[string]string{
	"id": "k.id", "state": "k.state", "kind": "k.kind", "user": "k.user_id", "target_workspace": "k.target_id", "reference": "k.reference",
}

// Jobs reads one page of the jobs that the caller may see. They are found before they are
// filtered, so that those of others are not looked for.
func (tx *Tx) Jobs(ctx context.Context, caller Caller, token fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Job], error) {
	as := reader{caller, token}
	page := fleet.Page[fleet.Job]{PerPage: l.PerPage, Items: []fleet.Job{}}
	ids, total, err := tx.jobPage(ctx, as, l)
	if page.Total = total; err != nil {
		return page, err
	}
	page.Page, _ = l.At(total)
	w := where{tx: tx}
	w.and(w.in("j.id", arrayParam(tx, ids)))
	order := w.orderBy(l, map[string]string{"id": "j.id"})
	err = tx.queryEach(ctx, "SELECT "+jobColumns+jobTables+" WHERE "+w.String()+" ORDER BY "+order, w.args, func(r rows) error {
		j, err := scanJob(r)
		page.Items = append(page.Items, j)
		return err
	})
	if err != nil || len(page.Items) == 0 {
		return page, err
	}
	return page, tx.addJobCounts(ctx, as, page.Items)
}

// jobPage finds the ids of a page of jobs, and how many jobs the list has.
func (tx *Tx) jobPage(ctx context.Context, as reader, l fleet.List) (ids []int64, total int, err error) {
	w := where{tx: tx}
	seen := w.jobsSeen(as, l)
	w.filter(l, jobListColumns)
	perPage := w.arg(l.PerPage) + tx.dialectSQL("", "::bigint")
	last := tx.dialectSQL("max", "GREATEST") + "((SELECT count(*) FROM f) - 1, 0) / " + perPage // as in List.At
	text := "WITH k AS MATERIALIZED (" + seen + "), f AS MATERIALIZED (SELECT k.id FROM k WHERE " + w.String() + ")" +
		" SELECT k.id, (SELECT count(*) FROM f) FROM f k ORDER BY " + w.orderBy(l, jobListColumns) +
		" LIMIT " + perPage + " OFFSET " + perPage + " * " + tx.dialectSQL("min", "LEAST") + "(" + w.arg(l.Page-1) + ", " + last + ")"
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		var id int64
		err := r.Scan(&id, &total)
		ids = append(ids, id)
		return err
	})
	return ids, total, err
}

// addJobCounts fills in the counts and sources that a reader may see; the rule is that of
// fleet.JobReader.
func (tx *Tx) addJobCounts(ctx context.Context, as reader, jobs []fleet.Job) error {
	at := make(map[fleet.JobID]*fleet.Job, len(jobs))
	ids := make([]fleet.JobID, len(jobs))
	for i := range jobs {
		at[jobs[i].ID], ids[i] = &jobs[i], jobs[i].ID
	}
	w := where{tx: tx}
	w.and(w.in("n.job_id", arrayParam(tx, ids)))
	w.and("n.sims > 0")
	w.and(w.seesJobSIM(as, "n.workspace_id", "n.home_id"))
	return tx.queryEach(ctx, `SELECT n.job_id, n.workspace_id, n.home_id, n.verdict, n.sims, COALESCE(s.name, '') FROM job_counts n JOIN jobs j ON j.id = n.job_id
		LEFT JOIN workspaces s ON s.id = n.workspace_id WHERE `+w.String()+" ORDER BY n.job_id, n.workspace_id, n.home_id, n.verdict", w.args, func(r rows) error {
		var id fleet.JobID
		var c fleet.JobCount
		var name string
		if err := r.Scan(&id, &c.Source, &c.Home, &c.Verdict, &c.SIMs, &name); err != nil {
			return err
		}
		j := at[id]
		j.Counts = append(j.Counts, c)
		known := func(ws fleet.Workspace) bool { return ws.ID == c.Source }
		if c.Source != 0 && !slices.ContainsFunc(j.Sources, known) {
			j.Sources = append(j.Sources, fleet.Workspace{ID: c.Source, Name: name})
		}
		return nil
	})
}

// seesJobSIM returns the condition that a reader sees the SIMs of a source of a job j that go back
// to a home. The columns of both are given; they are 0 for none.
func (w *where) seesJobSIM(as reader, source, home string) string {
	if as.SuperAdmin {
		return "1 = 1"
	}
	const moves = "n.verdict IN (" + plannedVerdict + ", " + doneVerdict + ", " + driftedVerdict + ")"
	terms := []string{
		source + " <> 0 AND " + w.member(as, source),
		"j.target_id IS NOT NULL AND " + moves + " AND " + w.member(as, "j.target_id"),
		home + " <> 0 AND " + moves + " AND " + w.member(as, home),
	}
	if as.User != 0 {
		terms = append(terms, source+" = 0 AND j.user_id = "+w.arg(int64(as.User)))
	}
	return "(" + strings.Join(terms, ") OR (") + ")"
}

// member returns the condition that a column is a Workspace of the reader.
func (w *where) member(as reader, column string) string {
	if as.User == 0 {
		return column + " = " + w.arg(int64(as.token))
	}
	return "EXISTS (SELECT 1 FROM memberships b WHERE b.workspace_id = " + column + " AND b.status = " + activeMember +
		" AND b.user_id = " + w.arg(int64(as.User)) + ")"
}

// UnfinishedJobs counts the jobs of a user that have not ended.
func (tx *Tx) UnfinishedJobs(ctx context.Context, user fleet.UserID) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM jobs WHERE user_id = $1 AND ended_at IS NULL", []any{int64(user)}, &n)
	return n, err
}
