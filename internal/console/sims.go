package console

import (
	"html/template"

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
	Picked  int // SIMs that are selected
	Elsew   int // of them, on other pages
	PageAll bool
	Sorts   []string
	Columns []string
	Status  []fleet.SIMStatus
	Per     int // the next choice of rows per page
	Problem string
	Show    map[string]bool // the columns that are shown
	Table   template.HTML   // the rows
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
		if err := r.readSIMs(simsQuery{Sort: "id", Per: 1, Page: 1}, &d.Found); err != nil {
			return reply{}, err
		}
		d.Found.Items = nil
	default:
		if err != nil {
			return reply{}, err
		}
	}
	d.count()
	d.Show = make(map[string]bool, len(simColumns))
	for _, column := range simColumns {
		d.Show[column] = s.Shows(column)
	}
	d.Table = simRows(d.Found, s.Picked, r.console.path("/sims/"), d.Show)
	return r.page("sims", "sims", text("sims.title"), d)
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

// Rows returns the ids of the rows of the page.
func (d simsData) Rows() string {
	ids := make([]int64, len(d.Found.Items))
	for i, s := range d.Found.Items {
		ids[i] = int64(s.ID)
	}
	return listOf(ids)
}

// Last returns the number of the last row of the page.
func (d simsData) Last() int { return d.Found.First + len(d.Found.Items) - 1 }
