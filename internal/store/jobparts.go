package store

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// AddJobPart adds a part of what a job has to plan; they are numbered from 0.
func (tx *Tx) AddJobPart(ctx context.Context, id fleet.JobID, part int, sel fleet.JobSelection) error {
	text, err := json.Marshal(sel)
	if err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO job_parts (job_id, part, selection) VALUES ($1, $2, $3)", int64(id), part, string(text))
}

// JobStage is a number under which parts of a selection are kept for a job that does not exist yet.
// It is negative, and its absolute value is the time of its beginning in nanoseconds.
type JobStage int64

// stageLife is how long the parts of a stage are kept without a job.
const stageLife = time.Hour

// NewJobStage begins a stage, and deletes the parts of those that have no use any more.
func (tx *Tx) NewJobStage(ctx context.Context) (JobStage, error) {
	err := tx.exec(ctx, `DELETE FROM job_parts WHERE job_id < 0 AND job_id > $1
		AND job_id NOT IN (SELECT stage FROM jobs WHERE stage IS NOT NULL AND ended_at IS NULL)
		AND job_id NOT IN (SELECT stage FROM move_drafts WHERE stage IS NOT NULL AND expires_at > $2)`, -tx.now.Add(-stageLife).UnixNano(), micros(tx.now))
	return JobStage(-tx.now.UnixNano() + rand.Int64N(int64(time.Millisecond))), err //nolint:gosec // not a secret
}

// StageJobPart is AddJobPart for a stage.
func (tx *Tx) StageJobPart(ctx context.Context, stage JobStage, part int, sel fleet.JobSelection) error {
	return tx.AddJobPart(ctx, fleet.JobID(stage), part, sel)
}

// StagedJobParts counts the parts of a stage.
func (tx *Tx) StagedJobParts(ctx context.Context, stage JobStage) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM job_parts WHERE job_id = $1", []any{int64(stage)}, &n)
	return n, err
}

// TakeJobStage gives the parts of a stage to a job.
func (tx *Tx) TakeJobStage(ctx context.Context, id fleet.JobID, stage JobStage) error {
	return tx.exec(ctx, "UPDATE jobs SET stage = $2 WHERE id = $1", int64(id), int64(stage))
}

// DropJobStage deletes the parts of a stage, unless a job or a draft has them.
func (tx *Tx) DropJobStage(ctx context.Context, stage JobStage) error {
	return tx.exec(ctx, "DELETE FROM job_parts WHERE job_id = $1 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.stage = $1) AND "+notOfDraft, int64(stage))
}

// notOfDraft is the condition that no draft has the parts of a stage: a later preview needs them.
const notOfDraft = "NOT EXISTS (SELECT 1 FROM move_drafts d WHERE d.stage = job_parts.job_id)"

// partsOfJob is the number under which the parts of job $1 are kept.
const partsOfJob = "COALESCE((SELECT j.stage FROM jobs j WHERE j.id = $1), $1)"

// JobPart reads a part of what a job has to plan; found is false after the last one.
func (tx *Tx) JobPart(ctx context.Context, id fleet.JobID, part int) (sel fleet.JobSelection, found bool, err error) {
	var text string
	found, err = tx.queryRow(ctx, "SELECT selection FROM job_parts WHERE job_id = "+partsOfJob+" AND part = $2", []any{int64(id), part}, &text)
	if err != nil || !found {
		return sel, false, err
	}
	err = json.Unmarshal([]byte(text), &sel)
	return sel, true, err
}

// DropJobParts deletes the parts of a job whose plan is complete, unless a draft has them.
func (tx *Tx) DropJobParts(ctx context.Context, id fleet.JobID) error {
	return tx.exec(ctx, "DELETE FROM job_parts WHERE job_id = "+partsOfJob+" AND "+notOfDraft, int64(id))
}

// JobSelection reads the selection of a job that an earlier version stored in one row.
func (tx *Tx) JobSelection(ctx context.Context, id fleet.JobID) (sel fleet.JobSelection, err error) {
	var text string
	if _, err = tx.queryRow(ctx, "SELECT selection FROM jobs WHERE id = $1", []any{int64(id)}, &text); err != nil {
		return sel, err
	}
	err = json.Unmarshal([]byte(text), &sel)
	return sel, err
}
