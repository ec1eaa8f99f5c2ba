package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// simsFound is one page of the list.
type simsFound struct {
	control.SIMs
	Total int
	All   int // SIMs of the Workspace, whatever the filters
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

// findSIMs reads one page of the list, and counts all that match and all of the Workspace.
func (r *request) findSIMs(s simsQuery) (found simsFound, err error) {
	filters, err := r.searchFilters(s.Text)
	if err != nil {
		return found, err
	}
	if filters == nil { // nothing can match, but the Workspace is counted
		found.Match = s.filter("id:0")
		err = r.readSIMs(s, &found)
		return found, err
	}
	for _, search := range filters {
		found.Match = s.filter(search)
		if err = r.readSIMs(s, &found); err != nil || found.Total > 0 {
			break
		}
	}
	if err == nil {
		found.place(s)
	}
	return found, err
}

// readSIMs reads the rows of a page and the totals. The page before a key is read backwards. With a
// key the rule counts only the SIMs beyond it.
func (r *request) readSIMs(s simsQuery, found *simsFound) error {
	sort, key := s.Sort, s.After
	backwards := s.byKey() && s.Before != ""
	if backwards {
		sort, key = map[string]string{"id": "-id", "-id": "id"}[s.Sort], s.Before
	}
	page := s.Page
	if s.byKey() {
		page = 1
	}
	l, err := fleet.ParseList(fleet.SIMList, found.Match, sort, strconv.Itoa(page), strconv.Itoa(s.Per))
	if err == nil && s.byKey() {
		l, err = l.ReadAfter(key)
	}
	if err != nil {
		return err
	}
	match, all := l, l
	match.After, all.After, all.Filters = nil, nil, nil
	all.Sort, all.Page = []fleet.Order{fleet.SIMList.DefaultSort}, 1
	var others []fleet.List
	if l.After != nil {
		others = append(others, match)
	}
	if len(l.Filters) > 0 {
		others = append(others, all)
	}
	var totals []int
	found.SIMs, totals, err = r.control().ListAndCountSIMs(r.Context(), r.who, l, others...)
	if err != nil {
		return err
	}
	if backwards {
		slices.Reverse(found.Items)
	}
	found.Total = found.Page.Total
	if l.After != nil {
		found.Total, totals = totals[0], totals[1:]
	}
	found.All = found.Total
	if len(l.Filters) > 0 {
		found.All = totals[0]
	}
	return nil
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
