package console

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/tablefile"
)

var ledgerRoutes = []route{
	{pattern: "GET /ledger", need: identity.ReadMigrations, handle: ledgerPage},
	{pattern: "GET /ledger/export", need: identity.ReadMigrations, handle: exportLedger},
	{pattern: "GET /ledger/{id}", need: identity.ReadMigrations, handle: entryPage},
	{pattern: "GET /ledger/{id}/export", need: identity.ReadMigrations, handle: exportEntry},
}

// ledgerData is the template data of the ledger.
type ledgerData struct {
	Query      ledgerQuery
	Rows       []ledgerRow
	At         pager
	Workspaces []fleet.Membership
	Periods    []int
	Names      map[fleet.WorkspaceID]string // of the filters
	Person     string                       // of the filter
	Problem    string
	NoPerson   bool // the filter names a person that the caller does not find
}

// ledgerRow is a row of the ledger.
type ledgerRow struct {
	fleet.Migration
	Href, From, UserHref string
	When                 template.HTML
}

func ledgerPage(r *request) (reply, error) {
	q := parseLedger(r.URL.Query(), r.caller.Workspace, r.control().Now().UTC())
	if err := q.exact(r.URL.Query()); err != nil {
		return reply{}, err
	}
	d := ledgerData{Query: q, Workspaces: r.joined, Periods: ledgerPeriods, Names: make(map[fleet.WorkspaceID]string)}
	for _, m := range r.joined {
		d.Names[m.Workspace.ID] = m.Workspace.Name
	}
	entries, at, err := r.findEntries(q, &d)
	switch fleet.CodeOf(err) {
	case fleet.BadQuery, fleet.BadSort:
		d.Problem = text("ledger.toolarge")
	default:
		if err != nil {
			return reply{}, err
		}
	}
	d.At = at
	for _, m := range entries {
		d.Rows = append(d.Rows, r.ledgerRow(m))
	}
	return r.page("ledger", "ledger", text("ledger.title"), d)
}

func (r *request) ledgerRow(m fleet.Migration) ledgerRow {
	row := ledgerRow{Migration: m, Href: r.console.path("/ledger/" + strconv.FormatInt(int64(m.ID), 10)), From: sourceNames(m), When: instant(m.Time)}
	if m.User != 0 {
		row.UserHref = r.console.path("/ledger", "user", int64(m.User))
	}
	return row
}

// sourceNames names the sources of a migration.
func sourceNames(m fleet.Migration) string {
	names := make([]string, len(m.Sources))
	for i, s := range m.Sources {
		names[i] = s.Workspace.Name
	}
	return strings.Join(names, ", ")
}

// findEntries reads a page of the ledger. d gets what the filters stand for.
func (r *request) findEntries(q ledgerQuery, d *ledgerData) ([]fleet.Migration, pager, error) {
	l, found, err := r.ledgerList(q, d)
	if err != nil || !found {
		return nil, pager{}, err
	}
	read := func(l fleet.List) (fleet.Page[fleet.Migration], error) {
		return r.control().ListMigrations(r.Context(), r.caller, l)
	}
	return readPage(q.Place, l, read, func(m fleet.Migration) int64 { return int64(m.ID) }, q.page)
}

func (r *request) ledgerList(q ledgerQuery, d *ledgerData) (l fleet.List, found bool, err error) {
	terms, more, found := q.filters()
	if q.User != "" {
		id, err := r.personID(q.User, d)
		if err != nil {
			return l, false, err
		}
		if id == 0 {
			d.NoPerson = true
			return l, false, nil
		}
		terms = append(terms, "user:"+strconv.FormatInt(id, 10))
	}
	if !found {
		return l, false, nil
	}
	l, err = q.Place.list(fleet.MigrationList, strings.Join(terms, ","), more...)
	return l, true, err
}

// personID returns the id of a person that a filter names, 0 if the caller finds none.
func (r *request) personID(name string, d *ledgerData) (int64, error) {
	d.Person = name
	field := "username"
	if strings.Trim(name, "0123456789") == "" {
		field = "id"
	}
	id := number64(name)
	if !r.caller.May(identity.ReadUsers) || strings.ContainsAny(name, ",|") {
		return id, nil
	}
	l, err := fleet.ParseList(fleet.UserList, field+":"+name, "username", "1", "1")
	if err != nil {
		return 0, err
	}
	page, err := r.control().ListUsers(r.Context(), r.caller, l)
	if err != nil || len(page.Items) == 0 {
		return id, err
	}
	d.Person = page.Items[0].Username
	return int64(page.Items[0].ID), nil
}

// exportLedger sends the entries that match as a CSV file, the newest first.
func exportLedger(r *request) (reply, error) {
	v := r.URL.Query()
	q := parseLedger(v, r.caller.Workspace, r.control().Now().UTC())
	if err := q.exact(v); err != nil {
		return reply{}, err
	}
	q.Place = place{Sort: "-id", Per: exportEntries}
	l, found, err := r.ledgerList(q, &ledgerData{})
	if err != nil {
		return reply{}, err
	}
	if !found {
		l.PerPage = 0
	}
	return r.csv("ledger", func(w io.Writer) error { return r.writeLedger(w, l) }), nil
}

// exportEntries is how many entries an export reads at once.
const exportEntries = 1000

// csv returns a download with today's date in its name.
func (r *request) csv(name string, write func(io.Writer) error) reply {
	name += "-" + r.control().Now().UTC().Format(time.DateOnly) + ".csv"
	return reply{status: http.StatusOK, kind: "text/csv; charset=utf-8", name: name, stream: write}
}

func (r *request) writeLedger(w io.Writer, l fleet.List) error {
	out, err := tablefile.NewWriter(w, "entry", "time", "sims", "from", "to", "who", "reference", "reason", "undoes", "undone_by")
	if err != nil {
		return err
	}
	for l.PerPage > 0 {
		if err := r.nextPage(); err != nil {
			return err
		}
		page, err := r.control().ListMigrations(r.Context(), r.caller, l)
		if err != nil {
			return err
		}
		for _, m := range page.Items {
			undoes, by := "", make([]string, len(m.UndoneBy))
			if m.Undo != nil {
				undoes = idText(m.Undo.Migration)
			}
			for i, u := range m.UndoneBy {
				by[i] = idText(u.Migration)
			}
			err := out.Write(idText(m.ID), m.Time.UTC().Format(time.RFC3339), strconv.Itoa(m.SIMs), sourceNames(m), m.Target.Name, m.Username,
				m.Note.Reference, m.Note.Reason, undoes, strings.Join(by, " "))
			if err != nil {
				return err
			}
		}
		if len(page.Items) < l.PerPage {
			break
		}
		after := int64(page.Items[len(page.Items)-1].ID)
		l.After = &after
	}
	return out.Close()
}

// entryRows is how many SIMs of an entry a page shows.
const entryRows = fleet.MaxSIMs

// entryData is the template data of the page of a ledger entry.
type entryData struct {
	Entry    fleet.Migration
	From     string // the names of the sources
	Lines    []entryLine
	At       pager
	Offline  int // SIMs that the move took offline
	Online   int // SIMs that it brought online
	Left     int // SIMs that left a device
	Returned int // SIMs that came into a device
	Undone   int // SIMs that undos have moved back, as far as the caller sees them
	MayUndo  bool
	UndoWhy  string // why not, "" for no reason to show
	Partial  bool   // the caller sees only some of the lines
}

// entryLine is a SIM of an entry.
type entryLine struct {
	fleet.LedgerLine
	ID    int64
	Href  string // "" if the SIM is in another Workspace
	ICCID template.HTML
	From  string
}

func entryPage(r *request) (reply, error) {
	m, err := r.entry()
	if err != nil {
		return reply{}, err
	}
	d := entryData{Entry: m, From: sourceNames(m)}
	d.fill(r)
	for _, u := range m.UndoneBy {
		d.Undone += u.SIMs
	}
	d.MayUndo, d.UndoWhy = r.mayUndo(m)
	d.MayUndo = d.MayUndo && d.Undone < len(m.Lines)
	return r.page("entry", "ledger", plural("entry.title", m.SIMs, number(int64(m.ID)), d.From, m.Target.Name), d)
}

// entry reads the ledger entry of the path. Errors: NotFound.
func (r *request) entry() (fleet.Migration, error) {
	id, err := r.id("id")
	if err != nil {
		return fleet.Migration{}, err
	}
	record, err := r.control().Migration(r.Context(), r.caller, fleet.MigrationID(id))
	return record.Migration, err
}

// fill counts what the entry did, and makes the rows of the page.
func (d *entryData) fill(r *request) {
	from := make(map[fleet.WorkspaceID]string)
	for _, s := range d.Entry.Sources {
		from[s.Workspace.ID] = s.Workspace.Name
	}
	for _, l := range d.Entry.Lines {
		switch was, is := l.Before.Status == fleet.SIMActivated, l.After.Status == fleet.SIMActivated; {
		case was && !is:
			d.Offline++
		case is && !was:
			d.Online++
		}
		if l.Before.Device != 0 && l.After.Device == 0 {
			d.Left++
		}
		if l.After.Device != 0 {
			d.Returned++
		}
	}
	lines := d.Entry.Lines
	before := min(int(number64(r.URL.Query().Get("row"))), max(0, len(lines)-1)) / entryRows // pages
	shown := lines[before*entryRows : min(len(lines), (before+1)*entryRows)]
	d.At = numberedPager(before+1, entryRows, len(shown), len(lines), func(page int) string {
		return fmt.Sprintf("/ledger/%d?row=%d", d.Entry.ID, (page-1)*entryRows)
	})
	here := d.Entry.Target.ID == r.caller.Workspace || len(d.Entry.UndoneBy) > 0 // else the page of the SIM needs another Workspace
	for _, l := range shown {
		row := entryLine{LedgerLine: l, ID: int64(l.SIM), ICCID: iccid(l.ICCID), From: from[l.Before.Workspace]}
		if here {
			row.Href = r.console.path("/sims/" + strconv.FormatInt(int64(l.SIM), 10))
		}
		d.Lines = append(d.Lines, row)
	}
	d.Partial = len(lines) != d.Entry.SIMs
}

// mayUndo reports whether the caller can ask for the undo of an entry, and if not, why. The rule
// of the undo decides.
func (r *request) mayUndo(m fleet.Migration) (bool, string) {
	if !r.caller.May(identity.MigrateSIMs) {
		return false, ""
	}
	roles := make(map[fleet.WorkspaceID]fleet.Role, len(r.joined))
	for _, j := range r.joined {
		roles[j.Workspace.ID] = fleet.Best(j.Roles)
	}
	for _, s := range m.Sources {
		if !roles[s.Workspace.ID].Administers() && !r.caller.SuperAdmin {
			return false, text("entry.undo.admin", s.Workspace.Name)
		}
	}
	if roles[m.Target.ID] == fleet.NoRole && !r.caller.SuperAdmin {
		return false, text("entry.undo.member", m.Target.Name)
	}
	return true, ""
}

// exportEntry sends the SIMs of an entry as a CSV file.
func exportEntry(r *request) (reply, error) {
	m, err := r.entry()
	if err != nil {
		return reply{}, err
	}
	from := make(map[fleet.WorkspaceID]string)
	for _, s := range m.Sources {
		from[s.Workspace.ID] = s.Workspace.Name
	}
	return r.csv("entry-"+strconv.FormatInt(int64(m.ID), 10), func(w io.Writer) error {
		out, err := tablefile.NewWriter(w, "iccid", "from", "to", "status_before", "status_after", "device_before", "device_after")
		if err != nil {
			return err
		}
		for _, l := range m.Lines {
			err := out.Write(string(l.ICCID), from[l.Before.Workspace], m.Target.Name, l.Before.Status.String(), l.After.Status.String(),
				deviceText(l.Before), deviceText(l.After))
			if err != nil {
				return err
			}
		}
		return out.Close()
	}), nil
}

// deviceText names the device of a SIM, "" for none.
func deviceText(s fleet.SIMState) string {
	if s.Device == 0 {
		return ""
	}
	return cmp.Or(s.DeviceName, text("sims.device.noname", s.Device))
}
