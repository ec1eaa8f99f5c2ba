package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// Caller identifies the caller in the ledger and in events.
type Caller struct {
	User       fleet.UserID
	SuperAdmin bool
	Token      fleet.TokenID
}

// Snapshot reads the planner's input: the SIMs of the selector in the Workspaces that the
// caller is a member of, and the Workspaces with the caller's standing. lock locks the SIMs
// until the transaction ends, in the order of their ids, so that two requests for the same SIMs
// do not deadlock.
func (tx *Tx) Snapshot(ctx context.Context, caller Caller, req fleet.MigrationRequest, lock bool) (fleet.Snapshot, error) {
	return tx.snapshot(ctx, caller, req.Select, lock, req.Target)
}

// snapshot reads the SIMs of a selector and the Workspaces of those SIMs and of the list.
func (tx *Tx) snapshot(ctx context.Context, caller Caller, sel fleet.Selector, lock bool, workspaces ...fleet.WorkspaceID) (fleet.Snapshot, error) {
	sims, err := tx.selected(ctx, caller, sel, lock)
	if err != nil {
		return fleet.Snapshot{}, err
	}
	ids := slices.Clone(workspaces)
	for _, s := range sims {
		ids = append(ids, s.Workspace)
	}
	var version int64
	standings, found := tx.standings(caller.User, fleet.Once(ids))
	if err := tx.batch(ctx, append(standings, ruleVersion(&version))...); err != nil {
		return fleet.Snapshot{}, err
	}
	return tx.withRules(ctx, narrowed(fleet.Snapshot{Workspaces: found, SIMs: sims}, workspaces[0]), version)
}

// ChunkSnapshot is Snapshot for the SIMs of a job, in one round trip. It looks them up by their
// ids, and reads the user's roles in the Workspaces that the plan names: a SIM in another one has
// changed since. Unless locked, another transaction may change the SIMs before Apply, which then
// fails with ErrRaced.
func (tx *Tx) ChunkSnapshot(ctx context.Context, caller Caller, target fleet.WorkspaceID, planned []fleet.JobSIM, locked bool) (fleet.Snapshot, error) {
	ids := make([]fleet.SIMID, 0, len(planned))
	homes := []fleet.WorkspaceID{target}
	for _, s := range planned {
		if s.SIM != 0 {
			ids = append(ids, s.SIM)
		}
		if s.Source != 0 && !slices.Contains(homes, s.Source) {
			homes = append(homes, s.Source)
		}
	}
	sims := make([]fleet.SIMState, 0, len(ids))
	seen := Caller{SuperAdmin: true} // others are removed below
	if locked {                      // no caller can lock SIMs that they may not see
		seen = caller
	}
	read := tx.selection(seen, fleet.Selector{SIMs: fleet.Once(ids)}, locked, false, &sims)
	standings, found := tx.standings(caller.User, homes)
	var version int64
	if err := tx.batch(ctx, append([]statement{read, ruleVersion(&version)}, standings...)...); err != nil {
		return fleet.Snapshot{}, err
	}
	return tx.withRules(ctx, narrowed(fleet.Snapshot{Workspaces: found, SIMs: sims}, target), version)
}

// narrowed removes Workspaces and SIMs of which the caller is not a member, if the statement
// did not.
func narrowed(snap fleet.Snapshot, target fleet.WorkspaceID) fleet.Snapshot {
	maps.DeleteFunc(snap.Workspaces, func(id fleet.WorkspaceID, s fleet.Standing) bool {
		return s.Role == fleet.NoRole && id != target
	})
	snap.SIMs = slices.DeleteFunc(snap.SIMs, func(s fleet.SIMState) bool {
		return snap.Workspaces[s.Workspace].Role == fleet.NoRole
	})
	return snap
}

// selected reads the SIMs that a selector names. SIMs of other Workspaces take the same path as
// SIMs that do not exist, and no caller can lock SIMs that they may not see. The planner checks
// visibility as well.
func (tx *Tx) selected(ctx context.Context, caller Caller, sel fleet.Selector, lock bool) ([]fleet.SIMState, error) {
	sims := make([]fleet.SIMState, 0, sel.Most())
	if !caller.SuperAdmin {
		if a := tx.preselected; a != nil && lock && a.member <= maxSearched {
			return a.sims, nil
		}
		member := 0
		count := memberships(caller, &member)
		var err error
		if tx.d == Postgres { // one round trip
			err = tx.batch(ctx, count, tx.selection(caller, sel, lock, true, &sims))
		} else if err = tx.batch(ctx, count); err == nil && member <= maxSearched {
			err = tx.batch(ctx, tx.selection(caller, sel, lock, true, &sims))
		}
		if err != nil || member <= maxSearched {
			return sims, err
		}
		sims = sims[:0]
	}
	err := tx.batch(ctx, tx.selection(caller, sel, lock, false, &sims))
	return sims, err
}

// memberships counts the memberships of a user.
func memberships(caller Caller, n *int) statement {
	return statement{"SELECT count(*) FROM memberships WHERE user_id = $1", []any{int64(caller.User)}, func(r rows) error { return r.Scan(n) }}
}

// preselected holds the SIMs that Open has selected and locked for Snapshot.
type preselected struct {
	member int // memberships of the caller; with more than maxSearched the selection is incomplete
	sims   []fleet.SIMState
}

// preselect returns the statements of selected for a caller who is not a SuperAdmin.
func (tx *Tx) preselect(caller Caller, sel fleet.Selector) []statement {
	tx.preselected = &preselected{sims: make([]fleet.SIMState, 0, sel.Most())}
	return []statement{memberships(caller, &tx.preselected.member), tx.selection(caller, sel, true, true, &tx.preselected.sims)}
}

// maxSearched is the maximum number of Workspaces that selection searches one by one.
const maxSearched = 16

// selection builds the SELECT of the SIMs that a selector names. If few, it searches each of the
// caller's Workspaces for them, which are at most maxSearched; so it does for a range, which
// costs one search in each. A SuperAdmin sees all.
func (tx *Tx) selection(caller Caller, sel fleet.Selector, lock, few bool, sims *[]fleet.SIMState) statement {
	w := where{tx: tx}
	from := w.selectedSIMs(caller, sel, lock, few)
	w.and("s.status <> " + deletedSIM)
	if tx.d == Postgres && !caller.SuperAdmin && lock {
		// An array and not IN: PostgreSQL would turn IN into a join, and would check a SIM that
		// moved while the statement waited for the lock against the membership of the previous
		// Workspace.
		w.and("s.workspace_id = ANY (" + w.memberOf(caller) + ")")
	}
	text := stateColumns + " FROM " + from + " WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " ORDER BY s.id FOR NO KEY UPDATE OF s")
	}
	scan := scanState(sims)
	if _, _, is := dense(sel.SIMs); is && few && !lock {
		scan = scanAmong(sel.SIMs, sims)
	}
	return statement{text, w.args, scan}
}

// denseFrom is the fewest ids for which a range of ids is read.
const denseFrom = 100

// dense returns the range of ids that are close together: at least half of the range. To read the
// SIMs of a Workspace in it costs less than to search for each.
func dense(ids []fleet.SIMID) (first, last fleet.SIMID, is bool) {
	if len(ids) < denseFrom {
		return 0, 0, false
	}
	first, last = slices.Min(ids), slices.Max(ids)
	return first, last, first > 0 && int64(last-first) < 2*int64(len(ids))
}

// scanAmong is scanState for those SIMs that are among the ids.
func scanAmong(ids []fleet.SIMID, sims *[]fleet.SIMState) func(rows) error {
	wanted := make(map[fleet.SIMID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	scan := scanState(sims)
	return func(r rows) error {
		err := scan(r)
		if last := len(*sims) - 1; err == nil && !wanted[(*sims)[last].ID] {
			*sims = (*sims)[:last]
		}
		return err
	}
}

// selectedSIMs returns the source of selection, and adds its conditions.
func (w *where) selectedSIMs(caller Caller, sel fleet.Selector, lock, few bool) string {
	from, most := "sims s", math.MaxInt32
	if few {
		most = maxSearched
	}
	first, last, isDense := dense(sel.SIMs)
	switch search := few || !caller.SuperAdmin && sel.Range != nil; {
	case search && !lock && isDense:
		from = w.inRange(caller, first, last, most)
	case search && w.tx.d == SQLite:
		from = w.searched(caller, sel)
	case search && !lock:
		from = w.membersSIMs(caller, sel, most)
	case search:
		w.and("s.id = ANY (ARRAY(SELECT s.id FROM " + w.membersSIMs(caller, sel, most) + "))")
	case !caller.SuperAdmin:
		w.and(w.amongMany(caller, sel))
	case sel.Range != nil:
		w.and(w.ranged(sel))
	case sel.ICCIDs != nil:
		from = w.among("iccid", numberArrayParam(w.tx, sel.ICCIDs, func(b []byte, id fleet.ICCID) []byte { return append(b, id...) }))
	default:
		from = w.among("id", numberArrayParam(w.tx, sel.SIMs, func(b []byte, id fleet.SIMID) []byte { return strconv.AppendInt(b, int64(id), 10) }))
	}
	return from
}

// inRange returns the SIMs of the caller's Workspaces in a range of ids, found in an index that
// begins with the Workspace.
func (w *where) inRange(caller Caller, first, last fleet.SIMID, most int) (from string) {
	if w.tx.d == SQLite {
		w.and("m.user_id = " + w.arg(int64(caller.User)) + " AND m.status = " + activeMember)
		w.and("s.workspace_id = m.workspace_id")
		w.and("s.id BETWEEN " + w.arg(int64(first)) + " AND " + w.arg(int64(last)))
		return "memberships m CROSS JOIN sims s INDEXED BY sims_workspace"
	}
	return w.members(caller, most) + ` CROSS JOIN LATERAL (SELECT s.id, s.iccid, s.status, s.workspace_id, s.version, s.device_id, s.offer_id FROM sims s
		WHERE s.workspace_id = m.of_id AND s.id BETWEEN ` + w.arg(int64(first)) + " AND " + w.arg(int64(last)) + " OFFSET 0) s"
}

// members returns the caller's first Workspaces, on PostgreSQL.
func (w *where) members(caller Caller, most int) (from string) {
	return "(SELECT * FROM unnest(" + w.memberOf(caller) + ") AS m (of_id) ORDER BY m.of_id LIMIT " + w.arg(most) + ") m"
}

// memberOf returns the array of the caller's Workspaces, on PostgreSQL.
func (w *where) memberOf(caller Caller) string {
	return "ARRAY(SELECT m.workspace_id FROM memberships m WHERE m.user_id = " + w.arg(int64(caller.User)) + " AND m.status = " + activeMember + ")"
}

func (w *where) ranged(sel fleet.Selector) string {
	return "s.iccid BETWEEN " + w.arg(string(sel.Range.Start)) + " AND " + w.arg(string(sel.Range.End))
}

// membersSIMs is searched for PostgreSQL. It searches for one value in one Workspace
// at a time: then the index that begins with the Workspace costs no more than any other, and
// PostgreSQL takes it (TestSelectionPlan). OFFSET 0 keeps the search apart from the conditions
// around it: the unique index of ICCIDs, which leaves out deleted SIMs, cannot be used.
func (w *where) membersSIMs(caller Caller, sel fleet.Selector, most int) (from string) {
	from = w.members(caller, most)
	chosen := "s.iccid = j.value"
	switch {
	case sel.Range != nil:
		chosen = w.ranged(sel)
	case sel.ICCIDs != nil:
		values := numberArrayParam(w.tx, sel.ICCIDs, func(b []byte, id fleet.ICCID) []byte { return append(b, id...) })
		from += " CROSS JOIN unnest(" + w.arg(values) + "::text[]) AS j (value)"
	default:
		values := numberArrayParam(w.tx, sel.SIMs, func(b []byte, id fleet.SIMID) []byte { return strconv.AppendInt(b, int64(id), 10) })
		from += " CROSS JOIN unnest(" + w.arg(values) + "::bigint[]) AS j (value)"
		chosen = "s.id = j.value"
	}
	return from + ` CROSS JOIN LATERAL (SELECT s.id, s.iccid, s.status, s.workspace_id, s.version, s.device_id, s.offer_id
		FROM sims s WHERE s.workspace_id = m.of_id AND ` + chosen + " OFFSET 0) s"
}

// searched returns the SIMs that a selector names in the caller's Workspaces, found in an index
// of each Workspace. A SIM of another Workspace is not looked at.
func (w *where) searched(caller Caller, sel fleet.Selector) (from string) {
	mine := "memberships m CROSS JOIN sims s INDEXED BY "
	w.and("m.user_id = " + w.arg(int64(caller.User)) + " AND m.status = " + activeMember)
	w.and("s.workspace_id = m.workspace_id")
	switch {
	case sel.Range != nil:
		w.and(w.ranged(sel))
		return mine + "sims_workspace_iccid"
	case sel.ICCIDs != nil:
		w.and("s.iccid = j.value")
		return "json_each(" + w.arg(arrayParam(w.tx, sel.ICCIDs)) + ") j CROSS JOIN " + mine + "sims_workspace_iccid"
	}
	w.and("s.id = j.value")
	return "json_each(" + w.arg(arrayParam(w.tx, sel.SIMs)) + ") j CROSS JOIN " + mine + "sims_workspace"
}

// amongMany returns the condition that a SIM s is one of a list, and in a Workspace of a caller
// who has too many for a search in each. It finds each SIM in all Workspaces, and then the
// membership. If there is no such SIM, another one is read, and left out after the same search
// for a membership: so a SIM that does not exist takes the path of a foreign one.
func (w *where) amongMany(caller Caller, sel fleet.Selector) string {
	column, with := "iccid", liveICCID
	var values string
	if sel.ICCIDs != nil {
		values = w.eachText(texts(sel.ICCIDs))
	} else {
		values, column, with = w.each(int64s(sel.SIMs)), "id", "x.id"
	}
	user := w.arg(int64(caller.User))
	// The CASE makes the comparison of the value wait for the membership.
	last := " WHERE f." + column + " = CASE WHEN b.status = " + activeMember + " THEN j.value END"
	if w.tx.d != Postgres {
		return "s.id IN (SELECT f.id FROM " + values + " LEFT JOIN sims x ON " + with + " = j.value" +
			" CROSS JOIN sims f ON f.id = COALESCE(x.id, " + anotherSIM + spread + ")" +
			" CROSS JOIN memberships b ON b.user_id = " + user + " AND b.workspace_id = f.workspace_id" + last + ")"
	}
	return "s.id = ANY (ARRAY(SELECT f.id FROM " + values +
		" LEFT JOIN LATERAL (SELECT x.id FROM sims x WHERE " + with + " = j.value OFFSET 0) x ON TRUE" +
		" CROSS JOIN LATERAL (SELECT y.id, y.iccid, y.workspace_id FROM sims y WHERE y.id = COALESCE(x.id, " + anotherSIM + ") OFFSET 0) f" +
		" CROSS JOIN LATERAL (SELECT m.status FROM memberships m WHERE m.user_id = " + user + " AND m.workspace_id = f.workspace_id OFFSET 0) b" + last + "))"
}

// stateColumns are the columns that states reads.
const stateColumns = `SELECT s.id, s.iccid, s.status, s.workspace_id, s.version, COALESCE(s.device_id, 0) AS device_id, COALESCE(s.offer_id, 0) AS offer_id,
		COALESCE((SELECT d.name FROM devices d WHERE d.id = s.device_id), '') AS device_name`

// among returns the SIMs with one of the values, which are distinct. SQLite looks up each value
// in their order; with a condition it would sort them first.
func (w *where) among(column string, values any) (from string) {
	if w.tx.d == Postgres {
		w.and(w.in("s."+column, values))
		return "sims s"
	}
	return "json_each(" + w.arg(values) + ") j CROSS JOIN sims s ON s." + column + " = j.value"
}

func (tx *Tx) states(ctx context.Context, text string, args []any) ([]fleet.SIMState, error) {
	var sims []fleet.SIMState
	err := tx.queryEach(ctx, text, args, scanState(&sims))
	return sims, err
}

// scanState appends the rows of stateColumns. All rows are scanned into the same variables, to
// avoid ten allocations per SIM.
func scanState(sims *[]fleet.SIMState) func(rows) error {
	var id, status, workspace, version, device, offer int64
	var iccid, name string
	into := []any{&id, &iccid, &status, &workspace, &version, &device, &offer, &name}
	return func(r rows) error {
		if err := r.Scan(into...); err != nil {
			return err
		}
		*sims = append(*sims, fleet.SIMState{
			ID: fleet.SIMID(id), ICCID: fleet.ICCID(iccid), Status: fleet.SIMStatus(status), Workspace: fleet.WorkspaceID(workspace),
			Device: fleet.DeviceID(device), DeviceName: name, Version: version, Offer: fleet.OfferID(offer),
		})
		return nil
	}
}

// Change is the change of SIMs in one transaction, as the ledger records it.
type Change struct {
	UID             string // unique, chosen before the transaction
	Kind            fleet.LedgerKind
	By              Caller
	Target          fleet.WorkspaceID // of a migration, else 0
	DetachDevices   bool
	AllowedStatuses []fleet.SIMStatus
	Undo            *fleet.Undo // of an undo
	Note            fleet.Note
	RuleSet         int64         // that decided a migration
	Offer           fleet.OfferID // whose SIMs it moves, 0 for none
	Lines           []Line
	Sides           []Side
	Events          []fleet.Event     // written unchanged, after those of the lines
	Audit           *fleet.AuditEntry // written with the rest, and refers to it; nil for none
}

// Line is one SIM of a change. If the SIM no longer has the state Before, the whole transaction
// fails.
type Line struct{ Before, After fleet.SIMState }

// Side is a source or the target of a migration.
type Side struct {
	Workspace fleet.WorkspaceID
	Target    bool
	SIMs      int
	Authority fleet.Authority
}

// Apply writes a change: the ledger entry and its lines, the SIMs, and the events, in a few
// statements for any number of SIMs. Each line writes a release from the device (event 50) and
// a change of status (event 9 and similar) in the SIM's previous Workspace.
func (tx *Tx) Apply(ctx context.Context, c Change) (fleet.MigrationID, error) {
	apply := tx.applySQLite
	if tx.d == Postgres {
		apply = tx.applyPostgres
	}
	id, moved, stock, err := apply(ctx, c)
	if err == nil && moved != int64(len(c.Lines)) {
		err = fmt.Errorf("%w: %d of %d SIMs changed", ErrRaced, moved, len(c.Lines))
	}
	if err == nil && (stock || c.deletes()) {
		err = tx.exec(ctx, countSeenByLines, int64(id))
	}
	if err == nil {
		tx.written = append(tx.written, entryCount{c.kindName(), len(c.Lines)})
	}
	return id, err
}

// delta returns the change's share of the rolling checksum.
func (c Change) delta() int64 {
	var d uint64
	for _, l := range c.Lines {
		d ^= fleet.Checksum(l.Before) ^ fleet.Checksum(l.After)
	}
	return int64(d)
}

// StatusEvents is the event of a change to a status.
var StatusEvents = map[fleet.SIMStatus]fleet.EventType{
	fleet.SIMActivated:   fleet.EventSIMActivated,
	fleet.SIMSuspended:   fleet.EventSIMSuspended,
	fleet.SIMDeleted:     fleet.EventSIMDeleted,
	fleet.SIMFactoryTest: fleet.EventSIMFactoryTest,
}
