package console

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simsRoutes = []route{
	{choices: simsWords, pattern: "GET /sims", need: identity.ReadSIMs, handle: simsPage},
	{pattern: "GET /sims/export", need: identity.ReadSIMs, handle: exportSIMs},
}

// simsData is the template data of the list of SIMs.
type simsData struct {
	Query     simsQuery
	Found     simsFound
	Picked    int // SIMs that are selected
	Elsewhere int // of them, on other pages
	PageAll   bool
	Per       int // the next choice of rows per page
	Problem   string
	Tools     template.HTML // the choices of the order and the columns
	Menu      template.HTML // the choices of the filters
	Heads     template.HTML // the headings of the columns
	Table     template.HTML // the rows
}

// simsChoices is what the choices of the list show.
type simsChoices struct {
	Query    simsQuery
	Sorts    []string
	Columns  []string
	Statuses []fleet.SIMStatus
}

func simsPage(r *request) (reply, error) {
	v := r.URL.Query()
	s := parseSIMs(v)
	if v.Has("rows") { // a form with the rows of a page: show the address of what it asks for
		return seeOther(s.after(v)), nil
	}
	d := simsData{Query: s, Per: nextPer(s.Per)}
	var err error
	d.Found, err = r.findSIMs(s)
	switch fleet.CodeOf(err) {
	case fleet.BadQuery, fleet.BadSort:
		d.Problem = text("sims.toolarge")
		if err := r.readSIMs(simsQuery{Sort: "id", Per: 1}, &d.Found); err != nil {
			return reply{}, err
		}
		d.Found.Items = nil
	default:
		if err != nil {
			return reply{}, err
		}
	}
	d.count()
	if err := d.draw(r.console); err != nil {
		return reply{}, err
	}
	return r.page("sims", "sims", text("sims.title"), d)
}

// draw writes the parts of the page that its template does not.
func (d *simsData) draw(c *console) (err error) {
	show := make(map[string]bool, len(simColumns))
	for _, column := range simColumns {
		show[column] = d.Query.Shows(column)
	}
	d.Heads = simHeads(d.Query, c.base, show)
	d.Table = simRows(d.Found, d.Query.Picked, c.path("/sims/"), show)
	only := simsChoices{
		Query: simsQuery{Sort: d.Query.Sort, Columns: d.Query.Columns, Status: d.Query.Status, Loose: d.Query.Loose},
		Sorts: simSorts, Columns: simColumns,
		Statuses: []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMIssued, fleet.SIMFactoryTest, fleet.SIMDeleted},
	}
	order := append([]string{d.Query.Sort}, d.Query.Columns...)
	if d.Tools, err = c.fragment("sims", "sims-tools", strings.Join(order, " "), only); err != nil {
		return err
	}
	d.Menu, err = c.fragment("sims", "sims-menu", fmt.Sprint(d.Query.Status, d.Query.Loose), only)
	return err
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
	d.Elsewhere = d.Picked - here
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
