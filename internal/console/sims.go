package console

import (
	"cmp"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simsRoutes = []route{
	{pattern: "GET /sims", need: identity.ReadSIMs, handle: simsPage},
	{pattern: "GET /sims/export", need: identity.ReadSIMs, handle: exportSIMs},
}

// simsQuery is what the address of the list of SIMs says. The list is paged by key: After or
// Before is the id next to the page. A list with another order has page numbers.
type simsQuery struct {
	Text    string // the search text
	Status  []fleet.SIMStatus
	Loose   bool // in no device
	Sort    string
	Per     int
	After   string
	Before  string
	Page    int
	Picked  selection
	Columns []string
}

// simSorts are the orders that a person can choose, with the names of their texts. The list
// refuses those that would read too many SIMs.
var simSorts = []string{"id", "-id", "iccid", "-iccid", "status", "endpoint"}

// simColumns are the columns that a person can show or hide.
var simColumns = []string{"status", "device", "msisdn", "imsi", "model", "activated", "eid", "issuer", "reseller"}

// simColumnsShown are the columns without a choice.
var simColumnsShown = []string{"status", "device", "msisdn", "imsi", "model", "activated"}

var perPages = []int{25, 50, 100}

// parseSIMs reads the address, or a form with the same fields. Invalid values have no effect.
func parseSIMs(v url.Values) simsQuery {
	s := simsQuery{
		Text: strings.TrimSpace(v.Get("q")), Loose: v.Get("device") == "none", Sort: "id", Per: perPages[0],
		After: digits(v.Get("after")), Before: digits(v.Get("before")), Page: 1, Picked: parseSelection(v),
	}
	if len(s.Text) > 100 {
		s.Text = s.Text[:100]
	}
	for _, text := range v["status"] {
		if n, err := strconv.Atoi(text); err == nil && fleet.SIMStatus(n).Known() && n < 100 && !slices.Contains(s.Status, fleet.SIMStatus(n)) {
			s.Status = append(s.Status, fleet.SIMStatus(n))
		}
	}
	if slices.Contains(simSorts, v.Get("sort")) {
		s.Sort = v.Get("sort")
	}
	if n, err := strconv.Atoi(v.Get("per")); err == nil && slices.Contains(perPages, n) {
		s.Per = n
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 {
		s.Page = n
	}
	for _, c := range v["column"] {
		if slices.Contains(simColumns, c) {
			s.Columns = append(s.Columns, c)
		}
	}
	return s
}

func digits(s string) string {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

// values is the address of the first page of the list, without the selection.
func (s simsQuery) values() url.Values {
	v := url.Values{}
	put := func(name, value string) {
		if value != "" {
			v.Add(name, value)
		}
	}
	put("q", s.Text)
	for _, st := range s.Status {
		put("status", strconv.Itoa(int(st)))
	}
	if s.Loose {
		put("device", "none")
	}
	if s.Sort != "id" {
		put("sort", s.Sort)
	}
	if s.Per != perPages[0] {
		put("per", strconv.Itoa(s.Per))
	}
	for _, c := range s.Columns {
		put("column", c)
	}
	return v
}

// address is the canonical address, with the page and the selection.
func (s simsQuery) address() string {
	v := s.values()
	for name, value := range map[string]string{"after": s.After, "before": s.Before} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if s.Page > 1 {
		v.Set("page", strconv.Itoa(s.Page))
	}
	s.Picked.put(v)
	if len(v) == 0 {
		return "/sims"
	}
	return "/sims?" + v.Encode()
}

// first returns the query of the first page.
func (s simsQuery) first() simsQuery {
	s.After, s.Before, s.Page = "", "", 1
	return s
}

// Shows reports whether a column is shown.
func (s simsQuery) Shows(column string) bool {
	if len(s.Columns) == 0 {
		return slices.Contains(simColumnsShown, column)
	}
	return slices.Contains(s.Columns, column)
}

// Has reports whether the list is filtered by a status.
func (s simsQuery) Has(status fleet.SIMStatus) bool { return slices.Contains(s.Status, status) }

// Filtered reports whether the list leaves SIMs out.
func (s simsQuery) Filtered() bool { return s.Text != "" || len(s.Status) > 0 || s.Loose }

// byKey reports whether the list is paged by key.
func (s simsQuery) byKey() bool { return s.Sort == "id" || s.Sort == "-id" }

// Hidden are the fields that a form repeats, so that it keeps the list as it is.
func (s simsQuery) Hidden(without ...string) [][2]string {
	v := s.values()
	var fields [][2]string
	for _, name := range []string{"q", "status", "device", "sort", "per", "column"} {
		if slices.Contains(without, name) {
			continue
		}
		for _, value := range v[name] {
			fields = append(fields, [2]string{name, value})
		}
	}
	return fields
}

// simsFound is one page of the list.
type simsFound struct {
	control.SIMs
	Total int
	First int // the number of the first row, from 1
	Prev  string
	Next  string // the address of the neighbouring pages, "" for none
	Match string // the filter of the rule
	None  string // the text for an empty list
}

// searchFilters returns filters, one of which the SIMs that a person looks for may have, the most
// likely one first. Without a search text it returns one that all SIMs have. It returns none if no
// SIM can be found by the text.
func (r *request) searchFilters(words string) ([]string, error) {
	if words == "" {
		return []string{""}, nil
	}
	number := strings.NewReplacer(" ", "", "+", "", "-", "", "/", "", "(", "", ")", "").Replace(words)
	if number != "" && strings.Trim(number, "0123456789") == "" {
		switch {
		case len(number) == fleet.ICCIDLength+1:
			if id, err := fleet.ParseICCIDWithLuhn(number); err == nil {
				return []string{"iccid:" + string(id)}, nil
			}
			return nil, nil
		case strings.HasPrefix(number, "89"):
			return []string{"iccid:" + number, "msisdn:" + number}, nil
		}
		byName, err := r.deviceFilter(words)
		return append([]string{"imsi:" + number, "msisdn:" + number}, byName...), err
	}
	return r.deviceFilter(words)
}

// deviceFilter returns a filter by the devices whose name begins with a text.
func (r *request) deviceFilter(name string) ([]string, error) {
	if strings.ContainsAny(name, ",|") {
		return nil, nil
	}
	l, err := fleet.ParseList(fleet.DeviceList, "name:"+name, "id", "1", "500")
	if err != nil {
		return nil, err
	}
	found, err := r.control().ListDevices(r.Context(), r.who, l)
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}
	ids := make([]string, len(found.Items))
	for i, d := range found.Items {
		ids[i] = strconv.FormatInt(int64(d.ID), 10)
	}
	return []string{"endpoint:" + strings.Join(ids, "|")}, nil
}

// filter joins the chips and a filter of the search.
func (s simsQuery) filter(search string) string {
	var terms []string
	if search != "" {
		terms = append(terms, search)
	}
	if len(s.Status) > 0 {
		ids := make([]string, len(s.Status))
		for i, st := range s.Status {
			ids[i] = strconv.Itoa(int(st))
		}
		terms = append(terms, "status:"+strings.Join(ids, "|"))
	}
	if s.Loose {
		terms = append(terms, "endpoint:null")
	}
	return strings.Join(terms, ",")
}

// findSIMs reads one page of the list.
func (r *request) findSIMs(s simsQuery) (found simsFound, err error) {
	filters, err := r.searchFilters(s.Text)
	if err != nil {
		return found, err
	}
	for _, search := range filters {
		found.Match = s.filter(search)
		if found.SIMs, err = r.readSIMs(s, found.Match); err != nil {
			return found, err
		}
		if found.Total, err = r.totalOf(s, found); err != nil || found.Total > 0 {
			break
		}
	}
	if err == nil {
		found.place(s)
	}
	return found, err
}

// readSIMs reads the rows of a page. The page before a key is read backwards.
func (r *request) readSIMs(s simsQuery, match string) (control.SIMs, error) {
	sort, key := s.Sort, s.After
	backwards := s.byKey() && s.Before != ""
	if backwards {
		sort, key = map[string]string{"id": "-id", "-id": "id"}[s.Sort], s.Before
	}
	page := s.Page
	if s.byKey() {
		page = 1
	}
	l, err := fleet.ParseList(fleet.SIMList, match, sort, strconv.Itoa(page), strconv.Itoa(s.Per))
	if err == nil && s.byKey() {
		l, err = l.ReadAfter(key)
	}
	if err != nil {
		return control.SIMs{}, err
	}
	found, err := r.control().ListSIMs(r.Context(), r.who, l)
	if backwards {
		slices.Reverse(found.Items)
	}
	return found, err
}

// totalOf returns how many SIMs match, on all pages. With a key the rule counts only those beyond
// it.
func (r *request) totalOf(s simsQuery, found simsFound) (int, error) {
	if !s.byKey() || s.After == "" && s.Before == "" {
		return found.Page.Total, nil
	}
	l, err := fleet.ParseList(fleet.SIMList, found.Match, s.Sort, "1", "1")
	if err != nil {
		return 0, err
	}
	all, err := r.control().ListSIMs(r.Context(), r.who, l)
	return all.Total, err
}

// place finds the number of the first row and the neighbouring pages.
func (f *simsFound) place(s simsQuery) {
	rows, beyond := len(f.Items), f.Page.Total
	switch {
	case !s.byKey():
		f.First = (f.Page.Page-1)*f.PerPage + 1
	case s.Before != "":
		f.First = beyond - rows + 1
	case s.After != "":
		f.First = f.Total - beyond + 1
	default:
		f.First = 1
	}
	last := f.First + rows - 1
	step := func(change func(*simsQuery)) string {
		to := s.first()
		change(&to)
		return to.address()
	}
	if f.First > 1 {
		f.Prev = step(func(to *simsQuery) {
			if to.Page = f.Page.Page - 1; s.byKey() {
				to.Page = 1
				if rows > 0 && f.First > s.Per {
					to.Before = strconv.FormatInt(int64(f.Items[0].ID), 10)
				}
			}
		})
	}
	if rows > 0 && last < f.Total {
		f.Next = step(func(to *simsQuery) {
			if to.Page = f.Page.Page + 1; s.byKey() {
				to.Page, to.After = 1, strconv.FormatInt(int64(f.Items[rows-1].ID), 10)
			}
		})
	}
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

// after returns the address that a button of the list leads to.
func (s simsQuery) after(v url.Values) string {
	switch v.Get("go") {
	case "all":
		s.Picked = selection{All: true}
	case "none":
		s.Picked = selection{}
	case "page":
		s.Picked = s.Picked.with(idsOf(v["rows"]))
	case "next", "prev":
		to, err := url.Parse(local(v.Get(v.Get("go")), "/sims"))
		if err == nil {
			next := parseSIMs(to.Query())
			s.After, s.Before, s.Page = next.After, next.Before, next.Page
		}
	}
	return s.address()
}

func nextPer(per int) int {
	i := slices.Index(perPages, per)
	return perPages[(i+1)%len(perPages)]
}

// Sorted returns how a column is sorted, for aria-sort, and the order that its heading leads to.
func (s simsQuery) Sorted(column string) (is string) {
	switch s.Sort {
	case column:
		return "ascending"
	case "-" + column:
		return "descending"
	}
	return ""
}

// SortBy returns the address of the list in the other order of a column.
func (s simsQuery) SortBy(column string) string {
	to := s.first()
	if to.Sort = column; s.Sort == column && slices.Contains(simSorts, "-"+column) {
		to.Sort = "-" + column
	}
	return to.address()
}

// Without returns the address of the list without a filter.
func (s simsQuery) Without(filter string) string {
	to := s.first()
	switch filter {
	case "q":
		to.Text = ""
	case "status":
		to.Status = nil
	case "device":
		to.Loose = false
	default:
		to.Text, to.Status, to.Loose = "", nil, false
	}
	to.Picked = selection{}
	return to.address()
}

// WithPer returns the address of the list with other pages.
func (s simsQuery) WithPer(per int) string {
	to := s.first()
	to.Per = cmp.Or(per, perPages[0])
	return to.address()
}

// StatusWords names the statuses of the filter.
func (s simsQuery) StatusWords() string {
	words := make([]string, len(s.Status))
	for i, st := range s.Status {
		words[i] = text("status." + statusClass[st])
	}
	return strings.Join(words, " "+text("or")+" ")
}

// ExportAddress is the address of the list as a CSV file.
func (s simsQuery) ExportAddress() string {
	if v := s.values(); len(v) > 0 {
		return "/sims/export?" + v.Encode()
	}
	return "/sims/export"
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
