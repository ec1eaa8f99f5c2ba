package fleet

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of a query. They keep statements within what an engine accepts and can execute
// quickly. Integers are passed as one list, so their number is not limited.
const (
	maxFilters = 50
	maxValues  = 500
)

// parseFilters reads q: field:value,field:value, several values separated by |.
func parseFilters(spec ListSpec, q string) ([]Filter, error) {
	if strings.TrimSpace(q) == "" {
		return nil, nil
	}
	parts := strings.Split(q, ",")
	if len(parts) > maxFilters {
		return nil, badQuery("at most %d filters in one request", maxFilters)
	}
	var filters []Filter
	used := 0
	for _, part := range parts {
		name, values, ok := strings.Cut(part, ":")
		if !ok {
			return nil, badQuery("%q has no value: write field:value", Clip(part))
		}
		field, known := spec.field(strings.TrimSpace(name))
		if !known || field.NoFilter {
			return nil, badQuery("cannot filter by %q; known: %s", Clip(name), spec.names(func(f ListField) bool { return !f.NoFilter }))
		}
		f, err := parseFilter(field, values)
		if err != nil {
			return nil, err
		}
		if used += len(f.Texts) + len(f.Times); used > maxValues {
			return nil, badQuery("at most %d texts and dates in one request", maxValues)
		}
		f.Numbers, f.Texts = Once(f.Numbers), Once(f.Texts) // a list that is read value by value has each item once
		filters = append(filters, f)
	}
	return filters, nil
}

func badQuery(format string, args ...any) error {
	return &Error{Code: BadQuery, Field: "q", Message: "q: " + fmt.Sprintf(format, args...)}
}

func parseFilter(field ListField, values string) (Filter, error) {
	f := Filter{Field: field, Value: values}
	list := strings.Split(values, "|")
	if field.Most > 0 && len(list) > field.Most {
		return Filter{}, badQuery("%s takes at most %d values, not %d: send several requests", field.Name, field.Most, len(list))
	}
	for _, v := range list {
		v = strings.TrimSpace(v)
		if field.Nullable && v == "null" {
			f.Null = true
			continue
		}
		if err := f.add(v); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

func (f *Filter) add(v string) error {
	switch f.Field.Kind {
	case IntegerField:
		n, err := strconv.ParseInt(strings.TrimSuffix(v, ".0"), 10, 64)
		if err != nil {
			return badQuery("%s takes a whole number, not %q", f.Field.Name, Clip(v))
		}
		if !f.Field.takes(n) {
			return badQuery("%s takes %s, not %d", f.Field.Name, f.Field.numbers(), n)
		}
		f.Numbers = append(f.Numbers, n)
	case LuhnField:
		id, err := ParseICCIDWithLuhn(v)
		if err != nil || len(v) == ICCIDLength {
			return badQuery("%s takes 20 digits with their check digit, not %q", f.Field.Name, Clip(v))
		}
		f.Texts = append(f.Texts, string(id))
	case ICCIDField:
		if _, err := ParseICCID(v); err != nil {
			return badQuery("%s takes a whole ICCID: %v", f.Field.Name, err)
		}
		f.Texts = append(f.Texts, v)
	case BoolField:
		n, ok := map[string]int64{"false": 0, "true": 1}[v]
		if !ok {
			return badQuery("%s takes true or false, not %q", f.Field.Name, Clip(v))
		}
		f.Numbers = append(f.Numbers, n)
	case TimeField, FromField, UntilField:
		r, ok := parseTimeRange(v)
		if !ok {
			return badQuery("%s takes a day (2021-11-18) or an instant (2021-11-18T08:25:53Z), not %q", f.Field.Name, Clip(v))
		}
		f.Times = append(f.Times, r)
	default:
		return f.addText(v)
	}
	return nil
}

// takes reports whether an IntegerField can have a value.
func (f ListField) takes(n int64) bool {
	ranged := f.Range != [2]int64{}
	switch {
	case f.Numbers == nil && !ranged, slices.Contains(f.Numbers, n):
		return true
	default:
		return ranged && f.Range[0] <= n && n <= f.Range[1]
	}
}

// numbers describes the values of an IntegerField.
func (f ListField) numbers() string {
	words := make([]string, 0, len(f.Numbers)+1)
	if f.Range != [2]int64{} {
		words = append(words, fmt.Sprintf("a number from %d to %d", f.Range[0], f.Range[1]))
	}
	for _, n := range f.Numbers {
		words = append(words, strconv.FormatInt(n, 10))
	}
	return shortList(words)
}

// shortList returns the values as a list that ends in "or", and a long list as three examples.
func shortList[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	if len(words) > 12 {
		return "one of " + strconv.Itoa(len(words)) + " values, such as " + orList(strings.Join(words[:3], ", "))
	}
	return orList(strings.Join(words, ", "))
}

// addText adds a value of a field that holds text. A NameField takes an id as well.
func (f *Filter) addText(v string) error {
	if v == "" {
		return badQuery("%s has no value", f.Field.Name)
	}
	if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
		return badQuery("%s has a value that is not text", f.Field.Name)
	}
	if known := f.Field.Values; known != nil && !slices.Contains(known, v) {
		return badQuery("%s takes %s, not %q", f.Field.Name, shortList(known), Clip(v))
	}
	f.Texts = append(f.Texts, v)
	if n, err := strconv.ParseInt(strings.TrimSuffix(v, ".0"), 10, 64); err == nil && f.Field.Kind == NameField {
		f.Numbers = append(f.Numbers, n)
	}
	return nil
}

// parseTimeRange parses a day as the whole day, and an instant as its millisecond. The + of an
// offset may have become a space, as in a query string that was not percent-encoded.
func parseTimeRange(v string) (TimeRange, bool) {
	if day, err := time.Parse(time.DateOnly, v); err == nil {
		return TimeRange{day, day.AddDate(0, 0, 1)}, true
	}
	v = spacedOffset.ReplaceAllString(v, "+$1")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, v); err == nil {
			return TimeRange{t, t.Add(time.Millisecond)}, true
		}
	}
	return TimeRange{}, false
}

var spacedOffset = regexp.MustCompile(` (\d\d:?\d\d)$`)
