package console

import (
	"cmp"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// verdictTabs are the tabs of the SIMs of a job, with the verdicts that each shows.
var verdictTabs = []struct {
	name     string
	verdicts []fleet.Verdict
}{
	{"all", nil},
	{"left", []fleet.Verdict{fleet.VerdictPlanned}},
	{"done", []fleet.Verdict{fleet.VerdictDone}},
	{"stay", []fleet.Verdict{fleet.VerdictRefused, fleet.VerdictDrifted, fleet.VerdictNotFound}},
	{"unchanged", []fleet.Verdict{fleet.VerdictUnchanged}},
}

var verdictChoices = choices{"show": {"all", "left", "done", "stay", "unchanged"}}

// jobSIMsPerPage is how many SIMs of a job a page shows.
const jobSIMsPerPage = 25

// jobSIMsData are SIMs of a job.
type jobSIMsData struct {
	Show  string
	Tabs  []verdictTab
	Rows  []jobSIMRow
	Total int
	First string // the address of the first page, "" on it
	Next  string // the address of the next page, "" on the last one
	CSV   string
}

type verdictTab struct {
	Name, Path string
	Count      int
}

// jobSIMRow is a SIM of a job, or an identifier without a SIM.
type jobSIMRow struct {
	fleet.JobSIM
	Source  string
	Class   string // of the verdict
	Word    string
	Reasons []jobReason
}

// jobReason is why a SIM was not changed.
type jobReason struct {
	Code fleet.ConflictCode
	Text string
}

var verdictClass = map[fleet.Verdict]string{
	fleet.VerdictPlanned: "waiting", fleet.VerdictDone: "moved", fleet.VerdictRefused: "refused", fleet.VerdictDrifted: "refused",
	fleet.VerdictNotFound: "refused", fleet.VerdictUnchanged: "deleted",
}

func verdictsNamed(name string) (string, []fleet.Verdict) {
	for _, tab := range verdictTabs {
		if tab.name == name {
			return name, tab.verdicts
		}
	}
	return "all", nil
}

// firstTab returns the tab that a page shows if its address names none. When a job has ended, the
// SIMs that need a decision are those that stayed.
func firstTab(j fleet.Job) string {
	if stay, ended := verdictTabs[3], j.State.Ended(); ended && j.Count(fleet.VerdictDone) > 0 && j.Count(stay.verdicts...) > 0 {
		return stay.name
	}
	return verdictTabs[0].name
}

// jobSIMs reads the SIMs of a job that the address of a page names.
func (r *request) jobSIMs(j fleet.Job, page string) (d jobSIMsData, err error) {
	v := r.URL.Query()
	first := firstTab(j)
	show, verdicts := verdictsNamed(cmp.Or(v.Get("show"), first))
	d.Show = show
	address := func(tab, after string) string {
		if tab == first {
			tab = ""
		}
		return jobSIMsAddress(page, tab, after)
	}
	for _, tab := range verdictTabs {
		count := j.Count(tab.verdicts...)
		if count > 0 || tab.name == show {
			d.Tabs = append(d.Tabs, verdictTab{tab.name, address(tab.name, ""), count})
		}
	}
	d.CSV = jobSIMsAddress(jobAddress(j.ID)+"/sims.csv", show, "")
	found, err := r.readJobSIMs(j.ID, verdicts, signed(v.Get("after")), jobSIMsPerPage+1)
	if err != nil {
		return d, err
	}
	d.Total = found.Total
	if v.Has("after") {
		d.First = address(show, "")
	}
	if len(found.Items) > jobSIMsPerPage {
		found.Items = found.Items[:jobSIMsPerPage]
		d.Next = address(show, strconv.FormatInt(found.Items[jobSIMsPerPage-1].Pos, 10))
	}
	for _, s := range found.Items {
		d.Rows = append(d.Rows, simRowOf(j, s, found.Sources))
	}
	return d, nil
}

func simRowOf(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) jobSIMRow {
	row := jobSIMRow{JobSIM: s, Source: sources[s.Source].Name, Class: verdictClass[s.Verdict], Word: text("verdict." + s.Verdict.String())}
	if s.Verdict == fleet.VerdictDone {
		row.Word = text("verdict.done." + kindWord(j))
	}
	for _, code := range s.Codes {
		row.Reasons = append(row.Reasons, jobReason{code, reasonText(j, s.Source, code)})
	}
	return row
}

// reasonText says why a SIM of a source is not changed.
func reasonText(j fleet.Job, source fleet.WorkspaceID, code fleet.ConflictCode) string {
	name := strconv.Itoa(int(code))
	if texts["reason."+name] == "" {
		return j.WhyRefused(code, source)
	}
	return strings.ReplaceAll(text("reason."+name), "%s", j.Target.Name)
}

// jobSIMsAddress returns the address of a tab, or of its file. show "" is the first tab.
func jobSIMsAddress(page, show, after string) string {
	v := url.Values{}
	if show != "" {
		v.Set("show", show)
	}
	if after != "" {
		v.Set("after", after)
	}
	return withQuery(page, v)
}

// signed returns a whole number as it is, and "" for anything else.
func signed(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

func (r *request) readJobSIMs(id fleet.JobID, verdicts []fleet.Verdict, after string, most int) (control.JobSIMs, error) {
	names := make([]string, len(verdicts))
	for i, v := range verdicts {
		names[i] = v.String()
	}
	filter := ""
	if len(names) > 0 {
		filter = "verdict:" + strings.Join(names, "|")
	}
	l, err := fleet.ParseList(fleet.JobSIMList, filter, "id", "1", strconv.Itoa(most))
	if err == nil {
		l, err = l.ReadAfter(after)
	}
	if err != nil {
		return control.JobSIMs{}, err
	}
	return r.control().ListJobSIMs(r.Context(), r.caller, id, l)
}

var jobSIMColumns = []string{"iccid", "iccid_with_luhn", "identifier", "line", "source", "verdict", "codes", "reasons", "ledger_entry"}

// exportJobSIMs sends SIMs of a job with their verdicts as a CSV file.
func exportJobSIMs(r *request) (reply, error) {
	j, err := r.job()
	if err != nil {
		return reply{}, err
	}
	asked := r.URL.Query().Get("show")
	show, verdicts := verdictsNamed(asked)
	if asked != "" && asked != show { // the file would have all SIMs
		return reply{}, fleet.Errorf(fleet.BadRequest, "%s", text("error.filter"))
	}
	name := "job-" + strconv.FormatInt(int64(j.ID), 10)
	if show != "all" {
		name += "-" + show
	}
	return reply{status: 200, kind: "text/csv; charset=utf-8", name: name + ".csv", stream: func(w io.Writer) error {
		return r.writeJobSIMs(w, j, verdicts)
	}}, nil
}

func (r *request) writeJobSIMs(w io.Writer, j fleet.Job, verdicts []fleet.Verdict) error {
	out, err := tablefile.NewWriter(w, jobSIMColumns...)
	if err != nil {
		return err
	}
	for after := ""; ; {
		if err := r.nextPage(); err != nil {
			return err
		}
		page, err := r.readJobSIMs(j.ID, verdicts, after, fleet.JobSIMList.MaxPerPage)
		if err != nil {
			return err
		}
		for _, s := range page.Items {
			if err := out.Write(jobSIMCells(j, s, page.Sources)...); err != nil {
				return err
			}
		}
		if len(page.Items) < fleet.JobSIMList.MaxPerPage {
			return out.Close()
		}
		after = strconv.FormatInt(page.Items[len(page.Items)-1].Pos, 10)
	}
}

func jobSIMCells(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) []string {
	cells := make([]string, len(jobSIMColumns))
	if s.ICCID != "" {
		cells[0], cells[1] = string(s.ICCID), s.ICCID.WithLuhn()
	}
	cells[2] = s.Given
	if s.Line != 0 {
		cells[3] = strconv.Itoa(s.Line)
	}
	cells[4], cells[5] = sources[s.Source].Name, s.Verdict.String()
	codes, reasons := make([]string, len(s.Codes)), make([]string, len(s.Codes))
	for i, code := range s.Codes {
		codes[i], reasons[i] = strconv.Itoa(int(code)), reasonText(j, s.Source, code)
	}
	cells[6], cells[7] = strings.Join(codes, " "), strings.Join(reasons, "; ")
	if s.Entry != 0 {
		cells[8] = strconv.FormatInt(int64(s.Entry), 10)
	}
	return cells
}
