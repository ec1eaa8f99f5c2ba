package console

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var auditRoutes = []route{
	{choices: auditWords, pattern: "GET /audit", need: identity.ReadAudit, handle: auditPage},
}

// auditRows is how many entries a page of the audit log shows.
const auditRows = 50

// auditQuery holds the query parameters of the audit log.
type auditQuery struct {
	Text    string // an address, or the number of a request
	Action  fleet.AuditAction
	Outcome string // done, refused, or "" for both
	User    string // an id, or an e-mail address
	Days    int    // 0 for all
	Place   place
}

var auditWords = choices{
	"action":  names(fleet.AuditActions, func(a fleet.AuditAction) string { return string(a) }),
	"outcome": {fleet.AuditDone, fleet.AuditRefused}, "days": append(numbers(ledgerPeriods...), "0"),
}

// parseAudit reads the address. Invalid values have no effect.
func parseAudit(v url.Values) auditQuery {
	q := auditQuery{Text: clipped(v.Get("q")), User: clipped(v.Get("user")), Place: placeOf(v, "-id", auditRows)}
	if a := fleet.AuditAction(v.Get("action")); a.Known() {
		q.Action = a
	}
	if o := v.Get("outcome"); o == fleet.AuditDone || o == fleet.AuditRefused {
		q.Outcome = o
	}
	if n, err := strconv.Atoi(v.Get("days")); err == nil && slices.Contains(ledgerPeriods, n) {
		q.Days = n
	}
	return q
}

// page returns the address of a page of the list.
func (q auditQuery) page(after, before string) string {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": q.Text, "action": string(q.Action), "outcome": q.Outcome, "user": q.User, "days": idText(int64(q.Days)), "after": after, "before": before,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return "/audit"
	}
	return "/audit?" + v.Encode()
}

// Filtered reports whether the list leaves entries out.
func (q auditQuery) Filtered() bool { return q.page("", "") != "/audit" }

// WithoutUser returns the address of the list without the filter by person.
func (q auditQuery) WithoutUser() string {
	q.User = ""
	return q.page("", "")
}

// list returns the request for the page.
func (q auditQuery) list(user int64, today time.Time) (fleet.List, error) {
	var terms []string
	for name, value := range map[string]string{"action": string(q.Action), "outcome": q.Outcome, "user": idText(user)} {
		if value != "" {
			terms = append(terms, name+":"+value)
		}
	}
	slices.Sort(terms)
	var more []fleet.Filter
	if q.Text != "" {
		name := "request_id"
		if strings.ContainsAny(q.Text, ".:") {
			name = "address"
		}
		field, _ := fleet.AuditList.Field(name) // by value: an IPv6 address has colons
		more = append(more, fleet.Filter{Field: field, Texts: []string{q.Text}, Value: q.Text})
	}
	if q.Days != 0 {
		field, _ := fleet.AuditList.Field("timestamp")
		from := today.AddDate(0, 0, -q.Days).Truncate(24 * time.Hour)
		more = append(more, fleet.Filter{Field: field, Times: []fleet.TimeRange{{From: from, Until: today.AddDate(1, 0, 0)}}, Value: from.Format(time.DateOnly)})
	}
	return q.Place.list(fleet.AuditList, strings.Join(terms, ","), more...)
}

// auditData is the template data of the audit log.
type auditData struct {
	Query    auditQuery
	Rows     []auditRow
	At       pager
	Actions  template.HTML // the choices of an action
	Outcomes []string
	Periods  []int
	Person   string
	NoPerson bool
	Problem  string
}

type auditChoice struct {
	Action fleet.AuditAction
	Words  string
}

// auditChoices are the actions to choose from, and the one that is chosen.
type auditChoices struct {
	Now fleet.AuditAction
	All []auditChoice
}

// allAuditChoices are all actions, by their words.
var allAuditChoices = func() (all []auditChoice) {
	for _, a := range fleet.AuditActions {
		all = append(all, auditChoice{a, text("audit.action." + string(a))})
	}
	slices.SortFunc(all, func(a, b auditChoice) int { return strings.Compare(a.Words, b.Words) })
	return all
}()

// auditRow is a row of the audit log.
type auditRow struct {
	When              template.HTML
	User, UserHref    string
	What, Code        string
	Subject, Detail   string
	EntryHref         string
	Refused           bool
	Address, Request  string
	Refusal           int
	SubjectHref, Name string
}

func auditPage(r *request) (reply, error) {
	d := auditData{Query: parseAudit(r.URL.Query()), Periods: ledgerPeriods, Outcomes: []string{fleet.AuditDone, fleet.AuditRefused}}
	var err error
	if d.Actions, err = r.console.fragment("audit", "audit-actions", string(d.Query.Action), auditChoices{d.Query.Action, allAuditChoices}); err != nil {
		return reply{}, err
	}
	entries, err := r.findAudit(&d)
	switch fleet.CodeOf(err) {
	case fleet.BadQuery, fleet.BadSort:
		d.Problem = text("audit.toolarge")
	default:
		if err != nil {
			return reply{}, err
		}
	}
	for _, a := range entries {
		d.Rows = append(d.Rows, r.auditRow(a))
	}
	return r.page("audit", "audit", text("audit.title"), d)
}

func (r *request) findAudit(d *auditData) ([]control.AuditRecord, error) {
	var user int64
	if d.Query.User != "" {
		var named ledgerData
		id, err := r.personID(d.Query.User, &named)
		if err != nil {
			return nil, err
		}
		d.Person = named.Person
		if d.NoPerson = id == 0; d.NoPerson {
			return nil, nil
		}
		user = id
	}
	l, err := d.Query.list(user, r.control().Now().UTC())
	if err != nil {
		return nil, err
	}
	read := func(l fleet.List) (fleet.Page[control.AuditRecord], error) {
		return r.control().ListAudit(r.Context(), r.caller, l)
	}
	entries, at, err := readPage(d.Query.Place, l, read, func(a control.AuditRecord) int64 { return int64(a.ID) }, d.Query.page)
	d.At = at
	return entries, err
}

func (r *request) auditRow(a control.AuditRecord) auditRow {
	row := auditRow{
		When: instant(a.Time), User: a.Username, What: text("audit.action.unknown"), Code: string(a.Action), Address: a.Address, Request: a.RequestID,
		Refused: a.Refusal != 0, Refusal: int(a.Refusal), Detail: r.auditWords(a.Details),
	}
	if a.Action.Known() {
		row.What = text("audit.action." + string(a.Action))
	}
	if row.User == "" {
		row.User = text("audit.actor." + strconv.Itoa(int(a.Actor)))
	} else if a.User != 0 {
		row.UserHref = r.console.path("/audit", "user", int64(a.User))
	}
	if a.Subject.ID != "" {
		row.Subject = strings.ReplaceAll(strings.Replace(a.Subject.Kind, "sim", "SIM", 1), "_", " ") + " " + a.Subject.ID
	}
	switch a.Subject.Kind {
	case "sim":
		row.SubjectHref = r.console.path("/sims/" + a.Subject.ID)
	case "device":
		row.SubjectHref = r.console.path("/devices/" + a.Subject.ID)
	case "job":
		row.SubjectHref = r.console.path("/jobs/" + a.Subject.ID)
	}
	if a.Migration != 0 {
		row.EntryHref = r.console.path("/ledger/" + strconv.FormatInt(int64(a.Migration), 10))
		row.Name = number(int64(a.Migration))
	}
	return row
}

// auditWords describes the details of an entry.
func (r *request) auditWords(details string) string {
	d, err := fleet.ParseAuditDetail(details)
	if err != nil {
		return details // of a later version
	}
	var words []string
	add := func(count int, text string) {
		if count != 0 {
			words = append(words, text)
		}
	}
	add(d.SIMs, plural("sims.count", d.SIMs))
	add(d.Devices, plural("audit.devices", d.Devices))
	add(d.Users, plural("audit.users", d.Users))
	add(d.Spaces, plural("audit.workspaces", d.Spaces))
	add(d.LeftOut, plural("audit.leftout", d.LeftOut))
	for _, s := range []string{d.Role, strings.ReplaceAll(d.Status, "_", " "), strings.ReplaceAll(d.Mode, "_", " "), d.Operation, d.OperatorToken} {
		if s != "" {
			words = append(words, s)
		}
	}
	if d.Target != 0 {
		to := text("audit.target.other", d.Target)
		for _, m := range r.joined {
			if m.Workspace.ID == d.Target {
				to = text("audit.target", m.Workspace.Name)
			}
		}
		words = append(words, to)
	}
	if d.Everywhere {
		words = append(words, text("audit.everywhere"))
	}
	return strings.Join(words, ", ")
}
