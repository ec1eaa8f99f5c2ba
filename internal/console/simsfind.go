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
	pager
	All   int    // SIMs of the Workspace, whatever the filters
	Match string // the filter of the rule
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
		found.setPager(s)
	}
	return found, err
}

// readSIMs reads the rows of a page and the totals. With a key the rule counts only the SIMs beyond
// it.
func (r *request) readSIMs(s simsQuery, found *simsFound) error {
	var l fleet.List
	var err error
	if s.byKey() {
		l, err = s.place().list(fleet.SIMList, found.Match)
	} else {
		l, err = fleet.ParseList(fleet.SIMList, found.Match, s.Sort, strconv.Itoa(s.Page), strconv.Itoa(s.Per))
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
	if l.After != nil && s.Before != "" {
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

// setPager sets the numbers of the rows and the neighbouring pages.
func (f *simsFound) setPager(s simsQuery) {
	step := func(page int, after, before string) string {
		to := s.first()
		to.Page, to.After, to.Before = page, after, before
		return to.address()
	}
	if s.byKey() {
		f.pager = pagerOf(s.place(), f.Items, f.Page.Total, f.Total, func(s fleet.SIM) int64 { return int64(s.ID) }, func(after, before string) string {
			return step(1, after, before)
		})
		return
	}
	f.First = (f.Page.Page-1)*f.PerPage + 1
	f.Last = f.First + len(f.Items) - 1
	if f.First > 1 {
		f.Prev = step(f.Page.Page-1, "", "")
	}
	if len(f.Items) > 0 && f.Last < f.Total {
		f.Next = step(f.Page.Page+1, "", "")
	}
}
