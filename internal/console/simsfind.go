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

// searchFilters returns the filters to try for a search text, the most likely one first. For an
// empty text it returns the empty filter, which all SIMs match. It returns none if no SIM can match
// the text.
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
	found, err := r.control().ListDevices(r.Context(), r.caller, l)
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
	l, err := s.list(found.Match)
	if err != nil {
		return err
	}
	match, all := l, l
	match.After, all.After, all.Beyond, all.Filters = nil, nil, nil, nil
	all.Sort = []fleet.Order{fleet.SIMList.DefaultSort}
	var others []fleet.List
	if l.After != nil {
		others = append(others, match)
	}
	if len(l.Filters) > 0 {
		others = append(others, all)
	}
	var totals []int
	found.SIMs, totals, err = r.control().ListAndCountSIMs(r.Context(), r.caller, l, others...)
	if err != nil {
		return err
	}
	if s.Before != "" && (l.After != nil || l.Beyond != nil) {
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
	total := f.Total
	rows, to := len(f.Items), s.first()
	if s.byID() {
		f.pager = pagerOf(s.place(), f.Items, f.Page.Total, total, func(s fleet.SIM) int64 { return int64(s.ID) }, func(after, before string) string {
			to.After, to.Before = after, before
			return to.address()
		})
		return
	}
	f.First = min(max(1, s.Row), max(1, total-rows+1))
	if s.After == "" && s.Before == "" || s.Before != "" && rows < s.Per {
		f.First = 1
	}
	f.Last = f.First + rows - 1
	if f.First > 1 {
		to := s.first()
		if rows > 0 && f.First > s.Per {
			to.Before, to.Row = s.keyOf(f.Items[0]), f.First-s.Per
		}
		f.Prev = to.address()
	}
	if rows > 0 && f.Last < total {
		to.After, to.Row = s.keyOf(f.Items[rows-1]), f.Last+1
		f.Next = to.address()
	}
}
