package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

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
	Lost    bool // a filter could not be read, so that the list has more than was asked for
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
		s.Text, s.Lost = strings.ToValidUTF8(s.Text[:100], ""), true
	}
	s.Lost = s.Lost || s.Picked.Lost || v.Get("device") != "" && !s.Loose
	s.readStatuses(v["status"])
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

// readStatuses reads the statuses of a filter.
func (s *simsQuery) readStatuses(list []string) {
	for _, text := range list {
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || !fleet.SIMStatus(n).Known() || n >= 100:
			s.Lost = s.Lost || text != ""
		case !slices.Contains(s.Status, fleet.SIMStatus(n)):
			s.Status = append(s.Status, fleet.SIMStatus(n))
		}
	}
}

// exact refuses a list or a selection that is not what the address says. A page may show it; what
// changes, moves or exports SIMs may not use it.
func (s simsQuery) exact() error {
	if s.Lost {
		return fleet.Errorf(fleet.BadRequest, "%s", text("error.selection"))
	}
	return nil
}

func digits(s string) string {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

// values returns the address of the first page of the list, without the selection.
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

// address returns the canonical address, with the page and the selection.
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

// Address returns the canonical address, for templates.
func (s simsQuery) Address() string { return s.address() }

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

// place returns where the reader is in a list that is paged by key.
func (s simsQuery) place() place {
	return place{After: s.After, Before: s.Before, Sort: s.Sort, Per: s.Per}
}

// byKey reports whether the list is paged by key.
func (s simsQuery) byKey() bool { return s.Sort == "id" || s.Sort == "-id" }

// Hidden returns the fields that a form repeats, so that it keeps the list as it is.
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

// ExportAddress returns the address of the list as a CSV file.
func (s simsQuery) ExportAddress() string {
	if v := s.values(); len(v) > 0 {
		return "/sims/export?" + v.Encode()
	}
	return "/sims/export"
}
