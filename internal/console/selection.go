package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// maxPicked is the most SIMs of a selection that names each, and the most exceptions of one that
// does not. Addresses with more would be too long.
const maxPicked = 1500

// selection is a choice of SIMs over all pages of a list: these SIMs, or all that match except
// these. It travels in addresses and forms:
//
//	sel=250,251        the SIMs, or the exceptions with all=1
//	rows=250,251,252   the SIMs with a box in the form that was sent
//	sim=250&sim=252    the boxes that are checked
type selection struct {
	All  bool
	IDs  []int64 // ascending
	Lost bool    // the address selects more SIMs, or contains something that is not an id
	most int     // the most IDs of a selection that forms carry; 0 for maxPicked
}

func parseSelection(v url.Values) selection { return parseLongSelection(v, 0) }

// parseLongSelection reads a selection with more ids than maxPicked.
func parseLongSelection(v url.Values, most int) selection {
	s := selection{All: v.Get("all") == "1", most: most}
	s.IDs, s.Lost = readIDs(v["sel"])
	rows, lostRow := readIDs(v["rows"])
	checked, lostBox := readIDs(v["sim"])
	s.Lost = s.Lost || lostRow || lostBox
	s.IDs = slices.DeleteFunc(s.IDs, func(id int64) bool { return slices.Contains(rows, id) })
	for _, id := range rows {
		if slices.Contains(checked, id) != s.All {
			s.IDs = append(s.IDs, id)
		}
	}
	if len(rows) == 0 && !s.All {
		s.IDs = append(s.IDs, checked...)
	}
	return s.tidy()
}

func (s selection) tidy() selection {
	slices.Sort(s.IDs)
	s.IDs = slices.Compact(s.IDs)
	if most := cmp.Or(s.most, maxPicked); len(s.IDs) > most {
		s.IDs, s.Lost = s.IDs[:most], true
	}
	return s
}

// with adds SIMs to the selection.
func (s selection) with(ids []int64) selection {
	if s.All {
		s.IDs = slices.DeleteFunc(slices.Clone(s.IDs), func(id int64) bool { return slices.Contains(ids, id) })
		return s
	}
	s.IDs = append(slices.Clone(s.IDs), ids...)
	return s.tidy()
}

// Has reports whether a SIM that matches is selected.
func (s selection) Has(id int64) bool {
	_, named := slices.BinarySearch(s.IDs, id)
	return named != s.All
}

// HasSIM calls Has for templates.
func (s selection) HasSIM(id fleet.SIMID) bool { return s.Has(int64(id)) }

// count returns how many SIMs are selected, if total match.
func (s selection) count(total int) int {
	if s.All {
		return max(0, total-len(s.IDs))
	}
	return len(s.IDs)
}

// Full reports whether the selection can name no more SIMs; the page says so then.
func (s selection) Full() bool { return len(s.IDs) == maxPicked }

// List returns the value of sel.
func (s selection) List() string { return listOf(s.IDs) }

func listOf(ids []int64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(words, ",")
}

// put adds the selection to an address.
func (s selection) put(v url.Values) {
	if s.All {
		v.Set("all", "1")
	}
	if len(s.IDs) > 0 {
		v.Set("sel", s.List())
	}
}

// idsOf reads lists of ids, separated by commas. It ignores everything except positive whole
// numbers.
func idsOf(lists []string) []int64 {
	ids, _ := readIDs(lists)
	return ids
}

// readIDs is like idsOf, and reports whether something was ignored.
func readIDs(lists []string) (ids []int64, lost bool) {
	for _, list := range lists {
		for word := range strings.SplitSeq(list, ",") {
			n, err := strconv.ParseInt(word, 10, 64)
			switch {
			case err == nil && n > 0:
				ids = append(ids, n)
			case word != "":
				lost = true
			}
		}
	}
	return ids, lost
}
