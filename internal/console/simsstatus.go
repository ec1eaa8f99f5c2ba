package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simsStatusRoutes = []route{
	{pattern: "GET /sims/status", need: identity.WriteSIMs, handle: simsStatusPage},
	{pattern: "POST /sims/status", need: identity.WriteSIMs, handle: setSIMsStatus},
}

// simsStatusData is the template data of the page for the status of a selection.
type simsStatusData struct {
	Query     simsQuery
	Count     int
	Counted   bool // the SIMs are counted by status
	Rows      []statusRow
	Targets   []statusTarget
	To        fleet.SIMStatus
	Reference string
	Reason    string
	Problem   string
}

// statusRow is how many of the SIMs have a status.
type statusRow struct {
	Status fleet.SIMStatus
	Count  int
}

// statusTarget is a status that the SIMs can get, and what it means for them.
type statusTarget struct {
	Status             fleet.SIMStatus
	Change, Have, Stay int // SIMs that change, have it already, and cannot get it
}

// massStatuses are the statuses that many SIMs can get at once.
var massStatuses = []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended}

func simsStatusPage(r *request) (reply, error) {
	return r.showSIMsStatus(simsStatusData{Query: parseSIMs(r.URL.Query()), To: fleet.SIMActivated})
}

func (r *request) showSIMsStatus(d simsStatusData) (reply, error) {
	if err := d.Query.exact(); err != nil {
		return reply{}, err
	}
	found, err := r.findSIMs(d.Query.first())
	if err != nil {
		return reply{}, err
	}
	if d.Count = d.Query.Picked.count(found.Total); d.Count == 0 {
		return r.page("simsstatus", "sims", text("simsstatus.none"), d)
	}
	counts, _, err := r.countByStatus(d.Query.Picked, found, d.Query.Has(fleet.SIMDeleted))
	switch fleet.CodeOf(err) {
	case fleet.BadQuery, fleet.BadSort: // too many to count here: the job counts them
	default:
		if err != nil {
			return reply{}, err
		}
		d.Counted = true
	}
	d.fill(counts)
	return r.page("simsstatus", "sims", plural("simsstatus.title", d.Count), d)
}

// fill says what each target means for the SIMs.
func (d *simsStatusData) fill(counts map[fleet.SIMStatus]int) {
	if d.Counted {
		d.Count = 0
	}
	for _, st := range fleet.SIMStatuses {
		if n := counts[st.ID]; n > 0 {
			d.Rows = append(d.Rows, statusRow{st.ID, n})
			d.Count += n
		}
	}
	for _, to := range massStatuses {
		t := statusTarget{Status: to}
		for _, row := range d.Rows {
			switch {
			case row.Status == to:
				t.Have += row.Count
			case row.Status.MayBecome(to):
				t.Change += row.Count
			default:
				t.Stay += row.Count
			}
		}
		d.Targets = append(d.Targets, t)
	}
}

// countByStatus counts the SIMs of a selection; deleted says whether the list has deleted ones. It
// counts those in a device if the selection names each SIM, else it returns -1. Errors: BadQuery if
// they are too many to count.
func (r *request) countByStatus(picked selection, found simsFound, deleted bool) (counts map[fleet.SIMStatus]int, attached int, err error) {
	counts = make(map[fleet.SIMStatus]int)
	add := func(by int) func(fleet.SIM, simsFound) error {
		return func(s fleet.SIM, _ simsFound) error {
			if counts[s.Status] += by; s.Device != 0 {
				attached++
			}
			return nil
		}
	}
	if !picked.All {
		err = r.eachSIM(picked, found.Match, add(1))
		return counts, attached, err
	}
	for _, st := range fleet.SIMStatuses {
		if st.ID == fleet.SIMDeleted && !deleted { // a list has them only on request
			continue
		}
		match := strings.Trim(found.Match+",status:"+strconv.Itoa(int(st.ID)), ",")
		l, err := fleet.ParseList(fleet.SIMList, match, "id", "1", "1")
		if err != nil {
			return nil, 0, err
		}
		page, err := r.control().ListSIMs(r.Context(), r.caller, l)
		if err != nil {
			return nil, 0, err
		}
		counts[st.ID] = page.Total
	}
	return counts, -1, r.eachSIM(selection{IDs: picked.IDs}, found.Match, add(-1))
}

// jobSelection converts the selection to the selection of a job. match is the filter of the list.
func (r *request) jobSelection(picked selection, match string) fleet.JobSelection {
	ids := make([]fleet.SIMID, len(picked.IDs))
	for i, id := range picked.IDs {
		ids[i] = fleet.SIMID(id)
	}
	if !picked.All {
		return fleet.JobSelection{SIMs: ids}
	}
	return fleet.JobSelection{Filters: []fleet.JobFilter{{Workspace: r.caller.Workspace, Query: match, Except: ids}}}
}

// setSIMsStatus makes a job for the selection, as a preview: its page asks for the confirmation.
func setSIMsStatus(r *request) (reply, error) {
	d := simsStatusData{Query: parseSIMs(r.PostForm), Reference: strings.TrimSpace(r.PostForm.Get("reference")), Reason: strings.TrimSpace(r.PostForm.Get("reason"))}
	switch r.PostForm.Get("to") {
	case "activated":
		d.To = fleet.SIMActivated
	case "suspended":
		d.To = fleet.SIMSuspended
	default:
		d.Problem = text("simsstatus.choose")
		return r.showSIMsStatus(d)
	}
	if err := d.Query.exact(); err != nil {
		return reply{}, err
	}
	found, err := r.findSIMs(d.Query.first())
	if err != nil {
		return reply{}, err
	}
	n := control.NewJob{
		Kind: fleet.JobStatus, Select: r.jobSelection(d.Query.Picked, found.Match), Options: fleet.JobOptions{Status: d.To, Skip: true},
		Note: fleet.Note{Reference: d.Reference, Reason: d.Reason},
	}
	if d.Query.Picked.count(found.Total) == 0 {
		return seeOther(d.Query.address()), nil
	}
	res, err := write(r, "console POST /sims/status", func(w control.Write[fleet.Job]) (control.Reply, error) {
		return r.control().CreateJob(r.Context(), r.caller, n, w)
	}, func(j fleet.Job) string { return "/jobs/" + strconv.FormatInt(int64(j.ID), 10) })
	if code := fleet.CodeOf(err); code == fleet.BadRequest || code == fleet.InUse {
		d.Problem = err.Error()
		res, err := r.showSIMsStatus(d)
		res.status = http.StatusUnprocessableEntity
		return res, err
	}
	return res, err
}
