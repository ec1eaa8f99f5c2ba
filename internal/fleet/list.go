package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FieldKind is the kind of values that a list field takes.
type FieldKind int

// The kinds of list fields.
const (
	IntegerField FieldKind = iota // an id
	TextField                     // compared as a whole
	PrefixField                   // compared from its beginning
	LuhnField                     // a 20-digit ICCID with its check digit
	ICCIDField                    // a whole ICCID, of 19 digits
	TimeField                     // a day, or an instant
	TagField                      // one of several tags in a text, separated by commas; spaces are ignored
	NameField                     // an id, or the name of the object with that id
	BoolField                     // true or false
	FromField                     // from a day or an instant on
	UntilField                    // up to the end of a day, or to an instant
	NeverField                    // takes any text and never matches
)

// ListField is one property that a list can be filtered or sorted by.
type ListField struct {
	Name     string
	Kind     FieldKind
	Nullable bool // accepts the value null, "has none"
	Most     int  // the maximum number of values of one filter; 0 for no limit of its own
	NoFilter bool
	NoSort   bool
	Values   []string // every value of a TextField that has few; nil for any text
	Numbers  []int64  // every value of an IntegerField that has few; nil for any number
	Range    [2]int64 // the least and the greatest value of an IntegerField, beside Numbers; zero for none
}

// ids returns the ids of a look-up table.
func ids[T ~int8](table []Named[T]) []int64 {
	list := make([]int64, len(table))
	for i, v := range table {
		list[i] = int64(v.ID)
	}
	return list
}

// names returns the names of a look-up table.
func names[T ~int8](table []Named[T]) []string {
	list := make([]string, len(table))
	for i, v := range table {
		list[i] = v.Name
	}
	return list
}

// texts returns values as a list of texts.
func texts[T ~string](values ...T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// ListSpec describes the filters and sort keys of a list.
type ListSpec struct {
	Fields      []ListField
	DefaultSort Order
	PerPage     int
	MaxPerPage  int
}

// Order is one key of a sort.
type Order struct {
	Field      string
	Descending bool
}

// Filter selects items that have one of the values in a field; all filters of a list must
// match.
type Filter struct {
	Field   ListField
	Numbers []int64     // of an IntegerField, NameField or BoolField (1 is true)
	Texts   []string    // of the other fields; a LuhnField's as ICCIDs
	Times   []TimeRange // of a TimeField, FromField or UntilField
	Null    bool        // also matches items without a value
	Value   string      // as in the request
}

// TimeRange is the time from From (included) to Until (excluded).
type TimeRange struct{ From, Until time.Time }

// List is a request for one page of a list.
type List struct {
	Filters []Filter
	Sort    []Order
	Page    int // from 1
	PerPage int
	After   *int64   // the id of the last item already read; nil for none. Needs ByID
	Beyond  *ListKey // the item beside the page, in a list that is sorted by one field; nil for none. It replaces Page
	UpTo    *int64   // the last id to list; nil for no bound. The server sets it for a cursor that ascends
}

// ListKey is the place of an item in a list that is sorted by a field and then by id.
type ListKey struct {
	Value any // an int64, or a string
	ID    int64
}

// ByID returns whether a list is sorted by id alone, and in which direction.
func (l List) ByID() (descending, ok bool) {
	if len(l.Sort) != 1 || l.Sort[0].Field != "id" {
		return false, false
	}
	return l.Sort[0].Descending, true
}

// Page is one page of a list and its position.
type Page[T any] struct {
	Items   []T
	Total   int // over all pages
	Page    int // the number of this page: never beyond the last
	PerPage int
}

// Pages returns the number of pages; an empty list has one.
func (p Page[T]) Pages() int { return pages(p.Total, p.PerPage) }

func pages(total, perPage int) int { return max(1, (total+perPage-1)/perPage) }

// At returns the number of the page, limited by the total, and how many items precede it.
func (l List) At(total int) (page, offset int) {
	page = min(l.Page, pages(total, l.PerPage))
	return page, (page - 1) * l.PerPage
}

// ParseList reads the query parameters q, sort, page and per_page. A page or size out of bounds
// is clamped; an unknown field or value is an error.
func ParseList(spec ListSpec, q, sort, page, perPage string) (List, error) {
	l := List{Page: clampedInt(page, 1, 1<<31-1, 1), PerPage: clampedInt(perPage, 1, spec.MaxPerPage, spec.PerPage)}
	var err error
	if l.Filters, err = parseFilters(spec, q); err != nil {
		return List{}, err
	}
	l.Sort, err = parseSort(spec, sort)
	return l, err
}

// ReadAfter adds the query parameter after: a cursor, which makes the list start after the item
// with that id. Empty text adds no cursor.
func (l List) ReadAfter(after string) (List, error) {
	if after == "" {
		return l, nil
	}
	id, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		return List{}, Invalid("after", "it must be the id of the last item read, as X-Next gives it, not %q", Clip(after))
	}
	if _, ok := l.ByID(); !ok {
		return List{}, Invalid("after", "it works only in a list sorted by id: use sort=id or sort=-id")
	}
	if l.Page > 1 {
		return List{}, Invalid("after", "it replaces page: leave page out")
	}
	l.After = &id
	return l, nil
}

// clampedInt parses an integer; below low it returns fallback, above high it returns high.
func clampedInt(s string, low, high, fallback int) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	tooLarge := err != nil && strings.Trim(s, "0123456789") == "" && s != ""
	switch {
	case tooLarge || (err == nil && n > high):
		return high
	case err != nil || n < low:
		return fallback
	}
	return n
}

func parseSort(spec ListSpec, sort string) ([]Order, error) {
	if strings.TrimSpace(sort) == "" {
		return []Order{spec.DefaultSort}, nil
	}
	var orders []Order
	for _, key := range strings.Split(sort, ",") {
		name, desc, err := sortKey(key)
		if err != nil {
			return nil, err
		}
		f, ok := spec.field(name)
		if !ok || f.NoSort {
			return nil, &Error{Code: BadSort, Field: "sort", Message: "cannot sort by \"" + Clip(name) + "\"; known: " + spec.names(func(f ListField) bool { return !f.NoSort })}
		}
		if !sortsBy(orders, f.Name) { // a repeated key has no effect
			orders = append(orders, Order{f.Name, desc})
		}
	}
	return orders, nil
}

// sortKey splits one key of a sort. A leading "-" means descending; a leading "+", or the space
// that a "+" in a query string decodes to, means ascending. Two signs are an error.
func sortKey(key string) (name string, descending bool, err error) {
	key = strings.TrimRight(key, " \t\r\n")
	name = strings.TrimLeft(key, " +-")
	switch sign := key[:len(key)-len(name)]; {
	case sign == "-":
		return name, true, nil
	case sign == "", sign == " ", strings.HasPrefix(sign, "+") && strings.Trim(sign[1:], " ") == "":
		return name, false, nil
	}
	return "", false, &Error{Code: BadSort, Field: "sort", Message: fmt.Sprintf(
		"sort: %q has more than one sign (a space counts as +): write %s for ascending or -%s for descending", Clip(key), Clip(name), Clip(name))}
}

func sortsBy(orders []Order, field string) bool {
	return slices.ContainsFunc(orders, func(o Order) bool { return o.Field == field })
}

func (spec ListSpec) field(name string) (ListField, bool) {
	for _, f := range spec.Fields {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return ListField{}, false
}

// Field returns the field of a name, whatever its case.
func (spec ListSpec) Field(name string) (ListField, bool) { return spec.field(name) }

func (spec ListSpec) names(keep func(ListField) bool) string {
	var names []string
	for _, f := range spec.Fields {
		if keep(f) {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Selective reports whether a filter names its items individually, so the list is short.
func (l List) Selective() bool {
	for _, f := range l.Filters {
		switch f.Field.Name {
		case "id", "iccid", "iccid_with_luhn", "imsi", "msisdn", "eid":
			if f.Field.Kind == IntegerField || len(f.Value) >= 10*max(1, len(f.Texts)) {
				return true
			}
		}
	}
	return false
}
