package console

import (
	"html/template"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simsRoutes = []route{
	{pattern: "GET /sims", need: identity.ReadSIMs, handle: simsPage},
	{pattern: "GET /sims/export", need: identity.ReadSIMs, handle: exportSIMs},
}

// simsData is what the list of SIMs shows.
type simsData struct {
	Query   simsQuery
	Found   simsFound
	All     int // SIMs of the Workspace, whatever the filters
	Picked  int // SIMs that are selected
	Elsew   int // of them, on other pages
	PageAll bool
	Sorts   []string
	Columns []string
	Status  []fleet.SIMStatus
	Per     int // the next choice of rows per page
	Problem string
	Show    map[string]bool // the columns that are shown
	Table   []simRow
}

func simsPage(r *request) (reply, error) {
	v := r.URL.Query()
	s := parseSIMs(v)
	if v.Has("rows") { // a form with the rows of a page: show the address of what it asks for
		return seeOther(s.after(v)), nil
	}
	d := simsData{Query: s, Sorts: simSorts, Columns: simColumns, Per: nextPer(s.Per)}
	d.Status = []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMIssued, fleet.SIMFactoryTest, fleet.SIMDeleted}
	var err error
	d.Found, err = r.findSIMs(s)
	switch fleet.CodeOf(err) {
	case fleet.BadQuery, fleet.BadSort:
		d.Problem = text("sims.toolarge")
	default:
		if err != nil {
			return reply{}, err
		}
	}
	if d.All = d.Found.Total; s.Filtered() {
		all, err := r.findSIMs(simsQuery{Sort: "id", Per: 1, Page: 1})
		if err != nil {
			return reply{}, err
		}
		d.All = all.Total
	}
	d.count()
	d.fill(r.console)
	return r.page("sims", "sims", text("sims.title"), d)
}

// simRow is a row of the list. Its texts are ready: a template is slow at calling functions.
type simRow struct {
	SIM              fleet.SIM
	ID               int64
	Href, Label      string
	ICCID            template.HTML
	Class, Word      string // of the status
	Device           string // "" for none
	Model            string
	Issuer, Reseller string
	Activated        template.HTML // "" for never
	Picked           bool
}

// fill makes the rows of the table.
func (d *simsData) fill(c *console) {
	d.Show = make(map[string]bool, len(simColumns))
	for _, column := range simColumns {
		d.Show[column] = d.Query.Shows(column)
	}
	d.Table = make([]simRow, len(d.Found.Items))
	for i, s := range d.Found.Items {
		class := statusClass[s.Status]
		row := simRow{
			SIM: s, ID: int64(s.ID), Href: c.path("/sims/" + strconv.FormatInt(int64(s.ID), 10)), Label: text("sims.pick.one", s.ICCID),
			ICCID: iccid(s.ICCID), Class: class, Word: text("status." + class), Device: s.DeviceName, Model: d.Found.Models[s.Model].Description,
			Issuer: d.Found.Workspaces[s.Issuer].Name, Reseller: d.Found.Workspaces[s.Reseller].Name, Picked: d.Query.Picked.HasSIM(s.ID),
		}
		if s.Device != 0 && s.DeviceName == "" {
			row.Device = text("sims.device.noname", s.Device)
		}
		if !s.Activated.IsZero() {
			row.Activated = day(s.Activated)
		}
		d.Table[i] = row
	}
}

// count counts the selection.
func (d *simsData) count() {
	d.Picked = d.Query.Picked.count(d.Found.Total)
	here := 0
	for _, s := range d.Found.Items {
		if d.Query.Picked.Has(int64(s.ID)) {
			here++
		}
	}
	d.Elsew = d.Picked - here
	d.PageAll = here > 0 && here == len(d.Found.Items)
}

// Rows are the ids of the rows of the page.
func (d simsData) Rows() string {
	ids := make([]int64, len(d.Found.Items))
	for i, s := range d.Found.Items {
		ids[i] = int64(s.ID)
	}
	return listOf(ids)
}

// Last is the number of the last row of the page.
func (d simsData) Last() int { return d.Found.First + len(d.Found.Items) - 1 }
