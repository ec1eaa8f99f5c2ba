package model

import (
	"maps"
	"slices"
	"time"
)

// receivingCode lets others offer SIMs to a Workspace. The servers make up its text.
type receivingCode struct {
	id, workspace             int64
	user                      *user
	words                     string
	single                    bool
	most                      int   // SIMs, 0 for any number
	sender                    int64 // 0 for any
	created, expires, revoked time.Time
	offers, sims              int
}

func (k *receivingCode) status(now time.Time) string {
	switch {
	case !k.revoked.IsZero():
		return "revoked"
	case k.single && k.offers > 0, k.most > 0 && k.sims >= k.most:
		return "used"
	case !now.Before(k.expires):
		return "expired"
	}
	return "valid"
}

// offer is an offer of SIMs from one Workspace to another.
type offer struct {
	id                                int64
	code                              *receivingCode
	source, target                    int64
	user                              *user // who made it
	state                             string
	detach                            bool
	allowed                           []int
	note                              note
	created, expires, decided, closed time.Time
	next                              time.Time // when a server reads it next
	reminders                         int
	by                                *user // who decided, nil for the server
	entry                             int64
	sims                              []*offeredSIM // by id
}

// offeredSIM is a SIM of an offer. Its status is that at the time of the offer.
type offeredSIM struct {
	sim    *sim
	status int
	state  string
	reason string
}

const (
	pending, offered, accepted, gaveUp = "pending", "offered", "accepted", "gone"
)

var offerSIMStates = map[string]string{offered: "0", accepted: "1", refused: "2", gaveUp: "3"}

func (o *offer) open() bool { return o.state == pending }

func (o *offer) count(state string) (n int) {
	for _, s := range o.sims {
		if s.state == state {
			n++
		}
	}
	return n
}

// look sets the next time at which a server reads the offer: at half of its time and an hour before
// its end for reminders, and at its end.
func (o *offer) look() {
	half, last := o.created.Add(o.expires.Sub(o.created)/2), o.expires.Add(-time.Hour)
	o.next = o.expires
	switch {
	case o.reminders == 0 && half.Before(last):
		o.next = half
	case o.reminders < 2 && last.After(o.created):
		o.next = last
	}
}

// TendOffers does what servers do with the offers that are due.
func (m *Model) TendOffers() {
	for {
		var first *offer
		for _, o := range m.offers {
			if !o.next.IsZero() && !o.next.After(m.now) && (first == nil || o.next.Before(first.next)) {
				first = o
			}
		}
		switch {
		case first == nil:
			return
		case m.now.Before(first.expires):
			first.reminders++
			first.look()
		default:
			m.closeOffer(first, "expired", "the offer expired")
		}
	}
}

// closeOffer ends an offer. SIMs that are still offered are refused with the reason.
func (m *Model) closeOffer(o *offer, state, reason string) {
	for _, s := range o.sims {
		if s.state == offered && s.sim.now().status == deleted {
			s.state = gaveUp
		}
		if s.state == offered {
			s.state, s.reason = refused, reason
		}
		if s.sim.offer == o.id {
			s.sim.offer = 0
		}
	}
	switch {
	case state != "":
	case o.count(accepted) == 0:
		state = refused
	case o.count(accepted) < len(o.sims):
		state = "partly_accepted"
	default:
		state = accepted
	}
	o.state, o.closed, o.next = state, m.now, time.Time{}
	if o.decided.IsZero() {
		o.decided = m.now
	}
}

// seenOffer returns an offer of the caller's Workspace, nil for none.
func (m *Model) seenOffer(c caller, id int64) (*offer, *Answer) {
	if id >= 1 && id <= int64(len(m.offers)) {
		if o := m.offers[id-1]; o.source == c.workspace || o.target == c.workspace {
			return o, nil
		}
	}
	no := notFound("offer with id " + number(id) + " not found")
	return nil, &no
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return resourceTime(t)
}

func (m *Model) codeBody(k *receivingCode) object {
	body := object{
		"id": k.id, "description": k.words, "status": k.status(m.now), "single_use": k.single, "max_sims": nil, "expected_sender": nil,
		"user": object{"id": k.user.id, "name": k.user.username}, "created_at": resourceTime(k.created), "expires_at": resourceTime(k.expires),
		"revoked_at": timeOrNull(k.revoked), "offer_count": k.offers, "sim_count": k.sims,
	}
	if k.most != 0 {
		body["max_sims"] = k.most
	}
	if k.sender != 0 {
		body["expected_sender"] = object{"id": k.sender}
	}
	return body
}

// offerBody returns an offer as a Workspace sees it: without the users of the other side.
func (m *Model) offerBody(ws int64, o *offer) object {
	body := object{
		"direction": "outgoing", "status": o.state, "source_workspace": m.workspaceRef(o.source), "target_workspace": m.workspaceRef(o.target),
		"sim_count": len(o.sims), "accepted_count": o.count(accepted), "refused_count": o.count(refused), "gone_count": o.count(gaveUp),
		"allowed_sim_statuses": allowedRefs(o.allowed), "reference": o.note.reference, "reason": o.note.reason,
		"created_at": resourceTime(o.created), "expires_at": resourceTime(o.expires), "decided_at": timeOrNull(o.decided), "ended_at": timeOrNull(o.closed),
	}
	if o.id != 0 {
		body["id"] = o.id
	}
	if o.entry != 0 {
		body["migration"] = object{"id": o.entry}
	}
	decidedHere := o.target
	if o.state == "cancelled_by_giver" {
		decidedHere = o.source
	}
	if o.by != nil && ws == decidedHere {
		body["decided_by"] = object{"id": o.by.id, "name": o.by.username}
	}
	if ws == o.target {
		body["direction"], body["receiving_code"] = "incoming", object{"id": o.code.id}
		return body
	}
	body["auto_detach_devices"], body["user"] = o.detach, object{"id": o.user.id, "name": o.user.username}
	return body
}

// offeredBody returns a SIM of an offer. While the offer is open its facts are those of now.
func offeredBody(o *offer, s *offeredSIM) object {
	status := s.status
	if o.open() && s.state == offered {
		status = s.sim.now().status
	}
	body := object{
		"id": s.sim.id, "iccid": s.sim.iccid, "iccid_with_luhn": withLuhn(s.sim.iccid), "status": statusRef(status), "state": shownState(o, s),
		"model": object{"id": 1, "description": "Standard SIM"},
	}
	if s.reason != "" {
		body["reason"] = s.reason
	}
	return body
}

func shownState(o *offer, s *offeredSIM) string {
	if o.open() && s.state == offered && s.sim.now().status == deleted {
		return gaveUp
	}
	return s.state
}

var codeListing = listing{fields: map[string]kind{"id": whole}, descending: true, perPage: 100, most: 1000}

// ListCodes models GET /api/v1/receiving_code.
func (m *Model) ListCodes(bearer int, q Query) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	var rows []row
	for _, k := range m.codes {
		if k.workspace == c.workspace {
			rows = append(rows, row{map[string]any{"id": k.id}, func() object { return m.codeBody(k) }})
		}
	}
	return codeListing.page(rows, q)
}

var offerListing = listing{
	fields: map[string]kind{"id": whole, "direction": text, "status": text, "reference": text}, unsorted: []string{"direction", "status", "reference"},
	descending: true, perPage: 100, most: 1000,
}

// ListOffers models GET /api/v1/migration_offer.
func (m *Model) ListOffers(bearer int, q Query) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	var rows []row
	for _, o := range m.offers {
		direction := "outgoing"
		switch c.workspace {
		case o.target:
			direction = "incoming"
		case o.source:
		default:
			continue
		}
		rows = append(rows, row{map[string]any{"id": o.id, "direction": direction, "status": o.state, "reference": o.note.reference}, func() object { return m.offerBody(c.workspace, o) }})
	}
	return offerListing.page(rows, q)
}

// GetOffer models GET /api/v1/migration_offer/{id}.
func (m *Model) GetOffer(bearer int, id int64) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	o, no := m.seenOffer(c, id)
	if no != nil {
		return *no
	}
	return ok(m.offerBody(c.workspace, o))
}

var offerSIMListing = listing{fields: map[string]kind{"id": whole, "state": text}, unsorted: []string{"state"}, perPage: 500, most: 2500}

// ListOfferSIMs models GET /api/v1/migration_offer/{id}/sim.
func (m *Model) ListOfferSIMs(bearer int, id int64, q Query) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	for _, f := range q.Filters {
		if slices.ContainsFunc(f.Values, func(v string) bool { return offerSIMStates[v] == "" }) {
			return refusal(422, 1301, "InvalidQueryCriteria")
		}
	}
	o, no := m.seenOffer(c, id)
	if no != nil {
		return *no
	}
	var rows []row
	for _, s := range o.sims {
		rows = append(rows, row{map[string]any{"id": s.sim.id, "state": shownState(o, s)}, func() object { return offeredBody(o, s) }})
	}
	return offerSIMListing.page(rows, q)
}

// offerRows adds the tables of offers.
func (m *Model) offerRows(t map[string][]Row) {
	for _, k := range m.codes {
		t["receiving_codes"] = append(t["receiving_codes"], Row{
			"id": number(k.id), "workspace_id": number(k.workspace), "user_id": number(k.user.id), "single_use": flag(k.single), "max_sims": orNULL(int64(k.most)),
			"sender_id": orNULL(k.sender), "expires_at": stamp(k.expires), "revoked_at": stamp(k.revoked), "offers": number(int64(k.offers)), "sims": number(int64(k.sims)),
		})
	}
	for _, o := range m.offers {
		by := int64(0)
		if o.by != nil {
			by = o.by.id
		}
		t["offers"] = append(t["offers"], Row{
			"id": number(o.id), "code_id": number(o.code.id), "source_id": number(o.source), "target_id": number(o.target), "user_id": number(o.user.id),
			"state": o.state, "detach_devices": flag(o.detach), "allowed_statuses": statusList(o.allowed), "reference": o.note.reference, "reason": o.note.reason,
			"expires_at": stamp(o.expires), "next_at": stamp(o.next), "reminders": number(int64(o.reminders)), "decided_at": stamp(o.decided), "decided_by": orNULL(by),
			"ended_at": stamp(o.closed), "ledger_id": orNULL(o.entry), "job_id": "NULL", "sims": number(int64(len(o.sims))), "accepted": number(int64(o.count(accepted))),
			"refused": number(int64(o.count(refused))), "gone": number(int64(o.count(gaveUp))),
		})
		for _, s := range o.sims {
			t["offer_sims"] = append(t["offer_sims"], Row{
				"offer_id": number(o.id), "sim_id": number(s.sim.id), "status": number(int64(s.status)), "state": offerSIMStates[s.state], "reason": s.reason,
			})
		}
	}
}

// Codes returns how many receiving codes there are, and Offers how many offers.
func (m *Model) Codes() int { return len(m.codes) }

// Offers returns how many offers there are.
func (m *Model) Offers() int { return len(m.offers) }

// Heads returns valid bearers whose users may manage the offers of their Workspace.
func (m *Model) Heads() (list []int) {
	for bearer := range m.bearers {
		if _, refused := m.admit(bearer, admins); refused == nil {
			list = append(list, bearer)
		}
	}
	return list
}

// UsableCodes returns the codes with which a caller may make an offer.
func (m *Model) UsableCodes(bearer int) (ids []int64) {
	c, no := m.authenticate(bearer)
	for _, k := range m.codes {
		if no == nil && k.workspace != c.workspace && m.admits(k, c.workspace) {
			ids = append(ids, k.id)
		}
	}
	return ids
}

// Offerable returns SIMs of a caller's Workspace that are in no offer, ascending, and not more than
// 20.
func (m *Model) Offerable(bearer int) (ids []int64) {
	c, no := m.authenticate(bearer)
	for _, id := range slices.Sorted(maps.Keys(m.sims)) {
		s := m.sims[id]
		if no == nil && s.now().workspace == c.workspace && s.now().status != deleted && s.offer == 0 && len(ids) < 20 {
			ids = append(ids, id)
		}
	}
	return ids
}

// OpenOffers returns the newest pending offers that a caller's Workspace has made or receives.
func (m *Model) OpenOffers(bearer int, incoming bool) (ids []int64) {
	c, no := m.authenticate(bearer)
	for _, o := range slices.Backward(m.offers) {
		side := o.source
		if incoming {
			side = o.target
		}
		if no == nil && o.open() && side == c.workspace && len(ids) < 4 {
			ids = append(ids, o.id)
		}
	}
	return ids
}

// OfferSIMs returns the SIMs of an offer.
func (m *Model) OfferSIMs(id int64) (ids []int64) {
	if id < 1 || id > int64(len(m.offers)) {
		return nil
	}
	for _, s := range m.offers[id-1].sims {
		ids = append(ids, s.sim.id)
	}
	return ids
}

// OfferStates returns the states of all offers.
func (m *Model) OfferStates() (states []string) {
	for _, o := range m.offers {
		states = append(states, o.state)
	}
	return states
}
