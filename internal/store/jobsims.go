package store

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// jobSIMRow is a row of job_sims as a JSON array, for any number of rows in one parameter.
type jobSIMRow [10]any

// jobSIMFields returns the columns of the JSON arrays in parameter $2.
func (tx *Tx) jobSIMFields(types ...string) string {
	fields := make([]string, len(types))
	for i, kind := range types {
		if tx.d == Postgres {
			fields[i] = "(x.value->>" + strconv.Itoa(i) + ")::" + kind + " AS c" + strconv.Itoa(i)
		} else {
			fields[i] = "json_extract(x.value, '$[" + strconv.Itoa(i) + "]') AS c" + strconv.Itoa(i)
		}
	}
	return "SELECT " + strings.Join(fields, ", ") + tx.dialectSQL(" FROM json_each($2) x", " FROM jsonb_array_elements($2::jsonb) x")
}

// AddJobSIMs adds SIMs to the plan of a job, without those that it already has, and counts them.
// It returns those that it added.
func (tx *Tx) AddJobSIMs(ctx context.Context, id fleet.JobID, sims []fleet.JobSIM) (added []fleet.JobSIM, err error) {
	data := make([]jobSIMRow, len(sims))
	at := make(map[int64]fleet.JobSIM, len(sims))
	for i, s := range sims {
		data[i] = jobSIMRow{
			s.Pos, orNull(s.SIM), orNull(int64(s.Line)), s.Version, orNull(s.Source), int(s.Verdict), textOrNull(codesText(s.Codes)),
			textOrNull(s.Given), orNull(s.Undoes),
		}
		if _, twice := at[s.Pos]; !twice {
			at[s.Pos] = s
		}
	}
	text, err := json.Marshal(data)
	if err != nil || len(sims) == 0 {
		return nil, err
	}
	columns := tx.jobSIMFields("bigint", "bigint", "bigint", "bigint", "bigint", "smallint", "text", "text", "bigint")
	err = tx.queryEach(ctx, `
		INSERT INTO job_sims (job_id, pos, sim_id, line, version, source_id, verdict, codes, given, undoes)
		SELECT $1`+tx.dialectSQL("", "::bigint")+`, c0, c1, c2, c3, c4, c5, c6, c7, c8 FROM (`+columns+`) y WHERE true
		ON CONFLICT DO NOTHING RETURNING pos`, []any{int64(id), string(text)}, func(r rows) error {
		var pos int64
		err := r.Scan(&pos)
		added = append(added, at[pos])
		return err
	})
	if err != nil {
		return nil, err
	}
	counts := make(jobCounts)
	sources := make(map[fleet.WorkspaceID]bool)
	for _, s := range added {
		counts[fleet.JobCount{Source: s.Source, Verdict: s.Verdict}]++
		sources[s.Source] = s.Source != 0
	}
	if err := tx.addCounts(ctx, id, counts); err != nil {
		return nil, err
	}
	var sides []fleet.WorkspaceID
	for ws, is := range sources {
		if is {
			sides = append(sides, ws)
		}
	}
	return added, tx.addJobSides(ctx, id, 0, sides)
}

// jobCounts are differences of the counts of a job, by source and verdict.
type jobCounts map[fleet.JobCount]int

func (tx *Tx) addCounts(ctx context.Context, id fleet.JobID, counts jobCounts) error {
	for c, n := range counts {
		if n == 0 {
			continue
		}
		err := tx.exec(ctx, `INSERT INTO job_counts AS o (job_id, workspace_id, verdict, sims) VALUES ($1, $2, $3, $4)
			ON CONFLICT (job_id, workspace_id, verdict) DO UPDATE SET sims = o.sims + excluded.sims`, int64(id), int64(c.Source), int(c.Verdict), n)
		if err != nil {
			return err
		}
	}
	return tx.exec(ctx, "DELETE FROM job_counts WHERE job_id = $1 AND sims = 0", int64(id))
}

const jobSIMColumns = `n.pos, COALESCE(n.sim_id, 0), COALESCE(s.iccid, ''), COALESCE(n.line, 0), COALESCE(n.version, 0),
	COALESCE(n.source_id, 0), n.verdict, COALESCE(n.codes, ''), COALESCE(n.given, ''), COALESCE(n.undoes, 0), COALESCE(n.entry, 0)`

func scanJobSIM(into *[]fleet.JobSIM) func(rows) error {
	return func(r rows) error {
		var s fleet.JobSIM
		var codes string
		err := r.Scan(&s.Pos, &s.SIM, &s.ICCID, &s.Line, &s.Version, &s.Source, &s.Verdict, &codes, &s.Given, &s.Undoes, &s.Entry)
		for code := range strings.SplitSeq(codes, ",") {
			if n, _ := strconv.Atoi(code); n != 0 { // written by this program
				s.Codes = append(s.Codes, fleet.ConflictCode(n))
			}
		}
		*into = append(*into, s)
		return err
	}
}

// NextJobSIMs reads the next planned SIMs of a job, in the order of their positions.
func (tx *Tx) NextJobSIMs(ctx context.Context, j fleet.Job, most int) (sims []fleet.JobSIM, err error) {
	w := where{tx: tx}
	w.and("n.job_id = " + w.arg(int64(j.ID)))
	w.and("n.verdict = " + plannedVerdict)
	if j.Begun {
		w.and("n.pos > " + w.arg(j.Cursor))
	}
	err = tx.queryEach(ctx, "SELECT "+jobSIMColumns+" FROM job_sims n LEFT JOIN sims s ON s.id = n.sim_id WHERE "+w.String()+
		" ORDER BY n.pos LIMIT "+w.arg(most), w.args, scanJobSIM(&sims))
	return sims, err
}

// SetVerdicts writes what became of planned SIMs, and the ledger entries of those that moved.
func (tx *Tx) SetVerdicts(ctx context.Context, id fleet.JobID, sims []fleet.JobSIM) error {
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
		counts[fleet.JobCount{Source: s.Source, Verdict: fleet.VerdictPlanned}]--
		counts[fleet.JobCount{Source: s.Source, Verdict: s.Verdict}]++
		if s.Entry != 0 {
			entries[s.Entry] = true
		}
	}
	for o, positions := range at { // SQLite would join a table of outcomes by reading the whole job
		w := where{tx: tx}
		text := "UPDATE job_sims SET verdict = " + w.arg(int(o.verdict)) + ", codes = " + w.arg(textOrNull(o.codes)) + ", entry = " + w.arg(orNull(o.entry))
		w.and("job_id = " + w.arg(int64(id)))
		w.and(w.in("pos", arrayParam(tx, positions)))
		w.and("verdict = " + plannedVerdict)
		if err := tx.exec(ctx, text+" WHERE "+w.String(), w.args...); err != nil {
			return err
		}
	}
	for entry := range entries {
		if err := tx.exec(ctx, "INSERT INTO job_entries (job_id, ledger_id) VALUES ($1, $2)", int64(id), int64(entry)); err != nil {
			return err
		}
	}
	return tx.addCounts(ctx, id, counts)
}

// AllJobCounts reads the counts of a job over all its sources.
func (tx *Tx) AllJobCounts(ctx context.Context, id fleet.JobID) (counts []fleet.JobCount, err error) {
	err = tx.queryEach(ctx, "SELECT workspace_id, verdict, sims FROM job_counts WHERE job_id = $1 AND sims > 0 ORDER BY workspace_id, verdict",
		[]any{int64(id)}, func(r rows) error {
			var c fleet.JobCount
			err := r.Scan(&c.Source, &c.Verdict, &c.SIMs)
			counts = append(counts, c)
			return err
		})
	return counts, err
}

// JobSIMsAfter reads SIMs of a job that the caller may see, from a position on, with one of the
// verdicts (nil for all).
func (tx *Tx) JobSIMsAfter(ctx context.Context, who Caller, token fleet.WorkspaceID, p JobSIMPage) (sims []fleet.JobSIM, err error) {
	w, as := where{tx: tx}, reader{who, token}
	w.and("n.job_id = " + w.arg(int64(p.Job)))
	if p.After != nil {
		w.and("n.pos > " + w.arg(*p.After))
	}
	if len(p.Verdicts) > 0 && slices.Min(p.Verdicts) > fleet.VerdictDone {
		w.and("n.verdict > " + doneVerdict) // SQLite uses the partial index only with its own condition
	}
	if p.Verdicts != nil { // no arguments: a partial index is on them
		texts := make([]string, len(p.Verdicts))
		for i, v := range p.Verdicts {
			texts[i] = "n.verdict = " + strconv.Itoa(int(v))
		}
		w.and(joinOr(texts))
	}
	w.and(w.seesJobSIM(as, "COALESCE(n.source_id, 0)"))
	err = tx.queryEach(ctx, "SELECT "+jobSIMColumns+" FROM job_sims n JOIN jobs j ON j.id = n.job_id LEFT JOIN sims s ON s.id = n.sim_id WHERE "+w.String()+
		" ORDER BY n.pos LIMIT "+w.arg(p.Most)+" OFFSET "+w.arg(p.Skip), w.args, scanJobSIM(&sims))
	return sims, err
}

// JobSIMPage is a page of the SIMs of a job.
type JobSIMPage struct {
	Job      fleet.JobID
	Verdicts []fleet.Verdict // nil for all
	After    *int64          // the position of the last one read
	Most     int
	Skip     int
}
