package httpapi

import (
	"fmt"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// jobRequest converts the body of POST /api/v1/migration_job and checks all that needs no database.
func jobRequest(b wire.JobRequest) (n control.NewJob, err error) {
	if n, err = migrationOptions(b); err != nil {
		return n, err
	}
	if n.Select, err = jobSelect(b.Select); err != nil {
		return n, err
	}
	err = exceptSIMs(&n, b.Select)
	return n, err
}

// migrationOptions converts the body of a migration job except its selection.
func migrationOptions(b wire.JobRequest) (n control.NewJob, err error) {
	n.Kind = fleet.JobMigration
	target, err := givenID("target_workspace", b.TargetWorkspace)
	if err != nil {
		return n, err
	}
	n.Target = fleet.WorkspaceID(target)
	if b.AutoDetachDevices.Null {
		return n, fleet.Invalid("auto_detach_devices", "it must be true or false, not null; omit the key instead")
	}
	n.Options.DetachDevices = b.AutoDetachDevices.Or(false)
	if n.Options.AllowedStatuses, err = allowedStatuses(b.AllowedSIMStatuses); err != nil {
		return n, err
	}
	if n.Options.Activate, err = landing(b.Landing); err != nil {
		return n, err
	}
	err = jobOptions(&n, jobTexts{b.DryRun, b.OnConflict, b.NotBefore, b.NotAfter, b.Reference, b.Reason}, jobParts{b.Windows, b.Waves, b.Gate})
	return n, err
}

// landing reports whether Activated SIMs stay Activated at the target.
func landing(l *wire.JobLanding) (activate bool, err error) {
	switch {
	case l == nil || l.Status == "contract":
		return false, nil
	case l.Status == "activate":
		return true, nil
	}
	return false, fleet.Invalid("landing.status", "%q is not known; use contract or activate", fleet.Clip(l.Status))
}

// statusJobRequest converts the body of POST /api/v1/sim_status_job.
func statusJobRequest(b wire.SIMStatusJobRequest) (n control.NewJob, err error) {
	n.Kind = fleet.JobStatus
	status, err := givenID("status", b.Status)
	if err != nil {
		return n, err
	}
	n.Options.Status = fleet.SIMActivated
	if status != int64(fleet.SIMActivated) {
		n.Options.Status = fleet.SIMSuspended
	}
	if status != int64(n.Options.Status) {
		return n, fleet.Invalid("status.id", "it must be %d (Activated) or %d (Suspended)", fleet.SIMActivated, fleet.SIMSuspended)
	}
	if n.Select, err = jobSelect(b.Select); err != nil {
		return n, err
	}
	if err := exceptSIMs(&n, b.Select); err != nil {
		return n, err
	}
	err = jobOptions(&n, jobTexts{b.DryRun, b.OnConflict, b.NotBefore, b.NotAfter, b.Reference, b.Reason}, jobParts{b.Windows, b.Waves, b.Gate})
	return n, err
}

// givenID reads a reference that is required.
func givenID(field string, ref *wire.IDRef) (int64, error) {
	if ref == nil {
		return 0, fleet.Invalid(field, `it is required, as in {"id": 100}`)
	}
	if ref.ID == nil {
		return 0, fleet.Invalid(field+".id", "it is required")
	}
	return int64(*ref.ID), nil
}

// jobSelect converts a selection.
func jobSelect(b *wire.JobSelect) (sel fleet.JobSelection, err error) {
	if b == nil {
		return sel, fleet.Invalid("select", `it is required, as in {"sims": [{"id": 1}]}`)
	}
	ids, err := simIDs("select.sims", b.SIMs)
	if err != nil {
		return sel, err
	}
	sel.SIMs = fleet.Once(ids)
	if sel.ICCIDs, err = jobICCIDs("select.iccids", b.ICCIDs); err != nil {
		return sel, err
	}
	if sel.Ranges, err = jobRanges("select.iccid_ranges", b.ICCIDRanges); err != nil {
		return sel, err
	}
	if b.Filter != nil {
		ws, err := givenID("select.filter.workspace", b.Filter.Workspace)
		if err != nil {
			return sel, err
		}
		sel.Filters = []fleet.JobFilter{{Workspace: fleet.WorkspaceID(ws), Query: b.Filter.Q}}
	}
	if sel.FailedOf, err = jobRef("select.failed_of", b.FailedOf); err != nil {
		return sel, err
	}
	if sel.DoneBy, err = jobRef("select.done_by", b.DoneBy); err != nil {
		return sel, err
	}
	if len(sel.SIMs)+len(sel.ICCIDs)+len(sel.Ranges)+len(sel.Filters) == 0 && sel.FailedOf == nil && sel.DoneBy == nil {
		return sel, fleet.Invalid("select", "it selects nothing: send sims, iccids, iccid_ranges, filter, failed_of or done_by")
	}
	return sel, nil
}

// exceptSIMs reads the SIMs that a selection leaves out.
func exceptSIMs(n *control.NewJob, b *wire.JobSelect) error {
	ids, err := simIDs("select.except", b.Except)
	if err != nil {
		return err
	}
	if n.Options.Except = fleet.Once(ids); len(n.Options.Except) > fleet.MaxSIMs {
		return fleet.Invalid("select.except", "%d SIMs are given; at most %d are allowed", len(n.Options.Except), fleet.MaxSIMs)
	}
	iccids, err := jobICCIDs("select.except_iccids", b.ExceptICCIDs)
	if err != nil {
		return err
	}
	if len(iccids) > fleet.MaxSIMs {
		return fleet.Invalid("select.except_iccids", "%d ICCIDs are given; at most %d are allowed", len(iccids), fleet.MaxSIMs)
	}
	for _, id := range iccids {
		n.Options.ExceptRanges = append(n.Options.ExceptRanges, fleet.ICCIDRange{Start: id, End: id})
	}
	ranges, err := jobRanges("select.except_iccid_ranges", b.ExceptICCIDRanges)
	n.Options.ExceptRanges = append(n.Options.ExceptRanges, ranges...)
	return err
}

// jobICCIDs reads a list of ICCIDs, each once. Those that are repeated as if a spreadsheet had
// rounded them are refused, as in files.
func jobICCIDs(field string, list []string) (iccids []fleet.ICCID, err error) {
	var precision tablefile.Precision
	for i, text := range list {
		id, err := fleet.ParseICCID(text)
		if err != nil {
			return nil, fleet.Invalid(field+nth(i), "%v", err)
		}
		precision.Note(text, id)
		if precision.Repeated(id) {
			return nil, fleet.Invalid(field+nth(i), "%v", tablefile.RepeatedShort(id))
		}
		iccids = append(iccids, id)
	}
	return fleet.Once(iccids), nil
}

// jobRef reads a reference to another job; null means none.
func jobRef(field string, ref *wire.IDRef) (*fleet.JobID, error) {
	if ref == nil {
		return nil, nil //nolint:nilnil // none is not an error
	}
	id, err := givenID(field, ref)
	if err != nil {
		return nil, err
	}
	job := fleet.JobID(id)
	return &job, nil
}

// maxJobRanges is how many ranges a job may select.
const maxJobRanges = 100

func jobRanges(name string, list []wire.ICCIDRange) (ranges []fleet.ICCIDRange, err error) {
	if len(list) > maxJobRanges {
		return nil, fleet.Invalid(name, "%d ranges are given; at most %d are allowed", len(list), maxJobRanges)
	}
	for i, r := range list {
		field := name + nth(i)
		from, err := fleet.ParseICCID(r.Start)
		if err != nil {
			return nil, fleet.Invalid(field+".start", "%v", err)
		}
		to, err := fleet.ParseICCID(r.End)
		if err != nil {
			return nil, fleet.Invalid(field+".end", "%v", err)
		}
		if to < from {
			return nil, fleet.Invalid(field+".end", "%s lies before start %s", to, from)
		}
		if last, ok := from.Add(fleet.MaxJobSIMs - 1); ok && to > last {
			return nil, fleet.Invalid(field, "it spans more than %d numbers: split it, or use filter", fleet.MaxJobSIMs)
		}
		ranges = append(ranges, fleet.ICCIDRange{Start: from, End: to})
	}
	return ranges, nil
}

// jobTexts and jobParts are the options that every kind of job has.
type jobTexts struct {
	dryRun                                             wire.Optional[bool]
	onConflict, notBefore, notAfter, reference, reason wire.Optional[string]
}

type jobParts struct {
	windows []wire.JobWindow
	waves   []wire.JobWave
	gate    *wire.JobGate
}

func jobOptions(n *control.NewJob, t jobTexts, p jobParts) (err error) {
	if t.dryRun.Null {
		return fleet.Invalid("dry_run", "it must be true or false, not null; omit the key instead")
	}
	o := &n.Options
	o.Auto = !t.dryRun.Or(true)
	switch on := t.onConflict.Or("stop"); on {
	case "stop", "skip":
		o.Skip = on == "skip"
	default:
		return fleet.Invalid("on_conflict", "%q is not known; use stop or skip", fleet.Clip(on))
	}
	if o.NotBefore, err = jobTime("not_before", t.notBefore); err != nil {
		return err
	}
	if o.NotAfter, err = jobTime("not_after", t.notAfter); err != nil {
		return err
	}
	if !o.NotAfter.IsZero() && !o.NotBefore.Before(o.NotAfter) {
		return fleet.Invalid("not_after", "it must be after not_before")
	}
	n.Note = fleet.Note{Reference: t.reference.Or(""), Reason: t.reason.Or("")}
	if err := n.Note.Check(); err != nil {
		return err
	}
	return p.read(o)
}

func jobTime(field string, text wire.Optional[string]) (time.Time, error) {
	value, ok := text.Get()
	if !ok {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, fleet.Invalid(field, "%q is not an instant; write it as 2026-11-30T22:00:00Z", fleet.Clip(value))
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

const (
	maxJobWindows = 50
	maxJobWaves   = 100
	maxWavePause  = 30 * 24 * time.Hour
)

func (p jobParts) read(o *fleet.JobOptions) error {
	if len(p.windows) > maxJobWindows {
		return fleet.Invalid("windows", "%d are given; at most %d are allowed", len(p.windows), maxJobWindows)
	}
	for i, w := range p.windows {
		window := fleet.JobWindow{Days: w.Days, From: w.From, To: w.To, TimeZone: w.TimeZone}
		if err := window.Check("windows" + nth(i)); err != nil {
			return err
		}
		o.Windows = append(o.Windows, window)
	}
	if len(p.waves) > maxJobWaves {
		return fleet.Invalid("waves", "%d are given; at most %d are allowed", len(p.waves), maxJobWaves)
	}
	for i, w := range p.waves {
		wave, err := jobWave("waves"+nth(i), w)
		if err != nil {
			return err
		}
		o.Waves = append(o.Waves, wave)
	}
	if g := p.gate; g != nil {
		if g.MaxRefusedPercent < 0 || g.MaxRefusedPercent > 100 {
			return fleet.Invalid("gate.max_refused_percent", "%d is not a share: use 0 to 100", g.MaxRefusedPercent)
		}
		if g.MinSIMs < 0 || g.MinSIMs > fleet.MaxJobSIMs {
			return fleet.Invalid("gate.min_sims", "%d is not possible: use 0 to %d", g.MinSIMs, fleet.MaxJobSIMs)
		}
		if len(p.waves) == 0 {
			return fleet.Invalid("gate", "it is checked between waves, and the job has none; add waves or remove gate")
		}
		o.Gate = &fleet.JobGate{MaxRefusedPercent: g.MaxRefusedPercent, MinSIMs: g.MinSIMs, URL: g.URL}
	}
	return nil
}

func jobWave(field string, w wire.JobWave) (wave fleet.JobWave, err error) {
	switch {
	case (w.SIMs != 0) == (w.Percent != 0):
		return wave, fleet.Invalid(field, "send exactly one of sims and percent")
	case w.SIMs < 0 || w.SIMs > fleet.MaxJobSIMs:
		return wave, fleet.Invalid(field+".sims", "%d is not possible: use 1 to %d", w.SIMs, fleet.MaxJobSIMs)
	case w.Percent < 0 || w.Percent > 100:
		return wave, fleet.Invalid(field+".percent", "%d is not possible: use 1 to 100", w.Percent)
	case w.PauseSeconds < 0 || w.PauseSeconds > int(maxWavePause/time.Second):
		return wave, fleet.Invalid(field+".pause_seconds", "%d is not possible: use 0 to %d", w.PauseSeconds, int(maxWavePause/time.Second))
	case w.Then != "" && w.Then != "continue" && w.Then != "pause":
		return wave, fleet.Invalid(field+".then", "%q is not known; use continue or pause", fleet.Clip(w.Then))
	}
	return fleet.JobWave{SIMs: w.SIMs, Percent: w.Percent, Pause: time.Duration(w.PauseSeconds) * time.Second, Then: w.Then == "pause"}, nil
}

// wireWave encodes a wave; jobWave decodes it.
func wireWave(w fleet.JobWave) wire.JobWave {
	out := wire.JobWave{SIMs: w.SIMs, Percent: w.Percent, PauseSeconds: int(w.Pause / time.Second)}
	if w.Then {
		out.Then = "pause"
	}
	return out
}

// jobPath returns the path of a job.
func jobPath(id fleet.JobID) string { return fmt.Sprintf("/api/v1/migration_job/%d", id) }

// nth returns the index of an item as error messages write it, as in "[3]".
func nth(i int) string { return fmt.Sprintf("[%d]", i) }
