package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var jobsRoutes = []route{
	{choices: choices{"show": names(jobTabs, func(t jobTab) string { return t.Name }), "mine": {"0", "1"}}, pattern: "GET /jobs", need: identity.ReadMigrations, handle: jobsPage},
}

// jobTabs are the tabs of the list of jobs, with the states that each shows.
var jobTabs = []jobTab{
	{"all", nil},
	{"open", []fleet.JobState{fleet.JobPlanning, fleet.JobWaiting, fleet.JobRunning, fleet.JobPaused}},
	{"planned", []fleet.JobState{fleet.JobPlanned}},
	{"done", []fleet.JobState{fleet.JobCompleted, fleet.JobPartial}},
	{"not", []fleet.JobState{fleet.JobRefused, fleet.JobCancelled, fleet.JobFailed, fleet.JobExpired}},
}

type jobTab struct {
	Name   string
	states []fleet.JobState
}

// jobsPerPage is how many jobs a page of the list shows.
const jobsPerPage = 25

// jobsQuery holds the query parameters of the list of jobs.
type jobsQuery struct {
	Tab  string
	Ref  string // the reference that the jobs have
	Mine bool   // made by the caller
	Page int
}

func parseJobs(v url.Values) jobsQuery {
	q := jobsQuery{Tab: "all", Ref: strings.TrimSpace(v.Get("reference")), Mine: v.Get("mine") == "1", Page: 1}
	if slices.ContainsFunc(jobTabs, func(t jobTab) bool { return t.Name == v.Get("show") }) {
		q.Tab = v.Get("show")
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 {
		q.Page = n
	}
	return q
}

// list returns the query of the rule. A reference with a character of the filter language has no
// effect there, so it finds no job.
func (q jobsQuery) list(caller identity.Principal) (fleet.List, error) {
	var terms []string
	for _, t := range jobTabs {
		if t.Name == q.Tab && t.states != nil {
			terms = append(terms, "state:"+joined(t.states))
		}
	}
	if q.Mine {
		terms = append(terms, "user:"+strconv.FormatInt(int64(caller.User), 10))
	}
	if q.Ref != "" {
		terms = append(terms, "reference:"+q.Ref)
	}
	return fleet.ParseList(fleet.JobList, strings.Join(terms, ","), "-id", strconv.Itoa(q.Page), strconv.Itoa(jobsPerPage))
}

func joined[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, "|")
}

// Address returns the address of the list with another tab, on its first page.
func (q jobsQuery) Address(tab string) string {
	q.Tab, q.Page = tab, 1
	return q.address()
}

func (q jobsQuery) address() string {
	v := url.Values{}
	if q.Tab != "all" {
		v.Set("show", q.Tab)
	}
	if q.Ref != "" {
		v.Set("reference", q.Ref)
	}
	if q.Mine {
		v.Set("mine", "1")
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	if len(v) == 0 {
		return "/jobs"
	}
	return "/jobs?" + v.Encode()
}

// jobsData is the template data of the list of jobs.
type jobsData struct {
	Query   jobsQuery
	Tabs    []jobTab
	Rows    []jobRow
	At      pager
	Problem string
	Live    bool // some job of the page is under way
}

func jobsPage(r *request) (reply, error) {
	d := jobsData{Query: parseJobs(r.URL.Query()), Tabs: jobTabs}
	l, err := d.Query.list(r.caller)
	if err == nil && strings.ContainsAny(d.Query.Ref, ",|:") {
		err = fleet.Errorf(fleet.BadQuery, "")
	}
	if err != nil {
		d.Problem = text("jobs.reference.wrong")
		return r.page("jobs", "jobs", text("jobs.title"), d)
	}
	page, err := r.control().ListJobs(r.Context(), r.caller, l)
	if err != nil {
		return reply{}, err
	}
	for _, j := range page.Items {
		d.Rows = append(d.Rows, rowOf(j))
		d.Live = d.Live || moving(j.State)
	}
	d.At = numberedPager(page.Page, page.PerPage, len(page.Items), page.Total, func(n int) string {
		q := d.Query
		q.Page = n
		return q.address()
	})
	res, err := r.pageLive("jobs", "jobs", text("jobs.title"), d, reloadIf(d.Live, 5))
	return res, err
}

// moving reports whether a job in a state changes without an action of a user.
func moving(s fleet.JobState) bool {
	return s == fleet.JobPlanning || s == fleet.JobWaiting || s == fleet.JobRunning
}

// reloadIf returns after how many seconds a page without scripts reads itself again; 0 for never.
func reloadIf(live bool, seconds int) int {
	if live {
		return seconds
	}
	return 0
}
