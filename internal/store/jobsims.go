package store

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// jobSIMRow returns the columns of a row of job_sims, without its job.
func jobSIMRow(s fleet.JobSIM) [10]any {
	return [10]any{
		s.Pos, orNull(s.SIM), orNull(int64(s.Line)), s.Version, orNull(s.Source), int(s.Verdict), textOrNull(codesText(s.Codes)),
		textOrNull(s.Given), orNull(s.Undoes), orNull(s.Home),
	}
}

const insertJobSIMs = "INSERT INTO job_sims (job_id, pos, sim_id, line, version, source_id, verdict, codes, given, undoes, home_id) "

var insertJobSIMsSQLite = valuesText(insertJobSIMs+"VALUES %s", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")

const insertJobSIMsPostgres = insertJobSIMs + `
	SELECT $1::bigint, t.pos, NULLIF(t.sim_id, 0), NULLIF(t.line, 0), t.version, NULLIF(t.source_id, 0), COALESCE(t.verdict, 0),
		NULLIF(t.codes, ''), NULLIF(t.given, ''), NULLIF(t.undoes, 0), NULLIF(t.home_id, 0)
	FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[], $8::text[], $9::text[], $10::bigint[],
		$11::bigint[]) AS t (pos, sim_id, line, version, source_id, verdict, codes, given, undoes, home_id)`

// jobSIMArrays returns one array per column of insertJobSIMsPostgres. An array of zeros is
// empty: unnest fills it up with NULL.
func (tx *Tx) jobSIMArrays(sims []fleet.JobSIM) []any {
	number := func(of func(fleet.JobSIM) int64) any {
		if !slices.ContainsFunc(sims, func(s fleet.JobSIM) bool { return of(s) != 0 }) {
			return "{}"
		}
		return numberArrayParam(tx, sims, func(b []byte, s fleet.JobSIM) []byte { return strconv.AppendInt(b, of(s), 10) })
	}
	text := func(of func(fleet.JobSIM) string) (list []string) {
		if slices.ContainsFunc(sims, func(s fleet.JobSIM) bool { return of(s) != "" }) {
			for _, s := range sims {
				list = append(list, clean(of(s)))
			}
		}
		return list
	}
	return []any{
		number(func(s fleet.JobSIM) int64 { return s.Pos }),
		number(func(s fleet.JobSIM) int64 { return int64(s.SIM) }),
		number(func(s fleet.JobSIM) int64 { return int64(s.Line) }),
		numberArrayParam(tx, sims, func(b []byte, s fleet.JobSIM) []byte { return strconv.AppendInt(b, s.Version, 10) }), // 0 is a version
		number(func(s fleet.JobSIM) int64 { return int64(s.Source) }),
		number(func(s fleet.JobSIM) int64 { return int64(s.Verdict) }),
		text(func(s fleet.JobSIM) string { return codesText(s.Codes) }),
		text(func(s fleet.JobSIM) string { return s.Given }),
		number(func(s fleet.JobSIM) int64 { return int64(s.Undoes) }),
		number(func(s fleet.JobSIM) int64 { return int64(s.Home) }),
	}
}

// insertJobSIMs inserts SIMs that a job does not have yet.
func (tx *Tx) insertJobSIMs(ctx context.Context, id fleet.JobID, sims []fleet.JobSIM) error {
	if tx.d == Postgres {
		return tx.exec(ctx, insertJobSIMsPostgres, append([]any{int64(id)}, tx.jobSIMArrays(sims)...)...)
	}
	return inChunks(len(sims), func(first, size int) error {
		args := make([]any, 0, 11*size)
		for _, s := range sims[first : first+size] {
			row := jobSIMRow(s)
			args = append(append(args, int64(id)), row[:]...)
		}
		return tx.exec(ctx, insertJobSIMsSQLite[size], args...)
	})
}

// AddJobSIMs adds SIMs to the plan of a job, without those that it already has, and counts them.
// It returns those that it added. The job must be locked. Its sources see it, unless it accepts an
// offer: they see the offer instead.
func (tx *Tx) AddJobSIMs(ctx context.Context, j *fleet.Job, sims []fleet.JobSIM) (added []fleet.JobSIM, err error) {
	id := j.ID
	added, err = tx.newJobSIMs(ctx, id, sims)
	if err != nil || len(added) == 0 {
		return nil, err
	}
	if err := tx.insertJobSIMs(ctx, id, added); err != nil {
		return nil, err
	}
	counts := make(jobCounts)
	sources, homes := make(map[fleet.WorkspaceID]bool), make(map[fleet.WorkspaceID]bool)
	for _, s := range added {
		counts[fleet.JobCount{Source: s.Source, Home: s.Home, Verdict: s.Verdict}]++
	}
	for c := range counts {
		sources[c.Source], homes[c.Home] = true, true
	}
	effects, err := jobEffects(id, added)
	if err != nil {
		return nil, err
	}
	writes := append(counts.statements(id), effects...)
	if j.Options.Offer == 0 {
		writes = append(writes, jobSides(id, 0, sources)...)
	}
	return added, tx.writeAll(ctx, append(writes, jobSides(id, 1, homes)...))
}

// oncePerPosition returns the SIMs without those whose position an earlier one has.
func oncePerPosition(sims []fleet.JobSIM) []fleet.JobSIM {
	ascending := true
	for i := 1; i < len(sims) && ascending; i++ {
		ascending = sims[i-1].Pos < sims[i].Pos
	}
	if ascending { // the usual case, without a map
		return sims
	}
	known := make(map[int64]bool, len(sims))
	list := make([]fleet.JobSIM, 0, len(sims))
	for _, s := range sims {
		if !known[s.Pos] {
			list = append(list, s)
		}
		known[s.Pos] = true
	}
	return list
}

// newJobSIMs returns the SIMs that a job does not have yet, each once.
func (tx *Tx) newJobSIMs(ctx context.Context, id fleet.JobID, sims []fleet.JobSIM) (list []fleet.JobSIM, err error) {
	if len(sims) == 0 {
		return nil, nil
	}
	list = oncePerPosition(sims)
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, s := range list {
		first, last = min(first, s.Pos), max(last, s.Pos)
	}
	var lowest, highest int64
	begun, err := tx.queryRow(ctx, `SELECT a.pos, b.pos FROM (SELECT pos FROM job_sims WHERE job_id = $1 ORDER BY job_id, pos LIMIT 1) a
		CROSS JOIN (SELECT pos FROM job_sims WHERE job_id = $1 ORDER BY job_id DESC, pos DESC LIMIT 1) b`, []any{int64(id)}, &lowest, &highest)
	if err != nil || !begun || first > highest || last < lowest { // as in a selection by id
		return list, err
	}
	positions := make([]int64, len(list))
	for i, s := range list {
		positions[i] = s.Pos
	}
	w := where{tx: tx}
	w.and("job_id = " + w.arg(int64(id)))
	w.and(w.in("pos", arrayParam(tx, positions)))
	existing := make(map[int64]bool)
	err = tx.queryEach(ctx, "SELECT pos FROM job_sims WHERE "+w.String(), w.args, func(r rows) error {
		var pos int64
		err := r.Scan(&pos)
		existing[pos] = true
		return err
	})
	return slices.DeleteFunc(list, func(s fleet.JobSIM) bool { return existing[s.Pos] }), err
}

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

const jobSIMColumns = `n.pos, COALESCE(n.sim_id, 0), COALESCE(s.iccid, ''), COALESCE(n.line, 0), COALESCE(n.version, 0),
	COALESCE(n.source_id, 0), n.verdict, COALESCE(n.codes, ''), COALESCE(n.given, ''), COALESCE(n.undoes, 0), COALESCE(n.entry, 0)`

func scanJobSIM(into *[]fleet.JobSIM) func(rows) error {
	return func(r rows) error {
		var s fleet.JobSIM
		var codes string
		err := r.Scan(&s.Pos, &s.SIM, &s.ICCID, &s.Line, &s.Version, &s.Source, &s.Verdict, &codes, &s.Given, &s.Undoes, &s.Entry)
		s.Codes = codesOf(codes)
		*into = append(*into, s)
		return err
	}
}

// NextJobSIMs reads the next planned SIMs of a job, in the order of their positions: what a chunk
// needs of them, without ICCIDs, lines and identifiers.
func (tx *Tx) NextJobSIMs(ctx context.Context, j fleet.Job, most int) (sims []fleet.JobSIM, err error) {
	w := where{tx: tx}
	text := w.nextPlanned(j, most)
	sims = make([]fleet.JobSIM, 0, most)
	var pos, sim, version, source, home, undoes int64 // the same for all rows: fewer allocations
	into := []any{&pos, &sim, &version, &source, &home, &undoes}
	err = tx.inIndexOrder(ctx, statement{text, w.args, func(r rows) error {
		err := r.Scan(into...)
		sims = append(sims, fleet.JobSIM{
			Pos: pos, SIM: fleet.SIMID(sim), Version: version, Source: fleet.WorkspaceID(source), Home: fleet.WorkspaceID(home),
			Undoes: fleet.MigrationID(undoes),
		})
		return err
	}})
	return sims, err
}

// mostHomes is how many sources a job may have at most for NextChunk, which reads the standings of
// all of them although a chunk may need only some.
const mostHomes = 64

// NextChunk reads what NextJobSIMs and ChunkSnapshot read, in one statement for both and one round
// trip. It locks no SIM and reads no ICCIDs: no rule about a planned SIM asks for them. ok is false
// if the job has too many sources, so that each chunk would read too much about them.
func (tx *Tx) NextChunk(ctx context.Context, who Caller, j fleet.Job, most int) (rows []fleet.JobSIM, snap fleet.Snapshot, ok bool, err error) {
	homes := j.PlannedHomes()
	if len(homes) > mostHomes {
		return nil, snap, false, nil
	}
	chunk := tx.nextChunk(j, most)
	standings, found := tx.standings(who.User, homes)
	var version int64
	reads := append([]statement{ruleVersion(&version)}, standings...)
	if err := tx.inIndexOrder(ctx, chunk.statement, reads...); err != nil {
		return nil, snap, false, err
	}
	snap, err = tx.withRules(ctx, narrowed(fleet.Snapshot{Workspaces: found, SIMs: *chunk.sims}, j.Target.ID), version)
	return *chunk.rows, snap, true, err
}

// chunkRead is the statement of NextChunk and where its rows go.
type chunkRead struct {
	statement
	rows *[]fleet.JobSIM
	sims *[]fleet.SIMState
}

// nextChunk selects the next planned SIMs of a job, and what they are now. Each is looked up by its
// id, in the order of positions.
func (tx *Tx) nextChunk(j fleet.Job, most int) chunkRead {
	w := where{tx: tx}
	next := "(" + w.nextPlanned(j, most) + ") n"
	live := " s.id = n.sim_id AND s.status <> " + deletedSIM
	from := next + tx.dialectSQL(" LEFT JOIN sims s ON"+live,
		" LEFT JOIN LATERAL (SELECT s.id, s.status, s.workspace_id, s.version, s.device_id, s.offer_id FROM sims s WHERE"+live+" OFFSET 0) s ON TRUE")
	text := `SELECT n.pos, n.sim_id, n.version, n.source_id, n.home_id, n.undoes, COALESCE(s.id, 0), COALESCE(s.status, 0),
		COALESCE(s.workspace_id, 0), COALESCE(s.version, 0), COALESCE(s.device_id, 0), COALESCE(s.offer_id, 0),
		COALESCE((SELECT d.name FROM devices d WHERE d.id = s.device_id), '') FROM ` + from + " ORDER BY n.pos"
	planned, sims := make([]fleet.JobSIM, 0, most), make([]fleet.SIMState, 0, most)
	var pos, sim, version, source, home, undoes, id, status, workspace, now, device, offer int64
	var name string
	into := []any{&pos, &sim, &version, &source, &home, &undoes, &id, &status, &workspace, &now, &device, &offer, &name}
	scan := func(r rows) error {
		if err := r.Scan(into...); err != nil {
			return err
		}
		planned = append(planned, fleet.JobSIM{
			Pos: pos, SIM: fleet.SIMID(sim), Version: version, Source: fleet.WorkspaceID(source), Home: fleet.WorkspaceID(home),
			Undoes: fleet.MigrationID(undoes),
		})
		if id != 0 {
			sims = append(sims, fleet.SIMState{
				ID: fleet.SIMID(id), Status: fleet.SIMStatus(status), Workspace: fleet.WorkspaceID(workspace), Version: now,
				Device: fleet.DeviceID(device), DeviceName: name, Offer: fleet.OfferID(offer),
			})
		}
		return nil
	}
	return chunkRead{statement{text, w.args, scan}, &planned, &sims}
}

// nextPlanned selects the next planned SIMs of a job, in the order of their positions.
func (w *where) nextPlanned(j fleet.Job, most int) string {
	after := int64(math.MinInt64)
	if j.Begun {
		after = j.Cursor
	}
	one := where{tx: w.tx, args: w.args}
	one.afterPosition(j.ID, after)
	one.and("n.verdict = " + plannedVerdict)
	text := `SELECT n.pos, n.sim_id, n.version, COALESCE(n.source_id, 0) AS source_id, COALESCE(n.home_id, 0) AS home_id,
		COALESCE(n.undoes, 0) AS undoes FROM job_sims n WHERE ` + one.String() + " ORDER BY n.pos LIMIT " + one.arg(most)
	w.args = one.args
	return text
}

// afterPosition limits a query on job_sims n to the SIMs of a job after a position.
func (w *where) afterPosition(id fleet.JobID, after int64) {
	w.and("n.job_id = " + w.arg(int64(id)))
	w.and("n.pos > " + w.arg(after))
}

// inIndexOrder runs a query that can be read in the order of an index, and then other statements.
// PostgreSQL must read it in that order, whatever its statistics say: without fresh ones it expects
// few rows, and may sort a whole job for one page.
func (tx *Tx) inIndexOrder(ctx context.Context, query statement, more ...statement) error {
	if tx.d == SQLite {
		return tx.batch(ctx, append([]statement{query}, more...)...)
	}
	const sorting = "SELECT set_config('enable_sort', $1, true), set_config('enable_incremental_sort', $1, true)"
	return tx.batch(ctx, append([]statement{locking(sorting, "off"), query, locking(sorting, "on")}, more...)...)
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
