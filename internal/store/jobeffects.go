package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// countJobEffect adds to the number of SIMs with the same effect.
var countJobEffect = insertion("job_effects AS o",
	"job_id workspace_id home_id verdict codes status_before status_after device_before device_after sims",
	`ON CONFLICT (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after)
	DO UPDATE SET sims = o.sims + excluded.sims`)

// jobEffects returns the statements that count what the plan of a job does to SIMs that were
// added to it.
func jobEffects(id fleet.JobID, sims []fleet.JobSIM) (list []statement, err error) {
	type key struct {
		source  fleet.WorkspaceID
		home    fleet.WorkspaceID
		verdict fleet.Verdict
		codes   string
		change  fleet.PlannedChange
	}
	counts := make(map[key]int) // few: SIMs are refused for few reasons
	for _, s := range sims {
		counts[key{s.Source, s.Home, s.Verdict, codesText(s.Codes), s.Change}]++
	}
	for k, n := range counts {
		before, after := int(k.change.Before), int(k.change.After)
		if !k.change.Known {
			before, after = -1, -1
		}
		args, err := countJobEffect.args(params{
			"job_id": int64(id), "workspace_id": int64(k.source), "home_id": int64(k.home), "verdict": int(k.verdict), "codes": k.codes,
			"status_before": before, "status_after": after,
			"device_before": oneIf(k.change.InDevice), "device_after": oneIf(k.change.IntoDevice), "sims": n,
		})
		if err != nil {
			return nil, err
		}
		list = append(list, locking(countJobEffect.text, args...))
	}
	return list, nil
}

func oneIf(is bool) int {
	if is {
		return 1
	}
	return 0
}

// JobEffects reads what the plan of a job does, as far as the caller may see its SIMs.
func (tx *Tx) JobEffects(ctx context.Context, caller Caller, token fleet.WorkspaceID, id fleet.JobID) (effects []fleet.JobEffect, err error) {
	w := where{tx: tx}
	w.and("n.job_id = " + w.arg(int64(id)))
	w.and(w.seesJobSIM(reader{caller, token}, "n.workspace_id", "n.home_id"))
	err = tx.queryEach(ctx, `SELECT n.workspace_id, n.home_id, n.verdict, n.codes, n.status_before, n.status_after, n.device_before, n.device_after, n.sims
		FROM job_effects n JOIN jobs j ON j.id = n.job_id WHERE `+w.String()+
		" ORDER BY n.workspace_id, n.home_id, n.verdict, n.codes, n.status_before, n.status_after, n.device_before, n.device_after", w.args, func(r rows) error {
		var e fleet.JobEffect
		var codes string
		var in, into int
		err := r.Scan(&e.Source, &e.Home, &e.Verdict, &codes, &e.Change.Before, &e.Change.After, &in, &into, &e.SIMs)
		e.Codes = codesOf(codes)
		if e.Change.Known = e.Change.Before >= 0; !e.Change.Known {
			e.Change = fleet.PlannedChange{}
		} else {
			e.Change.InDevice, e.Change.IntoDevice = in == 1, into == 1
		}
		effects = append(effects, e)
		return err
	})
	return effects, err
}

// codesOf parses the result of codesText.
func codesOf(text string) (codes []fleet.ConflictCode) {
	for code := range strings.SplitSeq(text, ",") {
		if n, _ := strconv.Atoi(code); n != 0 { // written by this program
			codes = append(codes, fleet.ConflictCode(n))
		}
	}
	return codes
}
