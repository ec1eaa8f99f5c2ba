package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// requestState is the state of request r at the instant of a placeholder.
func requestState(now string) string {
	return "CASE WHEN r.state = 'open' AND r.expires_at <= " + now + " THEN 'expired' ELSE r.state END"
}

const (
	requestColumns = `r.id, r.workspace_id, COALESCE(w.name, ''), r.user_id, ` + shownUsername + `, r.reference, r.reason,
	r.created_at, r.expires_at, COALESCE(r.ended_at, 0), r.iccids`
	requestJoins = " LEFT JOIN workspaces w ON w.id = r.workspace_id LEFT JOIN users u ON u.id = r.user_id"
)

// requestScan are the destinations of requestColumns.
type requestScan struct {
	fleet.SIMRequest
	created, expires, ended int64
}

func (s *requestScan) dest() []any {
	r := &s.SIMRequest
	return []any{
		&r.ID, &r.Workspace.ID, &r.Workspace.Name, &r.User, &r.Username, &r.Note.Reference, &r.Note.Reason,
		&s.created, &s.expires, &s.ended, &r.ICCIDs,
	}
}

func (s *requestScan) done() fleet.SIMRequest {
	s.Created, s.Expires, s.Ended = fromMicros(s.created), fromMicros(s.expires), fromMicros(s.ended)
	return s.SIMRequest
}

func scanRequest(r rows) (fleet.SIMRequest, error) {
	var s requestScan
	err := r.Scan(append(s.dest(), &s.State)...)
	return s.done(), err
}

var insertRequest = insertion("sim_requests", "workspace_id user_id state reference reason created_at expires_at due_at iccids", "RETURNING id")

// InsertSIMRequest stores a new request for SIMs with its ICCIDs, and returns its id. It reads no
// SIM: the owners are looked up later, by DueSIMRequest and AskedSIMs.
func (tx *Tx) InsertSIMRequest(ctx context.Context, r fleet.SIMRequest, iccids []fleet.ICCID) (id fleet.SIMRequestID, err error) {
	err = tx.execReturning(ctx, insertRequest, params{
		"workspace_id": int64(r.Workspace.ID), "user_id": int64(r.User), "state": string(r.State), "reference": r.Note.Reference, "reason": r.Note.Reason,
		"created_at": micros(r.Created), "expires_at": micros(r.Expires), "due_at": micros(r.Created), "iccids": len(iccids),
	}, &id)
	if err != nil {
		return 0, err
	}
	w := where{tx: tx}
	request := w.arg(int64(id)) + tx.dialectSQL("", "::bigint")
	return id, tx.exec(ctx, "INSERT INTO sim_request_iccids (request_id, iccid) SELECT "+request+", j.value FROM "+w.eachText(texts(iccids)), w.args...)
}

// OpenSIMRequests counts the requests of a Workspace that are neither answered nor over.
func (tx *Tx) OpenSIMRequests(ctx context.Context, ws fleet.WorkspaceID) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM sim_requests WHERE workspace_id = $1 AND state = 'open' AND expires_at > $2",
		[]any{int64(ws), micros(tx.now)}, &n)
	return n, err
}

// SIMRequestOf reads a request of a Workspace; found is false for any other. lock locks it until
// the transaction ends.
func (tx *Tx) SIMRequestOf(ctx context.Context, ws fleet.WorkspaceID, id fleet.SIMRequestID, lock bool) (r fleet.SIMRequest, found bool, err error) {
	condition := "r.id = $2 AND r.workspace_id = $3"
	if lock {
		condition += tx.dialectSQL("", " FOR NO KEY UPDATE OF r")
	}
	return tx.simRequest(ctx, condition, int64(id), int64(ws))
}

// HoldSIMRequest reads a request and locks it until the transaction ends. It does not check rights.
func (tx *Tx) HoldSIMRequest(ctx context.Context, id fleet.SIMRequestID) (r fleet.SIMRequest, found bool, err error) {
	return tx.simRequest(ctx, "r.id = $2"+tx.dialectSQL("", " FOR NO KEY UPDATE OF r"), int64(id))
}

// simRequest reads the request of a condition, in which $1 is the transaction's instant.
func (tx *Tx) simRequest(ctx context.Context, condition string, args ...any) (r fleet.SIMRequest, found bool, err error) {
	text := "SELECT " + requestColumns + ", " + requestState("$1") + " FROM sim_requests r" + requestJoins + " WHERE " + condition
	err = tx.queryEach(ctx, text, append([]any{micros(tx.now)}, args...), func(row rows) error {
		found = true
		r, err = scanRequest(row)
		return err
	})
	return r, found, err
}

// RequestedICCIDs reads the ICCIDs of a request, in order.
func (tx *Tx) RequestedICCIDs(ctx context.Context, id fleet.SIMRequestID) (list []fleet.RequestedICCID, err error) {
	err = tx.queryEach(ctx, "SELECT n.iccid, COALESCE(n.offer_id, 0) FROM sim_request_iccids n WHERE n.request_id = $1 ORDER BY n.iccid", []any{int64(id)}, func(r rows) error {
		var asked fleet.RequestedICCID
		err := r.Scan(&asked.ICCID, &asked.Offer)
		list = append(list, asked)
		return err
	})
	return list, err
}

// SIMRequests reads one page of the requests of a Workspace.
func (tx *Tx) SIMRequests(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.SIMRequest], error) {
	page := fleet.Page[fleet.SIMRequest]{PerPage: l.PerPage, Items: []fleet.SIMRequest{}}
	w := where{tx: tx}
	state := requestState(w.arg(micros(tx.now)) + tx.dialectSQL("", "::bigint"))
	own := "WITH r AS MATERIALIZED (SELECT r.*, " + state + " AS seen FROM sim_requests r WHERE r.workspace_id = " + w.arg(int64(ws)) + ") "
	fields := map[string]string{"id": "r.id", "status": "r.seen"}
	w.filter(l, fields)
	if _, err := tx.queryRow(ctx, own+"SELECT count(*) FROM r WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	err := tx.queryEach(ctx, own+"SELECT "+requestColumns+", r.seen FROM r"+requestJoins+" WHERE "+w.String()+
		" ORDER BY "+w.orderBy(l, fields)+" LIMIT "+w.arg(l.PerPage)+" OFFSET "+w.arg(offset), w.args, func(row rows) error {
		r, err := scanRequest(row)
		page.Items = append(page.Items, r)
		return err
	})
	return page, err
}

// WithdrawSIMRequest ends a request, which must be locked.
func (tx *Tx) WithdrawSIMRequest(ctx context.Context, id fleet.SIMRequestID) error {
	return tx.exec(ctx, "UPDATE sim_requests SET state = 'withdrawn', ended_at = $2 WHERE id = $1", int64(id), micros(tx.now))
}

// SIMRequestDue reports whether DueSIMRequest would find a request, without locks.
func (tx *Tx) SIMRequestDue(ctx context.Context) (due bool, err error) {
	var id int64
	return tx.queryRow(ctx, "SELECT id FROM sim_requests WHERE due_at IS NOT NULL AND due_at <= $1 LIMIT 1", []any{micros(tx.now)}, &id)
}

// DueSIMRequest finds a request with owners that must be looked up, and locks it until the
// transaction ends. Requests that another server looks at are left out.
func (tx *Tx) DueSIMRequest(ctx context.Context) (r fleet.SIMRequest, found bool, err error) {
	return tx.simRequest(ctx, "r.due_at IS NOT NULL AND r.due_at <= $1 ORDER BY r.due_at, r.id LIMIT 1"+tx.dialectSQL("", " FOR NO KEY UPDATE OF r SKIP LOCKED"))
}

// SIMRequestDone ends the look-up of the owners.
func (tx *Tx) SIMRequestDone(ctx context.Context, id fleet.SIMRequestID) error {
	return tx.exec(ctx, "UPDATE sim_requests SET due_at = NULL WHERE id = $1", int64(id))
}

// AskedSIMs finds the SIMs of a request in Workspaces other than the one that asks, by Workspace.
func (tx *Tx) AskedSIMs(ctx context.Context, r fleet.SIMRequest) (owners []fleet.WorkspaceID, sims map[fleet.WorkspaceID][]fleet.SIMID, err error) {
	sims = make(map[fleet.WorkspaceID][]fleet.SIMID)
	err = tx.queryEach(ctx, `SELECT s.workspace_id, s.id FROM sim_request_iccids n JOIN sims s ON s.iccid = n.iccid
		WHERE n.request_id = $1 AND s.status <> `+deletedSIM+` AND s.workspace_id <> $2 ORDER BY s.workspace_id, s.id`,
		[]any{int64(r.ID), int64(r.Workspace.ID)}, func(row rows) error {
			var ws fleet.WorkspaceID
			var sim fleet.SIMID
			err := row.Scan(&ws, &sim)
			if len(sims[ws]) == 0 {
				owners = append(owners, ws)
			}
			sims[ws] = append(sims[ws], sim)
			return err
		})
	return owners, sims, err
}

var insertInquiry = insertion("inquiries", "workspace_id request_id state sims", "")

// InsertInquiry stores the inquiry of a request for one Workspace.
func (tx *Tx) InsertInquiry(ctx context.Context, id fleet.SIMRequestID, ws fleet.WorkspaceID, sims []fleet.SIMID) error {
	err := tx.execNamed(ctx, insertInquiry, params{
		"workspace_id": int64(ws), "request_id": int64(id), "state": string(fleet.InquiryOpen), "sims": len(sims),
	})
	if err != nil {
		return err
	}
	w := where{tx: tx}
	request, owner := w.arg(int64(id)), w.arg(int64(ws))
	w.and(w.in("s.id", w.simIDs(sims)))
	bigint := tx.dialectSQL("", "::bigint")
	return tx.exec(ctx, "INSERT INTO inquiry_sims (request_id, workspace_id, sim_id) SELECT "+request+bigint+", "+owner+bigint+
		", s.id FROM sims s WHERE "+w.String(), w.args...)
}

// InquiredSince reports whether the Workspace that made a request has led to another inquiry of an
// owner since a time.
func (tx *Tx) InquiredSince(ctx context.Context, r fleet.SIMRequest, owner fleet.WorkspaceID, since time.Time) (found bool, err error) {
	var id int64
	return tx.queryRow(ctx, `SELECT q.request_id FROM inquiries q JOIN sim_requests r ON r.id = q.request_id
		WHERE q.workspace_id = $1 AND r.workspace_id = $2 AND r.created_at > $3 AND r.id <> $4 LIMIT 1`,
		[]any{int64(owner), int64(r.Workspace.ID), micros(since), int64(r.ID)}, &id)
}

// inquiryState is the state of inquiry q of request r at the instant of a placeholder.
func inquiryState(now string) string {
	return "CASE WHEN q.state <> 'open' THEN q.state WHEN r.state = 'withdrawn' THEN 'withdrawn' WHEN r.expires_at <= " + now + " THEN 'expired' ELSE 'open' END"
}

const (
	inquiryColumns = ", q.workspace_id, q.sims, COALESCE(q.decided_at, 0), COALESCE(q.decided_by, 0), COALESCE(d.former_username, d.username, ''), COALESCE(q.offer_id, 0)"
	inquiryTables  = " JOIN sim_requests r ON r.id = q.request_id" + requestJoins + " LEFT JOIN users d ON d.id = q.decided_by"
)

func scanInquiry(r rows) (q fleet.Inquiry, err error) {
	var s requestScan
	var decided int64
	err = r.Scan(append(s.dest(), &s.State, &q.Workspace, &q.SIMs, &decided, &q.DecidedBy, &q.Decider, &q.Offer, &q.State)...)
	q.Request, q.Decided = s.done(), fromMicros(decided)
	return q, err
}

// InquiryOf reads an inquiry of a Workspace; found is false for any other. lock locks it, but not
// its request, until the transaction ends.
func (tx *Tx) InquiryOf(ctx context.Context, ws fleet.WorkspaceID, id fleet.SIMRequestID, lock bool) (q fleet.Inquiry, found bool, err error) {
	text := "SELECT " + requestColumns + ", " + requestState("$1") + inquiryColumns + ", " + inquiryState("$1") +
		" FROM inquiries q" + inquiryTables + " WHERE q.workspace_id = $2 AND q.request_id = $3"
	if lock {
		text += tx.dialectSQL("", " FOR NO KEY UPDATE OF q")
	}
	err = tx.queryEach(ctx, text, []any{micros(tx.now), int64(ws), int64(id)}, func(r rows) error {
		found = true
		q, err = scanInquiry(r)
		return err
	})
	return q, found, err
}

// InquirySIMs reads the SIMs of an inquiry that are still in its Workspace, by id.
func (tx *Tx) InquirySIMs(ctx context.Context, ws fleet.WorkspaceID, id fleet.SIMRequestID) (list []fleet.InquirySIM, err error) {
	err = tx.queryEach(ctx, `SELECT s.id, s.iccid, s.status FROM inquiry_sims n JOIN sims s ON s.id = n.sim_id
		WHERE n.request_id = $1 AND n.workspace_id = $2 AND s.workspace_id = $2 AND s.status <> `+deletedSIM+" ORDER BY s.id",
		[]any{int64(id), int64(ws)}, func(r rows) error {
			var s fleet.InquirySIM
			err := r.Scan(&s.SIM, &s.ICCID, &s.Status)
			list = append(list, s)
			return err
		})
	return list, err
}

// Inquiries reads one page of the inquiries of a Workspace. They are found before they are
// filtered, so that no row of other Workspaces is read.
func (tx *Tx) Inquiries(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Inquiry], error) {
	page := fleet.Page[fleet.Inquiry]{PerPage: l.PerPage, Items: []fleet.Inquiry{}}
	w := where{tx: tx}
	now := w.arg(micros(tx.now)) + tx.dialectSQL("", "::bigint")
	own := "WITH q AS MATERIALIZED (SELECT q.*, " + inquiryState(now) + " AS seen FROM inquiries q JOIN sim_requests r ON r.id = q.request_id WHERE q.workspace_id = " +
		w.arg(int64(ws)) + ")"
	fields := map[string]string{"id": "q.request_id", "status": "q.seen"}
	w.filter(l, fields)
	if _, err := tx.queryRow(ctx, own+" SELECT count(*) FROM q WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	// The page is found before it is joined: else a filter by id would look up requests of others.
	order := " ORDER BY " + w.orderBy(l, fields)
	found := own + ", k AS MATERIALIZED (SELECT q.* FROM q WHERE " + w.String() + order + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset) + ") "
	err := tx.queryEach(ctx, found+"SELECT "+requestColumns+", "+requestState(now)+inquiryColumns+", q.seen FROM k q"+inquiryTables+order, w.args, func(r rows) error {
		q, err := scanInquiry(r)
		page.Items = append(page.Items, q)
		return err
	})
	return page, err
}

// SaveInquiry writes how an inquiry was decided. It must be locked.
func (tx *Tx) SaveInquiry(ctx context.Context, q fleet.Inquiry) error {
	return tx.exec(ctx, "UPDATE inquiries SET state = $3, decided_at = $4, decided_by = $5, offer_id = $6 WHERE workspace_id = $1 AND request_id = $2",
		int64(q.Workspace), int64(q.Request.ID), string(q.State), timeOrNull(q.Decided), orNull(q.DecidedBy), orNull(q.Offer))
}

// AnswerSIMRequest records in a request, which must be locked, that an offer has SIMs of it.
func (tx *Tx) AnswerSIMRequest(ctx context.Context, id fleet.SIMRequestID, offer fleet.OfferID) error {
	if err := tx.exec(ctx, "UPDATE sim_requests SET state = 'answered' WHERE id = $1", int64(id)); err != nil {
		return err
	}
	return tx.exec(ctx, `UPDATE sim_request_iccids SET offer_id = $2 WHERE request_id = $1
		AND iccid IN (SELECT s.iccid FROM offer_sims n JOIN sims s ON s.id = n.sim_id WHERE n.offer_id = $2)`, int64(id), int64(offer))
}
