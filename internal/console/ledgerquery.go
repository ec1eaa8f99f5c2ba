package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/simferry/simferry/internal/fleet"
)

// ledgerQuery holds the query parameters of the ledger.
type ledgerQuery struct {
	Text           string            // the search text: an ICCID, or a reference
	Source, Target fleet.WorkspaceID // 0 for any
	SIM            fleet.SIMID
	User           string // an id, or an e-mail address
	From, Until    string // days, both included
	Place          place

	own  fleet.WorkspaceID // the caller's
	days int               // of the period up to today, 0 for all
}

const ledgerRows = 25

// ledgerPeriods are the periods that a person can choose, in days.
var ledgerPeriods = []int{30, 90, 365}

// parseLedger reads the address. Invalid values have no effect. dir and days are the quick choices
// of the form: they become filters.
func parseLedger(v url.Values, own fleet.WorkspaceID, today time.Time) ledgerQuery {
	q := ledgerQuery{
		Text: clipped(v.Get("q")), Source: fleet.WorkspaceID(number64(v.Get("source"))), Target: fleet.WorkspaceID(number64(v.Get("target"))),
		SIM: fleet.SIMID(number64(v.Get("sim"))), User: clipped(v.Get("user")), From: dayText(v.Get("from")), Until: dayText(v.Get("until")),
		Place: placeOf(v, "-id", ledgerRows), own: own,
	}
	switch v.Get("dir") {
	case "in":
		q.Target = own
	case "out":
		q.Source = own
	}
	for _, days := range ledgerPeriods {
		from := today.AddDate(0, 0, -days).Format(time.DateOnly)
		if v.Get("days") == strconv.Itoa(days) {
			q.From, q.Until = from, ""
		}
		if q.From == from && q.Until == "" {
			q.days = days
		}
	}
	return q
}

// exact refuses an address with a filter that has no effect. The page may show such a list; an
// export would have more entries than were asked for.
func (q ledgerQuery) exact(v url.Values) error {
	lost := !slices.Contains([]string{"", "in", "out"}, v.Get("dir")) || v.Get("days") != "" && v.Get("days") != "0" && q.days == 0
	for name, kept := range map[string]bool{
		"q": q.Text == strings.TrimSpace(v.Get("q")), "user": q.User == strings.TrimSpace(v.Get("user")), "source": q.Source != 0, "target": q.Target != 0,
		"sim": q.SIM != 0, "from": dayText(v.Get("from")) != "", "until": dayText(v.Get("until")) != "",
	} {
		lost = lost || v.Get(name) != "" && !kept
	}
	if lost {
		return fleet.Errorf(fleet.BadRequest, "%s", text("error.filter"))
	}
	return nil
}

// clipped returns a text of a form without what no search can find.
func clipped(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))
	for utf8.RuneCountInString(s) > fleet.MaxReference {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

func number64(s string) int64 {
	n, _ := strconv.ParseInt(digits(s), 10, 64) // 0 for a text without digits
	return n
}

func dayText(s string) string {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

// values returns the filters as an address; the quick choices are in them.
func (q ledgerQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": q.Text, "source": idText(q.Source), "target": idText(q.Target), "sim": idText(q.SIM), "user": q.User, "from": q.From, "until": q.Until,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func idText[T ~int64](id T) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

// ledgerAddress returns the path of the ledger with a query.
func ledgerAddress(v url.Values) string {
	if len(v) == 0 {
		return "/ledger"
	}
	return "/ledger?" + v.Encode()
}

// page returns the address of a page of the list.
func (q ledgerQuery) page(after, before string) string {
	v := q.values()
	for name, value := range map[string]string{"after": after, "before": before} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return ledgerAddress(v)
}

// Without returns the address of the list without a filter; "" removes all.
func (q ledgerQuery) Without(filter string) string {
	if filter == "" {
		return "/ledger"
	}
	v := q.values()
	v.Del(filter)
	if filter == "from" {
		v.Del("until")
	}
	return ledgerAddress(v)
}

// Hidden returns the filters that a form repeats, without those that it has fields for.
func (q ledgerQuery) Hidden(without ...string) (fields [][2]string) {
	v := q.values()
	for _, name := range []string{"q", "source", "target", "sim", "user", "from", "until"} {
		if v.Has(name) && !slices.Contains(without, name) {
			fields = append(fields, [2]string{name, v.Get(name)})
		}
	}
	return fields
}

// Quick returns the filters that the form with the quick choices repeats.
func (q ledgerQuery) Quick() (fields [][2]string) {
	without := []string{"q"}
	if q.Dir() != "" {
		without = append(without, "source", "target")
	}
	if q.days != 0 {
		without = append(without, "from", "until")
	}
	return q.Hidden(without...)
}

// Dir returns the quick choice of a direction that the filters stand for: in, out, or "".
func (q ledgerQuery) Dir() string {
	switch {
	case q.Target == q.own && q.Source == 0:
		return "in"
	case q.Source == q.own && q.Target == 0:
		return "out"
	}
	return ""
}

// Days returns the quick choice of a period, 0 for none.
func (q ledgerQuery) Days() int { return q.days }

// Query returns the filters as the query of an address, "" for none.
func (q ledgerQuery) Query() string { return q.values().Encode() }

// Filtered reports whether the list leaves entries out.
func (q ledgerQuery) Filtered() bool { return len(q.values()) > 0 }

// filters returns the filters of the rule, but the person. found is false if nothing can match.
func (q ledgerQuery) filters() (terms []string, more []fleet.Filter, found bool) {
	put := func(name, value string) {
		if value != "" {
			terms = append(terms, name+":"+value)
		}
	}
	put("source_workspace", idText(q.Source))
	put("target_workspace", idText(q.Target))
	put("sim", idText(q.SIM))
	put("from", q.From)
	put("until", q.Until)
	if q.Text == "" {
		return terms, nil, true
	}
	number := strings.ReplaceAll(q.Text, " ", "")
	switch {
	case strings.Trim(number, "0123456789") != "" || len(number) < fleet.ICCIDLength:
		field, _ := fleet.MigrationList.Field("reference") // by value: it may contain commas
		return terms, []fleet.Filter{{Field: field, Texts: []string{q.Text}, Value: q.Text}}, true
	case len(number) == fleet.ICCIDLength+1:
		_, err := fleet.ParseICCIDWithLuhn(number)
		put("iccid_with_luhn", number)
		return terms, nil, err == nil
	}
	_, err := fleet.ParseICCID(number)
	put("iccid", number)
	return terms, nil, err == nil
}
