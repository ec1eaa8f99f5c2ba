package model

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query is a request for one page of a list. Page and PerPage are left out if they are 0.
type Query struct {
	Filters       []Filter
	Sort          []string // -field for descending
	Page, PerPage int
	After         *int64 // a cursor: the id of the last item read
}

// Filter matches items that have one of the values.
type Filter struct {
	Field  string
	Values []string
}

// row is one item of a list: its fields (int64, string, time.Time, or nil for none) and
// its body.
type row struct {
	fields map[string]any
	body   func() object
}

// kinds of fields: what values they take.
type kind int

const (
	whole kind = iota
	wholeOrNull
	text
	prefix
	luhn
	instant
	tagged
	wholes // has one of several ids
	numbers
	numbersLuhn
	since
	before
)

// listing describes the filters and orders of a list.
type listing struct {
	fields     map[string]kind
	descending bool // by id, unless sorted
	perPage    int
	most       int
	unsorted   []string // fields that do not sort
}

func (l listing) find(name string) (string, kind, bool) {
	for field, k := range l.fields {
		if strings.EqualFold(field, name) {
			return field, k, true
		}
	}
	return "", 0, false
}

// page returns the response to a request for a list.
func (l listing) page(rows []row, q Query) Answer {
	for _, f := range q.Filters {
		field, k, known := l.find(f.Field)
		if !known {
			return refusal(422, 1301, "InvalidQueryCriteria")
		}
		var kept []row
		for _, v := range f.Values {
			if !k.takes(v) {
				return refusal(422, 1301, "InvalidQueryCriteria")
			}
		}
		for _, r := range rows {
			if slices.ContainsFunc(f.Values, func(v string) bool { return k.matches(r.fields[field], v) }) {
				kept = append(kept, r)
			}
		}
		rows = kept
	}
	for _, s := range q.Sort {
		if field, _, known := l.find(strings.TrimPrefix(s, "-")); !known || slices.Contains(l.unsorted, field) {
			return refusal(422, 1302, "InvalidSortCriteria")
		}
	}
	keys, fields := l.orders(q.Sort)
	byID := len(fields) == 1
	if q.After != nil {
		if !byID || q.Page > 1 {
			return badRequest()
		}
		rows = slices.DeleteFunc(rows, func(r row) bool {
			beyond := cmp.Compare(r.fields["id"].(int64), *q.After) //nolint:errcheck,forcetypeassert // every list has ids
			if strings.HasPrefix(keys[0], "-") {
				beyond = -beyond
			}
			return beyond <= 0
		})
	}
	l.sort(rows, keys, fields)
	return l.cut(rows, q, byID)
}

// takes reports whether the field can have a value.
func (k kind) takes(v string) bool {
	switch k {
	case whole, wholeOrNull, wholes:
		_, err := strconv.ParseInt(v, 10, 64)
		return err == nil || k == wholeOrNull && v == "null"
	case numbers:
		return nineteenDigits(v)
	case luhn, numbersLuhn:
		return len(v) == 20 && nineteenDigits(v[:19]) && withLuhn(v[:19]) == v
	case instant, since, before:
		_, _, fine := span(v)
		return fine
	}
	return v != ""
}

func (k kind) matches(field any, v string) bool {
	switch k {
	case whole, wholeOrNull:
		if v == "null" {
			return field == nil
		}
		n, _ := strconv.ParseInt(v, 10, 64)
		return field == n
	case prefix:
		s, is := field.(string)
		return is && strings.HasPrefix(s, v)
	case luhn:
		return field == v
	case wholes:
		ids, _ := field.([]int64)
		n, _ := strconv.ParseInt(v, 10, 64)
		return slices.Contains(ids, n)
	case numbers, numbersLuhn:
		list, _ := field.([]string)
		return slices.Contains(list, v[:19])
	case since, before, instant:
		return k.within(field, v)
	case tagged:
		s, is := field.(string)
		return is && slices.Contains(strings.Split(strings.ReplaceAll(s, " ", ""), ","), strings.ReplaceAll(v, " ", ""))
	}
	return field == v
}

// within reports whether an instant is in a span, after its start, or before its end.
func (k kind) within(field any, v string) bool {
	from, until, _ := span(v)
	t, is := field.(time.Time)
	return is && (k == before || !t.Before(from)) && (k == since || t.Before(until))
}

// span returns a whole day, or the millisecond of an instant.
func span(v string) (from, until time.Time, fine bool) {
	if day, err := time.Parse("2006-01-02", v); err == nil {
		return day, day.AddDate(0, 0, 1), true
	}
	t, err := time.Parse(time.RFC3339, v)
	return t, t.Add(time.Millisecond), err == nil
}

// sort orders rows; what has no value comes first, as in SQLite. Ties go by id, in the
// direction of the last key.
func (l listing) sort(rows []row, keys, fields []string) {
	slices.SortStableFunc(rows, func(a, b row) int {
		for i, key := range keys {
			c := compare(a.fields[fields[i]], b.fields[fields[i]])
			if strings.HasPrefix(key, "-") {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

// orders drops a field that comes again, and appends the id unless it is the only field.
func (l listing) orders(asked []string) (keys, fields []string) {
	if len(asked) == 0 {
		asked = []string{map[bool]string{false: "id", true: "-id"}[l.descending]}
	}
	for _, key := range asked {
		field, _, _ := l.find(strings.TrimPrefix(key, "-"))
		if !slices.Contains(fields, field) {
			keys, fields = append(keys, key), append(fields, field)
		}
	}
	if len(fields) == 1 && fields[0] == "id" {
		return keys, fields
	}
	if strings.HasPrefix(keys[len(keys)-1], "-") {
		return append(keys, "-id"), append(fields, "id")
	}
	return append(keys, "id"), append(fields, "id")
}

func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch x := a.(type) {
	case int64:
		y, _ := b.(int64)
		return cmp.Compare(x, y)
	case string:
		y, _ := b.(string)
		return cmp.Compare(x, y)
	case time.Time:
		y, _ := b.(time.Time)
		return x.Compare(y)
	}
	panic("a field of an unknown type")
}

// cut returns one page and its position.
func (l listing) cut(rows []row, q Query, byID bool) Answer {
	per := q.PerPage
	if per < 1 {
		per = l.perPage
	}
	per = min(per, l.most)
	pages := max(1, (len(rows)+per-1)/per)
	page := min(max(1, q.Page), pages)
	body := []any{}
	for i := (page - 1) * per; i < page*per && i < len(rows); i++ {
		body = append(body, rows[i].body())
	}
	next := "" // the cursor of the page behind this one
	if last := page * per; byID && page < pages {
		next = number(rows[last-1].fields["id"].(int64)) //nolint:errcheck,forcetypeassert // every list has ids
	}
	return ok(body).with("X-Next", next).with("X-Total-Count", strconv.Itoa(len(rows))).with("X-Current-Page", strconv.Itoa(page)).
		with("X-Total-Pages", strconv.Itoa(pages)).with("X-Count-Per-Page", strconv.Itoa(per))
}
