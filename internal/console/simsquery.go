package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// simsQuery holds the query parameters of the list of SIMs. The list is paged by key: After or
// Before is the key of the SIM next to the page, see keyOf. A list that is not sorted by id also
// has the number of the first row in its address, because nothing counts the rows before a key.
type simsQuery struct {
	Text    string // the search text
	Status  []fleet.SIMStatus
	Loose   bool // in no device
	Sort    string
	Per     int
	After   string
	Before  string
	Row     int // the number of the first row; 0 means 1
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

// simsWords are the values that the parameters of the list can have.
var simsWords = choices{
	"status": names(fleet.SIMStatuses, func(s fleet.Named[fleet.SIMStatus]) string { return strconv.Itoa(int(s.ID)) }),
	"device": {"none"}, "sort": simSorts, "per": numbers(perPages...),
}

// parseSIMs reads the address, or a form with the same fields. Invalid values have no effect.
func parseSIMs(v url.Values) simsQuery {
	s := simsQuery{
		Text: strings.TrimSpace(v.Get("q")), Loose: v.Get("device") == "none", Sort: "id", Per: perPages[0],
		Picked: parseSelection(v),
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
	s.readPlace(v)
	for _, c := range v["column"] {
		if slices.Contains(simColumns, c) {
			s.Columns = append(s.Columns, c)
		}
	}
	return s
}

// readPlace reads the position of the page from the address.
func (s *simsQuery) readPlace(v url.Values) {
	s.After, s.Before, s.Row = "", "", 0
	if s.readKey(v.Get("after")) != nil {
		s.After = v.Get("after")
	}
	if s.readKey(v.Get("before")) != nil {
		s.Before = v.Get("before")
	}
	if n, err := strconv.Atoi(v.Get("row")); err == nil && n > 1 && !s.byID() && s.After+s.Before != "" {
		s.Row = n
	}
}

// keyOf returns the key of a SIM: its id, or the value by which the list is sorted, a dot and the
// id.
func (s simsQuery) keyOf(sim fleet.SIM) string {
	id := strconv.FormatInt(int64(sim.ID), 10)
	switch strings.TrimPrefix(s.Sort, "-") {
	case "iccid":
		return string(sim.ICCID) + "." + id
	case "status":
		return strconv.Itoa(int(sim.Status)) + "." + id
	case "endpoint":
		return strconv.FormatInt(int64(sim.Device), 10) + "." + id
	}
	return id
}

// readKey reads a key, nil if it is not one.
func (s simsQuery) readKey(key string) *fleet.ListKey {
	value, id, two := strings.Cut(key, ".")
	if s.byID() {
		value, id = "0", value
	}
	k := fleet.ListKey{Value: value}
	var err error
	if k.ID, err = strconv.ParseInt(digits(id), 10, 64); err != nil || two == s.byID() {
		return nil
	}
	switch strings.TrimPrefix(s.Sort, "-") {
	case "iccid":
		if _, err := fleet.ParseICCID(value); err != nil {
			return nil
		}
		return &k
	case "status":
		if n, err := strconv.Atoi(value); err != nil || !fleet.SIMStatus(n).Known() {
			return nil
		}
	}
	if k.Value, err = strconv.ParseInt(digits(value), 10, 64); err != nil {
		return nil
	}
	return &k
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
	if s.Row > 1 && !s.byID() {
		v.Set("row", strconv.Itoa(s.Row))
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
	s.After, s.Before, s.Row = "", "", 0
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

// place returns the position of the page in a list that is sorted by id.
func (s simsQuery) place() place {
	return place{After: s.After, Before: s.Before, Sort: s.Sort, Per: s.Per}
}

// byID reports whether the list is sorted by id.
func (s simsQuery) byID() bool { return s.Sort == "id" || s.Sort == "-id" }

// list returns the request for the page, with a filter. The page before a key is read backwards.
func (s simsQuery) list(match string) (fleet.List, error) {
	if s.byID() {
		return s.place().list(fleet.SIMList, match)
	}
	sort, key := s.Sort, s.After
	if s.Before != "" {
		key = s.Before
		if sort = "-" + s.Sort; strings.HasPrefix(s.Sort, "-") {
			sort = s.Sort[1:]
		}
	}
	l, err := fleet.ParseList(fleet.SIMList, match, sort, "1", strconv.Itoa(s.Per))
	l.Beyond = s.readKey(key)
	return l, err
}

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

// filter joins a filter of the search with the filters by status and device.
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
			s.readPlace(to.Query())
		}
	}
	return s.address()
}

func nextPer(per int) int {
	i := slices.Index(perPages, per)
	return perPages[(i+1)%len(perPages)]
}

// Sorted returns how the list is sorted by a column, for aria-sort; "" if it is not.
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
