package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

const offerColumns = `o.id, o.code_id, o.source_id, COALESCE(a.name, ''), o.target_id, COALESCE(b.name, ''), o.user_id, ` + shownUsername + `,
	o.state, o.detach_devices, o.allowed_statuses, o.reference, o.reason, o.created_at, o.expires_at, COALESCE(o.next_at, 0), o.reminders,
	COALESCE(o.decided_at, 0), COALESCE(o.decided_by, 0), COALESCE(d.former_username, d.username, ''), COALESCE(o.ended_at, 0),
	COALESCE(o.ledger_id, 0), COALESCE(o.job_id, 0), o.sims, o.accepted, o.refused, o.gone`

const offerTables = ` FROM offers o LEFT JOIN workspaces a ON a.id = o.source_id LEFT JOIN workspaces b ON b.id = o.target_id
	LEFT JOIN users u ON u.id = o.user_id LEFT JOIN users d ON d.id = o.decided_by`

func scanOffer(r rows) (o fleet.Offer, err error) {
	var detach int
	var allowed *string
	var created, expires, next, decided, ended int64
	err = r.Scan(&o.ID, &o.Code, &o.Source.ID, &o.Source.Name, &o.Target.ID, &o.Target.Name, &o.User, &o.Username, &o.State, &detach, &allowed,
		&o.Note.Reference, &o.Note.Reason, &created, &expires, &next, &o.Reminders, &decided, &o.DecidedBy, &o.DecidedName, &ended,
		&o.Entry, &o.Job, &o.SIMs, &o.Accepted, &o.Refused, &o.Gone)
	o.DetachDevices, o.AllowedStatuses = detach != 0, parseStatusText(allowed)
	o.Created, o.Expires, o.NextAt = fromMicros(created), fromMicros(expires), fromMicros(next)
	o.Decided, o.Ended = fromMicros(decided), fromMicros(ended)
	return o, err
}

var insertOffer = insertion("offers", `code_id source_id target_id user_id state detach_devices allowed_statuses reference reason created_at
	expires_at next_at reminders sims accepted refused gone`, "RETURNING id")

// InsertOffer stores a new offer with its SIMs, which must be locked, and marks them. It returns
// the offer's id, and ErrRaced if one of the SIMs is marked already.
func (tx *Tx) InsertOffer(ctx context.Context, o fleet.Offer, sims []fleet.SIMState) (id fleet.OfferID, err error) {
	err = tx.execReturning(ctx, insertOffer, params{
		"code_id": int64(o.Code), "source_id": int64(o.Source.ID), "target_id": int64(o.Target.ID), "user_id": int64(o.User),
		"state": string(o.State), "detach_devices": flag(o.DetachDevices), "allowed_statuses": statusText(o.AllowedStatuses),
		"reference": o.Note.Reference, "reason": o.Note.Reason, "created_at": micros(tx.now), "expires_at": micros(o.Expires),
		"next_at": micros(o.NextAt), "reminders": 0, "sims": len(sims), "accepted": 0, "refused": 0, "gone": 0,
	}, &id)
	if err != nil {
		return 0, err
	}
	ids := make([]fleet.SIMID, len(sims))
	for i, s := range sims {
		ids[i] = s.ID
	}
	w := where{tx: tx}
	offer := w.arg(int64(id))
	w.and(w.in("s.id", w.simIDs(ids)))
	w.and("s.workspace_id = " + w.arg(int64(o.Source.ID)))
	w.and("s.offer_id IS NULL")
	marked, err := tx.execRows(ctx, "UPDATE sims"+tx.dialectSQL("", " s")+" SET offer_id = "+offer+
		" WHERE id IN (SELECT s.id FROM sims s WHERE "+w.String()+")", w.args...)
	if err == nil && marked != int64(len(sims)) {
		err = ErrRaced
	}
	if err != nil {
		return 0, err
	}
	in := where{tx: tx}
	of := in.arg(int64(id))
	in.and(in.in("s.id", in.simIDs(ids)))
	return id, tx.exec(ctx, "INSERT INTO offer_sims (offer_id, sim_id, status, state, reason) SELECT "+of+
		tx.dialectSQL("", "::bigint")+", s.id, s.status, 0, '' FROM sims s WHERE "+in.String(), in.args...)
}

// simIDs returns the parameter of a list of SIMs.
func (w *where) simIDs(ids []fleet.SIMID) any {
	return numberArrayParam(w.tx, ids, func(b []byte, id fleet.SIMID) []byte { return strconv.AppendInt(b, int64(id), 10) })
}

// OfferOf reads an offer that a Workspace has made or receives; found is false for any other. lock
// locks it until the transaction ends.
func (tx *Tx) OfferOf(ctx context.Context, ws fleet.WorkspaceID, id fleet.OfferID, lock bool) (o fleet.Offer, found bool, err error) {
	const one, own = "CAST($1 AS BIGINT)", "CAST($2 AS BIGINT)"
	condition := "o.id = " + ifSeen(hasPair("offers", "source_id", own, one)+" OR "+hasPair("offers", "target_id", own, one), one)
	if lock {
		condition += tx.dialectSQL("", " FOR NO KEY UPDATE OF o")
	}
	return tx.offer(ctx, condition, int64(id), int64(ws))
}

// HoldOffer reads an offer and locks it until the transaction ends. It does not check rights.
func (tx *Tx) HoldOffer(ctx context.Context, id fleet.OfferID) (o fleet.Offer, found bool, err error) {
	return tx.offer(ctx, "o.id = $1"+tx.dialectSQL("", " FOR NO KEY UPDATE OF o"), int64(id))
}

func (tx *Tx) offer(ctx context.Context, condition string, args ...any) (o fleet.Offer, found bool, err error) {
	err = tx.queryEach(ctx, "SELECT "+offerColumns+offerTables+" WHERE "+condition, args, func(r rows) error {
		found = true
		o, err = scanOffer(r)
		return err
	})
	return o, found, err
}

// DueOffer finds an offer that a server has to look at, and locks it until the transaction ends.
// Offers that another server looks at are left out.
func (tx *Tx) DueOffer(ctx context.Context) (o fleet.Offer, found bool, err error) {
	return tx.offer(ctx, "o.next_at IS NOT NULL AND o.next_at <= $1 ORDER BY o.next_at, o.id LIMIT 1"+
		tx.dialectSQL("", " FOR NO KEY UPDATE OF o SKIP LOCKED"), micros(tx.now))
}

// OfferDue reports whether DueOffer would find an offer, without locks.
func (tx *Tx) OfferDue(ctx context.Context) (due bool, err error) {
	var id int64
	return tx.queryRow(ctx, "SELECT id FROM offers WHERE next_at IS NOT NULL AND next_at <= $1 LIMIT 1", []any{micros(tx.now)}, &id)
}

var saveOffer = named(`UPDATE offers SET state = :state, next_at = :next_at, reminders = :reminders, decided_at = :decided_at,
	decided_by = :decided_by, ended_at = :ended_at, ledger_id = :ledger_id, job_id = :job_id, accepted = :accepted, refused = :refused,
	gone = :gone WHERE id = :id`)

// SaveOffer writes what changes of an offer. The offer must be locked.
func (tx *Tx) SaveOffer(ctx context.Context, o fleet.Offer) error {
	return tx.execNamed(ctx, saveOffer, params{
		"id": int64(o.ID), "state": string(o.State), "next_at": timeOrNull(o.NextAt), "reminders": o.Reminders,
		"decided_at": timeOrNull(o.Decided), "decided_by": orNull(o.DecidedBy), "ended_at": timeOrNull(o.Ended),
		"ledger_id": orNull(o.Entry), "job_id": orNull(o.Job), "accepted": o.Accepted, "refused": o.Refused, "gone": o.Gone,
	})
}

// unmarkSIMs frees SIMs of offer $1; the condition is on offer_sims n. PostgreSQL locks them in the
// order of their ids, as other writes do.
func (tx *Tx) unmarkSIMs(ctx context.Context, id fleet.OfferID, condition string) error {
	return tx.exec(ctx, "UPDATE sims SET offer_id = NULL WHERE offer_id = $1 AND id IN (SELECT s.id FROM sims s WHERE s.id IN (SELECT n.sim_id FROM offer_sims n WHERE n.offer_id = $1"+
		condition+")"+tx.dialectSQL("", " ORDER BY s.id FOR NO KEY UPDATE OF s")+")", int64(id))
}

// DecideOfferSIMs writes what becomes of SIMs of an offer that are still offered, and frees those
// that do not move.
func (tx *Tx) DecideOfferSIMs(ctx context.Context, id fleet.OfferID, state fleet.OfferSIMState, sims []fleet.SIMID, reason string) error {
	if len(sims) == 0 {
		return nil
	}
	w := where{tx: tx}
	text := "UPDATE offer_sims SET state = " + w.arg(int(state)) + ", reason = " + w.arg(reason)
	w.and("offer_id = " + w.arg(int64(id)))
	w.and(w.in("sim_id", w.simIDs(sims)))
	w.and("state = " + offeredSIM)
	if err := tx.exec(ctx, text+" WHERE "+w.String(), w.args...); err != nil {
		return err
	}
	return tx.unmarkSIMs(ctx, id, " AND n.state > "+acceptedSIM)
}

// CloseOfferSIMs ends an offer's SIMs that are still offered: those that the job moved are accepted
// (job 0 stands for none), those that do not exist any more are gone, and the others are refused
// with the reason. It frees all SIMs of the offer, and counts them by state.
func (tx *Tx) CloseOfferSIMs(ctx context.Context, id fleet.OfferID, job fleet.JobID, reason string) (counts map[fleet.OfferSIMState]int, err error) {
	const open = "offer_id = $1 AND state = " + offeredSIM
	if job != 0 {
		err = tx.exec(ctx, "UPDATE offer_sims SET state = "+acceptedSIM+" WHERE "+open+
			" AND sim_id IN (SELECT n.sim_id FROM job_sims n WHERE n.job_id = $2 AND n.verdict = "+doneVerdict+")", int64(id), int64(job))
	}
	if err == nil {
		err = tx.exec(ctx, "UPDATE offer_sims SET state = "+goneSIM+" WHERE "+open+
			" AND sim_id IN (SELECT n.sim_id FROM offer_sims n JOIN sims s ON s.id = n.sim_id WHERE n.offer_id = $1 AND s.status = "+deletedSIM+")", int64(id))
	}
	if err == nil {
		err = tx.exec(ctx, "UPDATE offer_sims SET state = "+refusedSIM+", reason = $2 WHERE "+open, int64(id), reason)
	}
	if err == nil {
		err = tx.unmarkSIMs(ctx, id, "")
	}
	if err != nil {
		return nil, err
	}
	counts = make(map[fleet.OfferSIMState]int)
	err = tx.queryEach(ctx, "SELECT state, count(*) FROM offer_sims WHERE offer_id = $1 GROUP BY state", []any{int64(id)}, func(r rows) error {
		var state fleet.OfferSIMState
		var n int
		err := r.Scan(&state, &n)
		counts[state] = n
		return err
	})
	return counts, err
}

// The facts of SIMs n of an offer o: those of now while it is open. A SIM that was deleted
// meanwhile is gone.
const (
	offerOpen       = "o.state IN ('pending', 'accepting')"
	offerSIMState   = "CASE WHEN n.state = " + offeredSIM + " AND " + offerOpen + " AND s.status = " + deletedSIM + " THEN " + goneSIM + " ELSE n.state END"
	offerSIMColumns = "n.sim_id, s.iccid, CASE WHEN n.state = " + offeredSIM + " AND " + offerOpen + " THEN s.status ELSE n.status END, s.model_id, " + offerSIMState + ", n.reason"
	offerSIMTables  = " FROM offer_sims n JOIN offers o ON o.id = n.offer_id JOIN sims s ON s.id = n.sim_id"
)

func scanOfferSIM(into *[]fleet.OfferSIM) func(rows) error {
	return func(r rows) error {
		var s fleet.OfferSIM
		err := r.Scan(&s.SIM, &s.ICCID, &s.Status, &s.Model, &s.State, &s.Reason)
		*into = append(*into, s)
		return err
	}
}

// OfferedSIMs reads the SIMs of an offer that are not decided, by id.
func (tx *Tx) OfferedSIMs(ctx context.Context, id fleet.OfferID) (sims []fleet.OfferSIM, err error) {
	err = tx.queryEach(ctx, "SELECT "+offerSIMColumns+offerSIMTables+" WHERE n.offer_id = $1 AND n.state = "+offeredSIM+" ORDER BY n.sim_id",
		[]any{int64(id)}, scanOfferSIM(&sims))
	return sims, err
}

var offerSIMFields = map[string]string{"id": "n.sim_id", "state": offerSIMState}

// OfferSIMs reads one page of the SIMs of an offer. It does not check rights. A filter state has
// the numbers of states.
func (tx *Tx) OfferSIMs(ctx context.Context, id fleet.OfferID, l fleet.List) (fleet.Page[fleet.OfferSIM], error) {
	page := fleet.Page[fleet.OfferSIM]{PerPage: l.PerPage, Items: []fleet.OfferSIM{}}
	w := where{tx: tx}
	w.and("n.offer_id = " + w.arg(int64(id)))
	w.filter(l, offerSIMFields)
	if _, err := tx.queryRow(ctx, "SELECT count(*)"+offerSIMTables+" WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	err := tx.queryEach(ctx, "SELECT "+offerSIMColumns+offerSIMTables+" WHERE "+w.String()+" ORDER BY "+w.orderBy(l, offerSIMFields)+
		" LIMIT "+w.arg(l.PerPage)+" OFFSET "+w.arg(offset), w.args, scanOfferSIM(&page.Items))
	return page, err
}

// OfferSnapshot reads the SIMs of an offer as they are now, in whatever Workspace, without those
// that do not exist; the caller adds the standings. lock locks them until the transaction ends.
func (tx *Tx) OfferSnapshot(ctx context.Context, sims []fleet.SIMID, lock bool) (snap fleet.Snapshot, err error) {
	all := Caller{SuperAdmin: true} // every reader of the offer may see them
	if len(sims) == 0 {
		return snap, nil
	}
	one := tx.selection(all, fleet.Selector{SIMs: fleet.Once(sims)}, lock, false, &snap.SIMs)
	return snap, tx.queryEach(ctx, one.text, one.args, one.scan)
}

// OwnSIMs reads SIMs that a selector names in one Workspace of the caller. lock locks them until
// the transaction ends. SIMs of others take the same path as SIMs that do not exist.
func (tx *Tx) OwnSIMs(ctx context.Context, caller Caller, ws fleet.WorkspaceID, sel fleet.Selector, lock bool) ([]fleet.SIMState, error) {
	sims, err := tx.selected(ctx, caller, sel, lock)
	return slices.DeleteFunc(sims, func(s fleet.SIMState) bool { return s.Workspace != ws }), err
}

var offerFields = map[string]string{"id": "k.id", "direction": "k.direction", "status": "k.state", "reference": "k.reference"}

// Offers reads one page of the offers that a Workspace has made or receives. They are found before
// they are filtered, so that no row of other Workspaces is read.
func (tx *Tx) Offers(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Offer], error) {
	page := fleet.Page[fleet.Offer]{PerPage: l.PerPage, Items: []fleet.Offer{}}
	w := where{tx: tx}
	own := w.arg(int64(ws))
	const part = "SELECT o.id, o.state, o.reference, '%s' AS direction FROM offers o WHERE o.%s = "
	with := "WITH k AS MATERIALIZED (" + fmt.Sprintf(part, "outgoing", "source_id") + own + " UNION ALL " + fmt.Sprintf(part, "incoming", "target_id") + own + ") "
	w.filter(l, offerFields)
	if _, err := tx.queryRow(ctx, with+"SELECT count(*) FROM k WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	err := tx.queryEach(ctx, with+"SELECT "+offerColumns+offerTables+" WHERE o.id "+
		tx.dialectSQL("IN (SELECT k.id FROM k WHERE %s)", "= ANY (ARRAY(SELECT k.id FROM k WHERE %s))", w.String())+
		" ORDER BY "+w.orderBy(l, map[string]string{"id": "o.id"})+" LIMIT "+w.arg(l.PerPage)+" OFFSET "+w.arg(offset), w.args, func(r rows) error {
		o, err := scanOffer(r)
		page.Items = append(page.Items, o)
		return err
	})
	return page, err
}

// OpenOffers counts the offers of a Workspace whose SIMs are marked.
func (tx *Tx) OpenOffers(ctx context.Context, source fleet.WorkspaceID) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM offers o WHERE o.source_id = $1 AND "+offerOpen, []any{int64(source)}, &n)
	return n, err
}

// ModelsOf reads the models of SIMs.
func (tx *Tx) ModelsOf(ctx context.Context, sims []fleet.SIMState) (map[fleet.SIMID]fleet.ModelID, error) {
	ids := make([]fleet.SIMID, len(sims))
	for i, s := range sims {
		ids[i] = s.ID
	}
	w := where{tx: tx}
	w.and(w.in("s.id", w.simIDs(ids)))
	found := make(map[fleet.SIMID]fleet.ModelID, len(sims))
	err := tx.queryEach(ctx, "SELECT s.id, s.model_id FROM sims s WHERE "+w.String(), w.args, func(r rows) error {
		var sim fleet.SIMID
		var model fleet.ModelID
		err := r.Scan(&sim, &model)
		found[sim] = model
		return err
	})
	return found, err
}
