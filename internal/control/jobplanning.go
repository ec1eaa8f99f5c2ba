package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// plan adds the next SIMs of the selection to the plan of a job.
func (s *jobStep) plan(ctx context.Context, tx *store.Tx, j *fleet.Job) error {
	next, err := nextPart(ctx, tx, j)
	if err != nil {
		return err
	}
	if next == nil {
		return s.planned(ctx, tx, j)
	}
	began := time.Now()
	at := partPlace{position: j.Position, most: s.c.pace.most(planning, planSIMs, began)}
	rows, err := next(ctx, tx, s, j, &at)
	if err != nil {
		return err
	}
	added, err := tx.AddJobSIMs(ctx, j, j.Options.WithoutLeftOut(rows))
	if err != nil {
		return err
	}
	s.worked(planning, len(rows), began)
	j.Digest = digest(j.Digest, added)
	j.Position = at.position
	if at.ended {
		j.Part, j.Position = j.Part+1, 0
	}
	if j.Counts, err = tx.AllJobCounts(ctx, j.ID); err != nil {
		return err
	}
	if n := j.Count(); n > fleet.MaxJobSIMs {
		setJob(j, fleet.JobDetails{State: fleet.JobFailed, At: tx.Now(), Why: fmt.Sprintf("more than %d SIMs are selected: make several jobs", fleet.MaxJobSIMs)})
		return nil
	}
	if !at.ended || j.Part > partsAtOnce { // many parts are deleted in a step of their own
		return nil
	}
	if next, err = nextPart(ctx, tx, j); err != nil || next != nil {
		return err
	}
	return s.planned(ctx, tx, j)
}

// nextPart returns the part of the selection that is planned next, nil after the last one.
func nextPart(ctx context.Context, tx *store.Tx, j *fleet.Job) (part, error) {
	sel, found, err := tx.JobPart(ctx, j.ID, j.Part)
	if err != nil || found {
		return partsOf(sel)[0], err
	}
	if sel, err = tx.JobSelection(ctx, j.ID); err != nil { // of an earlier version
		return nil, err
	}
	if old := partsOf(sel); j.Part < len(old) {
		return old[j.Part], nil
	}
	return nil, nil //nolint:nilnil // see above
}

// digest adds SIMs to the digest of a plan.
func digest(before string, sims []fleet.JobSIM) string {
	text := []byte(before)
	for _, s := range sims {
		for _, n := range []int64{s.Pos, int64(s.SIM), int64(s.Line), s.Version, int64(s.Source), int64(s.Verdict), int64(s.Undoes), int64(len(s.Codes))} {
			text = binary.AppendVarint(text, n)
		}
		for _, code := range s.Codes {
			text = binary.AppendVarint(text, int64(code))
		}
		text = append(binary.AppendVarint(text, int64(len(s.Given))), s.Given...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// planned sets the next state of a job whose plan is complete.
func (s *jobStep) planned(ctx context.Context, tx *store.Tx, j *fleet.Job) (err error) {
	if err := tx.DropJobParts(ctx, j.ID); err != nil {
		return err
	}
	if j.Counts, err = tx.AllJobCounts(ctx, j.ID); err != nil {
		return err
	}
	j.Planned = tx.Now()
	j.ETag = strconv.Quote(fmt.Sprintf("job-%d-%.32s", j.ID, j.Digest))
	refused := j.Count(fleet.VerdictRefused, fleet.VerdictNotFound)
	d := fleet.JobDetails{At: tx.Now()}
	switch {
	case j.Count() == 0:
		d.State, d.Why = fleet.JobRefused, "the selection contains no SIM"
	case j.TooLarge(tx.Now()) != nil && !j.Options.Skip:
		d.State, d.Why = fleet.JobRefused, j.TooLarge(tx.Now()).Text()
	case !j.Options.Auto:
		d.State = fleet.JobPlanned
	case refused > 0 && !j.Options.Skip:
		d.State, d.Why = fleet.JobRefused, "SIMs cannot be changed, and on_conflict is stop"
	case j.Count(fleet.VerdictPlanned) == 0 && refused > 0:
		d.State, d.Why = fleet.JobRefused, "no SIM can be changed"
	case j.Count(fleet.VerdictPlanned) == 0:
		d.State, d.Why = fleet.JobCompleted, "every SIM has the status already"
	default:
		return s.begin(ctx, tx, j)
	}
	setJob(j, d)
	return nil
}

// partPlace is the progress of planning within a part of a selection.
type partPlace struct {
	most     int // SIMs to plan now
	position int64
	ended    bool
}

// absent returns the row of an identifier without a SIM. The same identifier has the same position,
// so it has one row.
func absent(given string, line int) fleet.JobSIM {
	number, _ := strconv.ParseInt(given, 10, 64) // an id or an ICCID
	if number <= 0 {                             // no id; its negative could be one
		number = math.MaxInt64 - 1 + max(number, -1<<60)
	}
	return fleet.JobSIM{Pos: -number, Given: given, Line: line, Verdict: fleet.VerdictNotFound}
}

// part returns the next SIMs of one part of a selection, with their verdicts.
type part func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error)

func partsOf(sel fleet.JobSelection) (parts []part) {
	if len(sel.SIMs) > 0 {
		parts = append(parts, partSIMs(sel.SIMs))
	}
	if len(sel.ICCIDs) > 0 {
		parts = append(parts, partICCIDs(sel))
	}
	for _, r := range sel.Ranges {
		parts = append(parts, partRange(r))
	}
	for _, f := range sel.Filters {
		parts = append(parts, partFilter(f))
	}
	if sel.FailedOf != nil {
		parts = append(parts, partJob(*sel.FailedOf, []fleet.Verdict{fleet.VerdictPlanned, fleet.VerdictRefused, fleet.VerdictDrifted, fleet.VerdictNotFound}, false))
	}
	if sel.DoneBy != nil {
		parts = append(parts, partJob(*sel.DoneBy, []fleet.Verdict{fleet.VerdictDone}, true))
	}
	return parts
}

// next takes the next values of a list.
func next[T any](list []T, at *partPlace) []T {
	from := min(int(at.position), len(list))
	until := min(from+at.most, len(list))
	at.ended = until == len(list)
	return list[from:until]
}

func partSIMs(ids []fleet.SIMID) part {
	return func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error) {
		now := next(ids, at)
		rows := make([]fleet.JobSIM, len(now))
		for i, id := range now {
			rows[i] = fleet.JobSIM{Pos: int64(id), SIM: id}
		}
		err := s.freeze(ctx, tx, j, rows)
		for i := range rows {
			if rows[i].Verdict == fleet.VerdictNotFound {
				rows[i] = absent(strconv.FormatInt(int64(now[i]), 10), 0)
			}
		}
		at.position += int64(len(now))
		return rows, err
	}
}

func partICCIDs(sel fleet.JobSelection) part {
	return func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error) {
		from := int(at.position)
		now := next(sel.ICCIDs, at)
		snap, err := tx.Snapshot(ctx, storeCaller(s.caller), fleet.MigrationRequest{Target: j.Target.ID, Select: fleet.Selector{ICCIDs: fleet.Once(now)}}, false)
		if err != nil {
			return nil, err
		}
		ids := make(map[fleet.ICCID]fleet.SIMID, len(snap.SIMs))
		for _, sim := range snap.SIMs {
			ids[sim.ICCID] = sim.ID
		}
		rows := make([]fleet.JobSIM, len(now))
		for i, iccid := range now {
			rows[i] = fleet.JobSIM{Pos: int64(ids[iccid]), SIM: ids[iccid]}
			if ids[iccid] == 0 {
				rows[i] = absent(string(iccid), 0)
			}
			if sel.Lines != nil {
				rows[i].Line = sel.Lines[from+i]
			}
		}
		at.position += int64(len(now))
		s.judge(j, rows, snap, true)
		return rows, nil
	}
}

func partRange(r fleet.ICCIDRange) part {
	return func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error) {
		start, ok := r.Start.Add(int(at.position))
		if !ok || start > r.End {
			at.ended = true
			return nil, nil
		}
		end, ok := r.Start.Add(int(at.position) + at.most - 1)
		if !ok || end >= r.End {
			end, at.ended = r.End, true
		}
		snap, err := tx.Snapshot(ctx, storeCaller(s.caller), fleet.MigrationRequest{Target: j.Target.ID, Select: fleet.Selector{Range: &fleet.ICCIDRange{Start: start, End: end}}}, false)
		if err != nil {
			return nil, err
		}
		rows := make([]fleet.JobSIM, len(snap.SIMs))
		for i, sim := range snap.SIMs {
			rows[i] = fleet.JobSIM{Pos: int64(sim.ID), SIM: sim.ID}
		}
		// The store has them in any order, on which the digest must not depend.
		slices.SortFunc(rows, func(a, b fleet.JobSIM) int { return cmp.Compare(a.Pos, b.Pos) })
		at.position += int64(at.most)
		s.judge(j, rows, snap, true)
		return rows, nil
	}
}

func partFilter(f fleet.JobFilter) part {
	return func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error) {
		sims, err := filtered(ctx, tx, f, at.position, at.most)
		if err != nil {
			return nil, err
		}
		rows := make([]fleet.JobSIM, 0, len(sims))
		for _, sim := range sims {
			if !slices.Contains(f.Except, sim.ID) {
				rows = append(rows, fleet.JobSIM{Pos: int64(sim.ID), SIM: sim.ID})
			}
			at.position = int64(sim.ID)
		}
		at.ended = len(sims) < at.most
		err = s.freeze(ctx, tx, j, rows)
		return found(rows), err
	}
}

// found leaves out SIMs of a filter that do not exist any more.
func found(rows []fleet.JobSIM) []fleet.JobSIM {
	kept := rows[:0]
	for _, r := range rows {
		if r.Verdict != fleet.VerdictNotFound {
			kept = append(kept, r)
		}
	}
	return kept
}

// filtered reads the next SIMs that are in a Workspace and match a filter.
func filtered(ctx context.Context, tx *store.Tx, f fleet.JobFilter, after int64, most int) ([]fleet.SIM, error) {
	l, err := f.List(most)
	if err != nil {
		return nil, err
	}
	l.After = &after
	// As an enterprise it sees the SIMs that are in it, not those that it issued.
	page, err := tx.SIMs(ctx, fleet.Workspace{ID: f.Workspace, Type: fleet.Enterprise}, l)
	return page.Items, err
}

// partJob returns SIMs of another job: those that failed, or those that it changed. An undo takes
// the latter back.
func partJob(id fleet.JobID, verdicts []fleet.Verdict, done bool) part {
	return func(ctx context.Context, tx *store.Tx, s *jobStep, j *fleet.Job, at *partPlace) ([]fleet.JobSIM, error) {
		of, found, err := tx.Job(ctx, storeCaller(s.caller), j.Workspace, id, false)
		if err != nil || !found { // its SIMs are no longer the user's
			at.ended = true
			return nil, err
		}
		p := store.JobSIMPage{Job: of, Verdicts: verdicts, Most: min(at.most, chunkSIMs)}
		if at.position != 0 {
			p.After = &at.position
		}
		old, err := tx.JobSIMsAfter(ctx, storeCaller(s.caller), j.Workspace, p)
		if err != nil {
			return nil, err
		}
		if at.ended = len(old) < p.Most; !at.ended {
			at.position = old[len(old)-1].Pos
		}
		return s.again(ctx, tx, j, old, done && j.Kind == fleet.JobUndo)
	}
}

// again plans SIMs of another job.
func (s *jobStep) again(ctx context.Context, tx *store.Tx, j *fleet.Job, old []fleet.JobSIM, undo bool) ([]fleet.JobSIM, error) {
	var rows, sought []fleet.JobSIM
	var iccids []fleet.ICCID
	for _, o := range old {
		row := fleet.JobSIM{Pos: o.Pos, SIM: o.SIM, Line: o.Line, Undoes: o.Undoes, Given: o.Given}
		switch id, err := strconv.ParseInt(o.Given, 10, 64); {
		case undo:
			row.Pos, row.Undoes = -o.Pos, o.Entry
		case o.SIM == 0 && len(o.Given) == fleet.ICCIDLength:
			iccids, sought = append(iccids, fleet.ICCID(o.Given)), append(sought, row)
			continue
		case o.SIM == 0 && err == nil:
			row.Pos, row.SIM = id, fleet.SIMID(id)
		}
		rows = append(rows, row)
	}
	err := s.foundNow(ctx, tx, j, iccids, sought)
	if err != nil {
		return nil, err
	}
	rows = append(rows, sought...)
	if err := s.freeze(ctx, tx, j, rows); err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Verdict == fleet.VerdictNotFound && rows[i].Given != "" {
			rows[i] = absent(rows[i].Given, rows[i].Line)
		} else {
			rows[i].Given = ""
		}
	}
	return rows, nil
}

// foundNow looks again for SIMs that another job did not find by these ICCIDs.
func (s *jobStep) foundNow(ctx context.Context, tx *store.Tx, j *fleet.Job, iccids []fleet.ICCID, sought []fleet.JobSIM) error {
	if len(iccids) == 0 {
		return nil
	}
	snap, err := tx.Snapshot(ctx, storeCaller(s.caller), fleet.MigrationRequest{Target: j.Target.ID, Select: fleet.Selector{ICCIDs: fleet.Once(iccids)}}, false)
	if err != nil {
		return err
	}
	ids := make(map[string]fleet.SIMID)
	for _, sim := range snap.SIMs {
		ids[string(sim.ICCID)] = sim.ID
	}
	for i, row := range sought {
		if id := ids[row.Given]; id != 0 {
			sought[i].Pos, sought[i].SIM = int64(id), id
		} else {
			sought[i].Verdict = fleet.VerdictNotFound
		}
	}
	return nil
}
