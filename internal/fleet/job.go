package fleet

import (
	"math"
	"slices"
	"strings"
	"time"
)

// JobID identifies a job.
type JobID int64

// JobKind says what a job does with its SIMs.
type JobKind string

// The kinds of jobs.
const (
	JobMigration JobKind = "migration"
	JobStatus    JobKind = "sim_status"
	JobUndo      JobKind = "undo"
)

// JobState is the state of a job.
type JobState string

// The states of jobs.
const (
	JobPlanning  JobState = "planning" // its plan is being made
	JobPlanned   JobState = "planned"  // a dry run, which can be started
	JobRefused   JobState = "refused"  // the plan has refusals, and on_conflict is stop
	JobWaiting   JobState = "waiting"  // to begin: JobDetails.For says for what
	JobRunning   JobState = "running"
	JobPaused    JobState = "paused"
	JobCompleted JobState = "completed"
	JobPartial   JobState = "completed_with_refusals"
	JobCancelled JobState = "cancelled"
	JobFailed    JobState = "failed"
	JobExpired   JobState = "expired"
)

// JobStates lists every state.
var JobStates = []JobState{
	JobPlanning, JobPlanned, JobRefused, JobWaiting, JobRunning, JobPaused, JobCompleted, JobPartial, JobCancelled, JobFailed, JobExpired,
}

// Ended reports whether a job in this state will never change again.
func (s JobState) Ended() bool {
	switch s {
	case JobRefused, JobCompleted, JobPartial, JobCancelled, JobFailed, JobExpired:
		return true
	}
	return false
}

// Verdict says what a job does, or has done, with a SIM.
type Verdict int8

// The verdicts. Only VerdictPlanned can change.
const (
	VerdictPlanned   Verdict = 0
	VerdictDone      Verdict = 1
	VerdictRefused   Verdict = 2 // by the rules
	VerdictDrifted   Verdict = 3 // it changed after the plan
	VerdictNotFound  Verdict = 4 // the caller sees no such SIM
	VerdictUnchanged Verdict = 5 // it already has the status
)

// Verdicts lists every verdict with its wire name.
var Verdicts = []Named[Verdict]{
	{ID: VerdictPlanned, Name: "planned"},
	{ID: VerdictDone, Name: "done"},
	{ID: VerdictRefused, Name: "refused"},
	{ID: VerdictDrifted, Name: "drifted"},
	{ID: VerdictNotFound, Name: "not_found"},
	{ID: VerdictUnchanged, Name: "unchanged"},
}

func (v Verdict) String() string { return NameOf(Verdicts, v) }

// Failed reports whether the SIM is not as the job should leave it.
func (v Verdict) Failed() bool {
	return v == VerdictRefused || v == VerdictDrifted || v == VerdictNotFound
}

// JobWaits says what a waiting job waits for.
type JobWaits string

// What a job can wait for.
const (
	WaitsStart  JobWaits = "start_time"
	WaitsWindow JobWaits = "window"
	WaitsWave   JobWaits = "wave" // the pause after a wave
	WaitsOther  JobWaits = "other_job"
	WaitsGate   JobWaits = "gate" // the response of the gate's URL
	// WaitsApproval is the approval that a rule requires.
	WaitsApproval JobWaits = "approval"
)

// JobDetails says since when a job is in its state, by which user and why.
type JobDetails struct {
	State JobState  `json:"state"`
	At    time.Time `json:"at"`
	User  UserID    `json:"user,omitzero"` // who caused it; 0 for the server
	Name  string    `json:"name,omitempty"`
	Why   string    `json:"why,omitempty"`
	For   JobWaits  `json:"for,omitempty"`  // of JobWaiting
	Until time.Time `json:"until,omitzero"` // of JobWaiting, if it is known
	Wave  int       `json:"wave,omitzero"`  // that has ended
	Code  Code      `json:"code,omitzero"`  // of JobFailed
	Gate  bool      `json:"gate,omitzero"`  // of JobPaused: the gate's URL has not responded yet
	// Lost are the reasons why SIMs were refused although the plan could move them: authority that
	// the user who made the job has lost since. Each is in lostAuthority.
	Lost []ConflictCode `json:"lost,omitempty"`
	// Rules are the results of rules for the job, nil if no rule applies.
	Rules *JobRules `json:"rules,omitempty"`
}

// lostRight is why a refusal says that an authority is missing.
type lostRight struct {
	code ConflictCode
	text string
}

// lostAuthority says which authority is missing for a refusal. The texts name no Workspace: every
// reader of the job sees them.
var lostAuthority = []lostRight{
	{CreatorSuspended, "the user who made the job is suspended or deleted"},
	{NoAdminOnTarget, "the user who made the job is no longer Administrator of the target Workspace"},
	{NoAdminOnSource, "the user who made the job is no longer Administrator of a Workspace that the SIMs leave"},
	{ConflictCode(Forbidden), "the user who made the job may no longer change SIMs of a Workspace"},
	{ConflictCode(NotFound), "the user who made the job is no longer Administrator of a Workspace that the SIMs leave or enter"},
	{TargetSuspended, "the target Workspace is suspended"},
}

// Lose records the authority that is missing for refused SIMs of a plan that is being executed.
func (d *JobDetails) Lose(sims []JobSIM) {
	for _, s := range sims {
		for _, code := range s.Codes {
			lost := slices.ContainsFunc(lostAuthority, func(a lostRight) bool { return a.code == code })
			if s.Verdict == VerdictRefused && lost && !slices.Contains(d.Lost, code) {
				d.Lost = append(d.Lost, code)
			}
		}
	}
}

// LostWords says which authority was lost, "" if none was.
func (d JobDetails) LostWords() string {
	var words []string
	for _, a := range lostAuthority {
		if slices.Contains(d.Lost, a.code) {
			words = append(words, a.text)
		}
	}
	return strings.Join(words, "; ")
}

// JobOptions are the options of a job. The store keeps them as JSON.
type JobOptions struct {
	AllowedStatuses []SIMStatus `json:"allowed_statuses,omitempty"` // nil allows every status
	DetachDevices   bool        `json:"detach_devices,omitzero"`
	Skip            bool        `json:"skip,omitzero"` // the other SIMs are moved if some are refused
	Auto            bool        `json:"auto,omitzero"` // continues after the plan without a start
	Activate        bool        `json:"activate,omitzero"`
	Offer           OfferID     `json:"offer,omitzero"`  // whose SIMs it moves, 0 for none
	Status          SIMStatus   `json:"status,omitzero"` // of JobStatus
	RestoreStatus   bool        `json:"restore_status,omitzero"`
	RestoreDevices  bool        `json:"restore_devices,omitzero"`
	NotBefore       time.Time   `json:"not_before,omitzero"`
	NotAfter        time.Time   `json:"not_after,omitzero"`
	Windows         []JobWindow `json:"windows,omitempty"`
	Waves           []JobWave   `json:"waves,omitempty"`
	Gate            *JobGate    `json:"gate,omitempty"`
	// LeaveOut are reasons: SIMs that are refused only for these, or not found (with the code
	// NotFound), are not in the plan.
	LeaveOut []ConflictCode `json:"leave_out,omitempty"`
	Except   []SIMID        `json:"except,omitempty"` // SIMs that are not in the plan, at most MaxSIMs
	// ExceptRanges are ICCIDs that are not in the plan. One ICCID is a range that ends with it.
	ExceptRanges []ICCIDRange `json:"except_ranges,omitempty"`
}

// JobWave is a part of a job. Exactly one of SIMs and Percent is set.
type JobWave struct {
	SIMs    int           `json:"sims,omitzero"`       // how many SIMs it has
	Percent int           `json:"percent,omitzero"`    // of all SIMs that are done when it ends
	Pause   time.Duration `json:"pause,omitzero"`      // after it
	Then    bool          `json:"then_pause,omitzero"` // pauses the job after it
}

// JobGate is checked after each wave.
type JobGate struct {
	MaxRefusedPercent int    `json:"max_refused_percent"`
	MinSIMs           int    `json:"min_sims,omitzero"` // with fewer, the percentage is not checked
	URL               string `json:"url,omitempty"`     // returns a GateState; "" for none
}

// GateState is what the URL of a gate responds.
type GateState string

// The states. A job continues only with GateHealthy.
const (
	GateHealthy   GateState = "healthy"
	GateUnhealthy GateState = "unhealthy"
	GateUnknown   GateState = "unknown"
)

// JobSelection selects the SIMs of a job: all that one of its members names.
type JobSelection struct {
	SIMs     []SIMID      `json:"sims,omitempty"`
	ICCIDs   []ICCID      `json:"iccids,omitempty"`
	Lines    []int        `json:"lines,omitempty"` // of the ICCIDs in an uploaded file
	Packed   *Numbers     `json:"-"`               // more ICCIDs, of a draft; nil for none. See JSON
	Ranges   []ICCIDRange `json:"ranges,omitempty"`
	Filters  []JobFilter  `json:"filters,omitempty"`
	FailedOf *JobID       `json:"failed_of,omitempty"`
	DoneBy   *JobID       `json:"done_by,omitempty"` // an undo reverses what this job did
}

// JobFilter selects SIMs of a Workspace like a list of SIMs.
type JobFilter struct {
	Workspace WorkspaceID `json:"workspace"`
	Query     string      `json:"q"`
	Except    []SIMID     `json:"except,omitempty"` // that match, and are left out
}

// List returns the filter as a list of SIMs by id.
func (f JobFilter) List(perPage int) (List, error) {
	l, err := ParseList(SIMList, f.Query, "id", "", "")
	l.PerPage = perPage
	return l, err
}

// Job is a job as its readers see it.
type Job struct {
	ID        JobID
	Kind      JobKind
	State     JobState
	Details   JobDetails
	User      UserID
	Username  string
	Workspace WorkspaceID // of the bearer that made it
	Target    Workspace   // of JobMigration
	Origin    JobID       // the job that this one retries or undoes, 0 for none
	Options   JobOptions
	Note      Note
	ETag      string // of the plan, "" before it is complete
	Digest    string // of the plan so far
	Created   time.Time
	Planned   time.Time
	Started   time.Time
	Ended     time.Time
	Expires   time.Time
	Counts    []JobCount // that the reader may see
	Sources   []Workspace

	Part     int   // of the selection, that is planned next
	Position int64 // in the part
	Cursor   int64 // the position of the last SIM that is done
	Begun    bool  // Cursor is valid
	Done     int   // SIMs that are no longer planned since the plan was complete
	Wave     int   // the present one, from 0
	Version  int64 // of the job: changes with everything above
	Attempt  int64 // the fencing token of the newest lease
	NextAt   time.Time
}

// JobCount is how many SIMs of a source have a verdict.
type JobCount struct {
	Source  WorkspaceID
	Home    WorkspaceID // gets the SIMs back from an undo; 0 in other jobs
	Verdict Verdict
	SIMs    int
}

// Count returns how many SIMs have one of the verdicts, or how many there are.
func (j *Job) Count(verdicts ...Verdict) (n int) {
	for _, c := range j.Counts {
		if len(verdicts) == 0 || slices.Contains(verdicts, c.Verdict) {
			n += c.SIMs
		}
	}
	return n
}

// Recount updates the counts of a job after planned SIMs have got these verdicts.
func (j *Job) Recount(sims []JobSIM) {
	for i := 0; i < len(sims); {
		s, n := sims[i], 1 // neighbours usually count alike
		for i+n < len(sims) && sims[i+n].Source == s.Source && sims[i+n].Home == s.Home && sims[i+n].Verdict == s.Verdict {
			n++
		}
		j.recount(JobCount{s.Source, s.Home, VerdictPlanned, -n})
		j.recount(JobCount{s.Source, s.Home, s.Verdict, n})
		i += n
	}
}

// PlannedHomes returns the Workspaces that a job's rules ask about while it moves SIMs: those that
// planned SIMs are in, and the target.
func (j *Job) PlannedHomes() (list []WorkspaceID) {
	if j.Target.ID != 0 {
		list = append(list, j.Target.ID)
	}
	for _, c := range j.Counts {
		if c.Verdict == VerdictPlanned && c.SIMs > 0 && c.Source != 0 {
			list = append(list, c.Source)
		}
	}
	return Once(list)
}

func (j *Job) recount(c JobCount) {
	i := slices.IndexFunc(j.Counts, func(d JobCount) bool { return d.Source == c.Source && d.Home == c.Home && d.Verdict == c.Verdict })
	if i < 0 {
		j.Counts = append(j.Counts, c)
		return
	}
	j.Counts[i].SIMs += c.SIMs
}

// JobSIM is a SIM of a job, or an identifier of its selection without a SIM.
type JobSIM struct {
	Pos     int64 // orders the SIMs of a job
	SIM     SIMID
	ICCID   ICCID
	Line    int // of the uploaded file
	Version int64
	Source  WorkspaceID
	Home    WorkspaceID // gets it back from an undo; 0 in other jobs
	Verdict Verdict
	Codes   []ConflictCode
	Given   string        // the identifier of the selection, if there is no SIM
	Undoes  MigrationID   // the entry that an undo reverses
	Entry   MigrationID   // that has moved it
	Change  PlannedChange `json:"-"` // of a plan that is being made
}

// FirstJobSIM is before every position of a SIM in a job.
const FirstJobSIM = math.MinInt64

// MaxJobSIMs is the maximum number of SIMs of one job.
const MaxJobSIMs = 5_000_000

// JobList is what the list of jobs can be filtered and sorted by.
var JobList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "state", Kind: TextField, NoSort: true, Values: texts(JobStates...)},
		{Name: "kind", Kind: TextField, NoSort: true, Values: texts(JobMigration, JobStatus, JobUndo)},
		{Name: "user", NoSort: true},
		{Name: "target_workspace", NoSort: true},
		{Name: "reference", Kind: TextField, NoSort: true},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}

// JobSIMList is what the SIMs of a job can be filtered by.
var JobSIMList = ListSpec{
	Fields:      []ListField{{Name: "id", NoFilter: true}, {Name: "verdict", Kind: TextField, NoSort: true, Values: names(Verdicts)}},
	DefaultSort: Order{Field: "id"},
	PerPage:     1000,
	MaxPerPage:  2500,
}

// ParseVerdict reads the wire name of a verdict.
func ParseVerdict(name string) (Verdict, bool) {
	for _, v := range Verdicts {
		if v.Name == name {
			return v.ID, true
		}
	}
	return 0, false
}
