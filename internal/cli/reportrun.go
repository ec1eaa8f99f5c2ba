package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/cli/atomicfile"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/tablefile"
)

// report is the result of a run for each SIM.
type report struct {
	Run           string         `json:"run,omitempty"`
	Job           int64          `json:"job,omitempty"`       // the job on the server that moved the SIMs; 0 for a run
	JobState      string         `json:"job_state,omitempty"` // such as running, if the command has ended before the job
	DryRun        bool           `json:"dry_run"`
	ExitCode      int            `json:"exit_code"`
	Error         string         `json:"error,omitempty"`
	Server        string         `json:"server"`
	Target        api.NamedRef   `json:"target_workspace"`
	Tally         bulk.Tally     `json:"tally"`
	TargetReasons []bulk.Reason  `json:"against_target,omitempty"`
	Remaining     int            `json:"remaining,omitempty"` // SIMs that --filter finds after the run
	LeftOut       []bulk.SIM     `json:"left,omitempty"`      // left their Workspace, or changed, before the dry run
	SIMs          []bulk.Verdict `json:"sims"`
}

func checkReport(file string) error {
	if ext := filepath.Ext(file); file == "" || ext == ".csv" || ext == ".json" {
		return nil
	}
	return usagef("--report: %s must end in .csv or .json", file)
}

// finish reports the outcome of every SIM and returns the exit code.
func (s *migrateRun) finish(plan *bulk.Plan, state *bulk.State, dir string, dryRun bool, code int, err error) error {
	r := report{
		DryRun: dryRun, ExitCode: code, Server: plan.Server, Target: plan.Terms.Target, Tally: state.Tally(), TargetReasons: plan.TargetReasons,
		Remaining: s.remainingSIMs, LeftOut: plan.LeftOut, SIMs: state.Verdicts(),
	}
	if err != nil {
		r.Error = err.Error()
	}
	if dir != "" {
		r.Run = filepath.Base(dir)
	}
	if writeErr := s.write(r, dir); writeErr != nil {
		err, code = writeErr, max(code, bulk.ExitError)
	}
	if dir != "" {
		s.screen.printResult(r, dir, s.report, state.Refused())
	}
	if *s.output == asJSON {
		enc := json.NewEncoder(s.process.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	if code == bulk.ExitDone {
		return nil
	}
	return &codeError{code, err}
}

// write puts the report where --report says, and beside the journal.
func (s *migrateRun) write(r report, dir string) error {
	if s.files.report != nil {
		text, err := r.encode(filepath.Ext(s.report))
		if err == nil {
			_, err = s.files.report.Write(text)
		}
		if err == nil {
			err = s.files.report.Commit()
		}
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if dir == "" {
		return nil
	}
	text, err := r.encode(filepath.Ext(reportFile))
	if err == nil {
		err = atomicfile.WriteFile(filepath.Join(dir, reportFile), text)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// savePlan puts the plan where --plan says.
func (s *migrateRun) savePlan(plan *bulk.Plan) error {
	err := bulk.WritePlan(s.files.plan, plan)
	if err == nil {
		err = s.files.plan.Commit()
	}
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

func (r report) encode(ext string) ([]byte, error) {
	if ext == ".json" {
		text, err := json.MarshalIndent(r, "", "  ")
		return append(text, '\n'), err
	}
	var b bytes.Buffer
	w, err := tablefile.NewWriter(&b, "iccid", "sim_id", "verdict", "reason_codes", "reasons", "source_id", "source", "target_id", "status_before", "device_before", "migration", "named_at")
	for _, v := range r.SIMs {
		err = errors.Join(err, w.Write(reportRow(v, r.Target.ID)...))
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

func reportRow(v bulk.Verdict, target int64) []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	var codes, texts []string
	for _, r := range v.Reasons {
		codes, texts = append(codes, strconv.Itoa(r.Code)), append(texts, r.Message)
	}
	device := ""
	if v.Device != nil {
		device = v.Device.Name
	}
	return []string{
		v.ICCID, number(v.ID), string(v.Outcome), strings.Join(codes, "|"), strings.Join(texts, "|"), number(v.Source.ID), v.Source.Name,
		number(target), v.Status.Description, device, number(v.Ledger), v.Where,
	}
}
