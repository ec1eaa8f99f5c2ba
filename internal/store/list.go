package store

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// where builds the condition of a list and numbers its arguments.
type where struct {
	tx    *Tx
	terms []string
	args  []any

	// within are the conditions for text fields whose column is in another table: a column in
	// braces is replaced by the alternatives for it.
	within map[string]string

	// special are the conditions for fields that no column or table alone decides.
	special map[string]specialFilter
}

// specialFilter returns the condition of a filter.
type specialFilter func(w *where, f fleet.Filter) string

// arg adds an argument and returns its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// and adds a condition that must hold as well.
func (w *where) and(term string) { w.terms = append(w.terms, "("+term+")") }

// in returns the condition "the column has one of the values", with one parameter for any
// number of values.
func (w *where) in(column string, values any) string {
	array := "= ANY(%s)"
	if _, is := values.([]int64); is { // or PostgreSQL refuses what is too large for the column
		array = "= ANY(%s::bigint[])"
	}
	return column + " " + w.tx.dialectSQL("IN (SELECT value FROM json_each(%s))", array, w.arg(values))
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return "TRUE"
	}
	return strings.Join(w.terms, " AND ")
}

// filter adds the conditions of a list; columns names the column of each field.
func (w *where) filter(l fleet.List, columns map[string]string) {
	for _, f := range l.Filters {
		w.and(joinOr(w.alternatives(f, columns[f.Field.Name])))
	}
	if l.After != nil {
		w.and(columns["id"] + beyond(l) + w.arg(*l.After))
	}
	if l.UpTo != nil {
		w.and(columns["id"] + " <= " + w.arg(*l.UpTo))
	}
}

// beyond returns the comparison with the cursor of a list.
func beyond(l fleet.List) string {
	if descending, _ := l.ByID(); descending {
		return " < "
	}
	return " > "
}

// alternatives returns the values of one filter. Numbers are compared as 64 bits for any
// column: PostgreSQL fails on a number that is too large for a SMALLINT instead of finding
// nothing.
func (w *where) alternatives(f fleet.Filter, column string) []string {
	var terms []string
	if f.Field.Kind == fleet.NeverField {
		return []string{"FALSE"}
	}
	if condition, is := w.special[f.Field.Name]; is {
		return []string{condition(w, f)}
	}
	if condition, elsewhere := w.within[f.Field.Name]; elsewhere && len(f.Texts) > 0 {
		inside := fleet.Filter{Field: fleet.ListField{Kind: f.Field.Kind}, Texts: f.Texts}
		terms = append(terms, inBraces.ReplaceAllStringFunc(condition, func(column string) string {
			return "(" + strings.Join(w.alternatives(inside, strings.Trim(column, "{}")), " OR ") + ")"
		}))
		f.Texts = nil
	}
	if f.Null {
		terms = append(terms, column+" IS NULL")
	}
	switch len(f.Numbers) {
	case 0:
	case 1: // with an equality an index can also provide the order
		terms = append(terms, column+" = "+w.arg(f.Numbers[0])+w.tx.dialectSQL("", "::bigint"))
	default:
		terms = append(terms, column+w.tx.dialectSQL(" IN (SELECT value FROM json_each(%s))", " = ANY(%s::bigint[])", w.arg(arrayParam(w.tx, f.Numbers))))
	}
	terms = append(terms, w.textAlternatives(f, column)...)
	for _, r := range f.Times {
		switch f.Field.Kind {
		case fleet.FromField:
			terms = append(terms, column+" >= "+w.arg(micros(r.From)))
			continue
		case fleet.UntilField:
			terms = append(terms, column+" < "+w.arg(micros(r.Until)))
			continue
		}
		terms = append(terms, fmt.Sprintf("%s >= %s AND %s < %s", column, w.arg(micros(r.From)), column, w.arg(micros(r.Until))))
	}
	return terms
}

// textAlternatives returns the texts of one filter. Hundreds of exact ones are one condition: an
// engine would take longer to plan alternatives than to read.
func (w *where) textAlternatives(f fleet.Filter, column string) (terms []string) {
	var exact []string
	for _, text := range f.Texts {
		if isUsername[column] {
			text = strings.ToLower(text)
		}
		switch kind := f.Field.Kind; {
		case kind == fleet.PrefixField && (!isICCID[column] || len(text) != fleet.ICCIDLength):
			terms = append(terms, fmt.Sprintf("%s >= %s AND %s < %s", column, w.arg(text), column, w.arg(prefixEnd(text))))
		case kind == fleet.TagField:
			terms = append(terms, w.tagged(column, text))
		default:
			exact = append(exact, text)
		}
	}
	switch len(exact) {
	case 0:
		return terms
	case 1:
		return append(terms, column+" = "+w.arg(exact[0]))
	}
	return append(terms, column+w.tx.dialectSQL(" IN (SELECT value FROM json_each(%s))", " = ANY(%s::text[])", w.arg(arrayParam(w.tx, exact))))
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// tagged returns the condition "the column, a comma-separated list, has this tag". Spaces are
// ignored.
func (w *where) tagged(column, tag string) string {
	tag = "," + strings.ReplaceAll(tag, " ", "") + ","
	return fmt.Sprintf(w.tx.dialectSQL("instr(%s, %s) > 0", "strpos(%s, %s) > 0"), "',' || replace("+column+", ' ', '') || ','", w.arg(tag))
}

// isICCID are the columns of ICCIDs, which all have the same length.
var isICCID = map[string]bool{"s.iccid": true, "x.iccid": true, simOfDevice("iccid"): true, ofEventSIM("iccid"): true}

// isUsername are the columns of user names. They hold lower case, and a filter ignores case.
var isUsername = map[string]bool{"u.username": true}

// prefixEnd returns a text that sorts after all texts with the prefix: keys compare bytewise,
// and no UTF-8 text has a byte 0xFF, whose rune stands for it here.
func prefixEnd(prefix string) string { return prefix + "\U0010FFFF" }

// mayBeNull are the columns that need NULLS FIRST or LAST on PostgreSQL, which by default sorts
// NULL last, while SQLite sorts it first. Other columns go without, because PostgreSQL uses an
// index only for exactly the index's order.
var mayBeNull = map[string]bool{
	"s.device_id": true, "s.reseller_id": true, simOfDevice("id"): true, simOfDevice("status"): true,
	"d.service_profile_id": true, "d.tariff_profile_id": true, "e.sim_id": true, "e.device_id": true, "e.user_id": true, "m.user_id": true,
	"t.expires_at": true, "w.parent_id": true, "u.default_workspace_id": true,
	"a.user_id": true, "a.token_id": true, "a.ledger_id": true,
}

// orderBy builds the ORDER BY clause. It ends with the id, so that pages never overlap.
func (w *where) orderBy(l fleet.List, columns map[string]string) string {
	var keys []string
	ends := false
	for _, o := range l.Sort {
		ends = ends || o.Field == "id"
		keys = append(keys, w.sortKey(columns[o.Field], o.Descending))
	}
	if !ends {
		keys = append(keys, w.sortKey(columns["id"], l.Sort[len(l.Sort)-1].Descending))
	}
	return strings.Join(keys, ", ")
}

func (w *where) sortKey(column string, descending bool) string {
	key, nulls := column, " NULLS FIRST"
	if descending {
		key, nulls = column+" DESC", " NULLS LAST"
	}
	if mayBeNull[column] {
		key += w.tx.dialectSQL("", nulls)
	}
	return key
}

func joinOr(terms []string) string { return strings.Join(terms, " OR ") }
