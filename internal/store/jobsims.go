package store

import (
	"context"
	"math"
	"slices"
	"strconv"

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
