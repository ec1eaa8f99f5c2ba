package model

import (
	"slices"
	"time"
)

var admins = permission{roles: []int{1, 4}}

// What crosses to the receiver of an offer, and what does not.
var (
	crosses = []any{"id", "iccid", "iccid_with_luhn", "status", "model"}
	stays   = []any{"endpoints and their names", "events", "history", "IMSI, MSISDN and EID", "your users"}
)

// expiry reads when something ends: in a week unless the body says so.
func (m *Model) expiry(body object) (time.Time, bool) {
	text, given := body["expires_at"].(string)
	if !given {
		return m.now.Add(7 * 24 * time.Hour), true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil && t.After(m.now) && !t.After(m.now.Add(90*24*time.Hour))
}

// Code stands for the text of a receiving code in the body of the response that made it.
const Code = "CODE"

// MakeCode models POST /api/v1/receiving_code.
func (m *Model) MakeCode(bearer int, body object) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	k := &receivingCode{id: int64(len(m.codes) + 1), workspace: c.workspace, user: c.user, single: body["single_use"] != false, created: m.now}
	k.words, _ = body["description"].(string)
	most, given := body["max_sims"].(int)
	k.most = most
	k.sender, _ = refID(body["expected_sender"])
	var fine bool
	if k.expires, fine = m.expiry(body); !fine || given && most < 1 {
		return badRequest()
	}
	if m.workspaces[c.workspace].kind != enterprise {
		return refusal(403, 1406, "NotAllowed")
	}
	m.codes = append(m.codes, k)
	made := m.codeBody(k)
	made["receiving_code"] = Code
	return Answer{Status: 201, Body: made}
}

// RevokeCode models DELETE /api/v1/receiving_code/{id}.
func (m *Model) RevokeCode(bearer int, id int64) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	if id < 1 || id > int64(len(m.codes)) || m.codes[id-1].workspace != c.workspace {
		return notFound("receiving code with id " + number(id) + " not found")
	}
	if k := m.codes[id-1]; k.revoked.IsZero() {
		k.revoked = m.now
	}
	return Answer{Status: 204}
}

// admits reports whether a Workspace may make an offer with a code.
func (m *Model) admits(k *receivingCode, ws int64) bool {
	target := m.workspaces[k.workspace]
	return k.status(m.now) == "valid" && (k.sender == 0 || k.sender == ws) && !target.suspended && target.kind == enterprise
}

// MakeOffer models POST /api/v1/migration_offer. code is the id of the receiving code in the body,
// 0 for one that does not exist.
func (m *Model) MakeOffer(bearer int, code int64, body object) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	var w wanted
	n, short := noteOf(body)
	sel, _ := body["select"].(object)
	if !short || !w.statuses(body["allowed_sim_statuses"]) || !w.parts(sel) {
		return badRequest()
	}
	wrong := "receiving codes\x00" + number(c.user.id)
	if guesses := m.counted(wrong); guesses.n >= 20 {
		return m.tooMany(429, guesses.expires)
	}
	if code < 1 || code > int64(len(m.codes)) || !m.admits(m.codes[code-1], c.workspace) {
		m.count(wrong, time.Hour)
		return refusal(404, 1201, "NotFound")
	}
	k := m.codes[code-1]
	o := &offer{code: k, source: c.workspace, target: k.workspace, user: c.user, state: pending, allowed: w.allowed, note: n, created: m.now}
	o.detach, _ = body["auto_detach_devices"].(bool)
	var fine bool
	if o.expires, fine = m.expiry(body); !fine {
		return badRequest()
	}
	if m.workspaces[c.workspace].suspended {
		return refusal(403, 1406, "NotAllowed")
	}
	w.target, w.detach = o.target, o.detach
	found, no := m.ownSIMs(c, w, sel)
	if no != nil {
		return *no
	}
	w.ids = []int64{} // several sources are impossible
	if groups := m.conflicts(w, found, func(int64) bool { return true }); len(groups) > 0 {
		return against(groups)
	}
	if k.most > 0 && len(found) > k.most-k.sims {
		return refusal(422, 1400, "InputValidationFailed")
	}
	return m.storeOffer(o, found, body["dry_run"] != false)
}

// storeOffer returns the response to an offer, and makes the offer unless it is a dry run.
func (m *Model) storeOffer(o *offer, found []*sim, dry bool) Answer {
	for _, s := range found {
		o.sims = append(o.sims, &offeredSIM{s, s.now().status, offered, ""})
	}
	list := []any{}
	for _, s := range o.sims {
		list = append(list, offeredBody(o, s))
	}
	a := Answer{Status: 200}
	if !dry {
		o.id = int64(len(m.offers) + 1)
		o.look()
		m.offers = append(m.offers, o)
		o.code.offers++
		o.code.sims += len(o.sims)
		for _, s := range found {
			s.offer = o.id
		}
		a = Answer{Status: 201}.with("Location", "/api/v1/migration_offer/"+number(o.id))
	}
	body := m.offerBody(o.source, o)
	body["dry_run"], body["crosses"], body["stays"], body["sims"] = dry, crosses, stays, list
	slices.SortFunc(o.sims, func(a, b *offeredSIM) int { return int(a.sim.id - b.sim.id) })
	a.Body = body
	return a
}

// parts reads the selection of an offer.
func (w *wanted) parts(sel object) bool {
	sims, bySIM := sel["sims"].([]object)
	iccids, byICCID := sel["iccids"].([]string)
	_, filtered := sel["filter"]
	fine := bySIM && len(sims) > 0 || byICCID && len(iccids) > 0 || filtered
	return fine && (!bySIM || w.readSIMs(sims)) && (!byICCID || w.readICCIDs(iccids))
}

// ownSIMs finds the SIMs of a selection in the caller's Workspace, each once.
func (m *Model) ownSIMs(c caller, w wanted, sel object) (found []*sim, no *Answer) {
	own := func(s *sim) bool { return s != nil && s.now().status != deleted && s.now().workspace == c.workspace }
	var missing []string
	add := func(s *sim, what string) {
		switch {
		case !own(s):
			missing = append(missing, "sim with "+what+" not found")
		case !slices.Contains(found, s):
			found = append(found, s)
		}
	}
	for _, id := range w.ids {
		add(m.sims[id], "id "+number(id))
	}
	for _, iccid := range w.iccids {
		add(m.simWith(iccid), "iccid "+iccid)
	}
	if f, given := sel["filter"].(object); given {
		ws, _ := refID(f["workspace"])
		if ws != c.workspace {
			a := notFound("workspace with id " + number(ws) + " not found")
			return nil, &a
		}
		for _, s := range m.ofStatus(f["q"]) {
			if own(s) {
				add(s, "")
			}
		}
	}
	switch {
	case len(missing) > 0:
		a := allMissing(missing)
		return nil, &a
	case len(found) == 0:
		a := refusal(404, 1201, "NotFound")
		return nil, &a
	}
	return found, nil
}

// ofStatus returns the SIMs that match a filter by status, by id; nil matches all.
func (m *Model) ofStatus(q any) (all []*sim) {
	for _, s := range m.sims {
		if q == nil || q == "status:"+number(int64(s.now().status)) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *sim) int { return int(a.id - b.id) })
	return all
}

// answerable returns a pending offer that the caller's Workspace receives.
func (m *Model) answerable(c caller, id int64) (*offer, *Answer) {
	o, no := m.seenOffer(c, id)
	switch {
	case no != nil:
		return nil, no
	case o.target != c.workspace:
		a := forbidden()
		return nil, &a
	case o.state != pending || !m.now.Before(o.expires):
		a := inUse()
		return nil, &a
	}
	return o, nil
}

// RefuseOffer models POST /api/v1/migration_offer/{id}/refuse, and CancelOffer cancel.
func (m *Model) RefuseOffer(bearer int, id int64, reason string) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	o, no := m.answerable(c, id)
	if no != nil {
		return *no
	}
	o.decided, o.by = m.now, c.user
	m.closeOffer(o, refused, reason)
	return ok(m.offerBody(c.workspace, o))
}

// CancelOffer models POST /api/v1/migration_offer/{id}/cancel.
func (m *Model) CancelOffer(bearer int, id int64) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	o, no := m.seenOffer(c, id)
	switch {
	case no != nil:
		return *no
	case o.target == c.workspace:
		return forbidden()
	case o.state != pending:
		return inUse()
	}
	o.decided, o.by = m.now, c.user
	m.closeOffer(o, "cancelled_by_giver", "")
	return ok(m.offerBody(c.workspace, o))
}

// acceptance is an answer to an offer: what becomes of its SIMs.
type acceptance struct {
	offer    *offer
	taken    []*offeredSIM
	refused  []*offeredSIM
	gone     []*offeredSIM
	reasons  map[int64]string // of refusals
	activate bool
}

// AcceptOffer models POST /api/v1/migration_offer/{id}/accept.
func (m *Model) AcceptOffer(bearer int, id int64, body object) Answer {
	c, no := m.admit(bearer, admins)
	if no != nil {
		return *no
	}
	sims, named := body["sims"].([]object)
	if named && len(sims) == 0 {
		return badRequest()
	}
	o, no := m.answerable(c, id)
	if no != nil {
		return *no
	}
	a, no := o.split(sims, named, asObjects(body["refuse"]))
	if no != nil {
		return *no
	}
	landing, _ := body["landing"].(object)
	a.activate = landing["status"] == "activate"
	if len(a.gone) > 0 && named {
		return against([]any{m.goneGroup(a)})
	}
	a.withoutGone()
	if len(a.taken) > 0 {
		if groups := m.againstOffer(a); len(groups) > 0 {
			return against(groups)
		}
	}
	dry := body["dry_run"] != false
	list := []any{}
	for _, s := range a.taken {
		after := s.sim.now().status
		if after == activated && !a.activate {
			after = suspended
		}
		list = append(list, object{
			"id": s.sim.id, "iccid": s.sim.iccid, "iccid_with_luhn": withLuhn(s.sim.iccid), "status": statusRef(s.sim.now().status), "status_after": statusRef(after),
		})
	}
	reply := ok(nil)
	if !dry {
		reply = m.answerOffer(c, a)
	}
	reply.Body = object{
		"dry_run": dry, "offer": m.offerBody(c.workspace, o), "sim_count": len(a.taken), "refused_count": len(a.refused), "gone_count": len(a.gone), "sims": list,
	}
	return reply
}

// split decides what becomes of each SIM of an offer.
func (o *offer) split(sims []object, named bool, refuse []object) (a acceptance, no *Answer) {
	a = acceptance{offer: o, reasons: map[int64]string{}}
	yes := map[int64]bool{}
	var order []int64
	for _, ref := range sims {
		if id, _ := refID(ref); !yes[id] {
			yes[id] = true
			order = append(order, id)
		}
	}
	offers := func(id int64) bool {
		return slices.ContainsFunc(o.sims, func(s *offeredSIM) bool { return s.sim.id == id })
	}
	var missing []string
	for _, r := range refuse {
		id, _ := refID(r)
		if _, twice := a.reasons[id]; twice || yes[id] {
			bad := badRequest()
			return a, &bad
		}
		if !offers(id) {
			missing = append(missing, "sim with id "+number(id)+" not found")
		}
		a.reasons[id], _ = r["reason"].(string)
	}
	for _, id := range order {
		if !offers(id) {
			missing = append(missing, "sim with id "+number(id)+" not found")
		}
	}
	if len(missing) > 0 {
		bad := allMissing(missing)
		return a, &bad
	}
	for _, s := range o.sims {
		_, isRefused := a.reasons[s.sim.id]
		switch {
		case isRefused || named && !yes[s.sim.id]:
			a.refused = append(a.refused, s)
		case s.sim.now().status == deleted:
			a.gone = append(a.gone, s)
		default:
			a.taken = append(a.taken, s)
		}
	}
	return a, nil
}

// withoutGone takes deleted SIMs out of the refused ones.
func (a *acceptance) withoutGone() {
	for _, s := range a.refused {
		if s.sim.now().status == deleted {
			a.gone = append(a.gone, s)
		}
	}
	a.refused = slices.DeleteFunc(a.refused, func(s *offeredSIM) bool { return s.sim.now().status == deleted })
}

// goneGroup refuses to accept SIMs by name that were deleted.
func (m *Model) goneGroup(a acceptance) object {
	list := []any{}
	for _, s := range a.gone {
		list = append(list, object{
			"id": s.sim.id, "iccid": s.sim.iccid, "iccid_with_luhn": withLuhn(s.sim.iccid), "status": statusRef(deleted), "source_workspace": m.workspaceRef(a.offer.source),
		})
	}
	return object{"error_code": 1510, "message": "SIM(s) deleted since they were offered", "sims": list}
}

// againstOffer returns why accepted SIMs may not move, without the giver's devices.
func (m *Model) againstOffer(a acceptance) []any {
	o := a.offer
	w := wanted{target: o.target, detach: o.detach, allowed: o.allowed, ids: []int64{}, offer: o.id}
	var sims []*sim
	for _, s := range a.taken {
		sims = append(sims, s.sim)
	}
	given := o.user.status == active && m.administers(o.user, o.source) && !m.workspaces[o.source].suspended
	groups := m.conflicts(w, sims, func(int64) bool { return given })
	for _, g := range groups {
		group := g.(object) //nolint:errcheck,forcetypeassert // conflicts made it
		if group["error_code"] == 1504 {
			group["message"] = "The giver can no longer hand over these SIMs: ask for a new offer"
		}
		for _, s := range group["sims"].([]any) { //nolint:errcheck,forcetypeassert // likewise
			delete(s.(object), "endpoint") //nolint:errcheck,forcetypeassert // likewise
		}
	}
	return groups
}

// answerOffer moves the accepted SIMs, and ends the offer.
func (m *Model) answerOffer(c caller, a acceptance) Answer {
	o, reply := a.offer, ok(nil)
	o.decided, o.by = m.now, c.user
	for _, s := range a.refused {
		s.state, s.reason = refused, a.reasons[s.sim.id]
	}
	for _, s := range a.gone {
		s.state = gaveUp
	}
	if len(a.taken) > 0 {
		var sims []*sim
		for _, s := range a.taken {
			s.state = accepted
			sims = append(sims, s.sim)
		}
		w := wanted{target: o.target, detach: o.detach, allowed: o.allowed, activate: a.activate, offer: o.id, note: o.note}
		m.move(c, "offer", w, found{sims: sims})
		o.entry = int64(len(m.ledger))
		reply = reply.with("Location", "/api/v1/migration/"+number(o.entry))
	}
	m.closeOffer(o, "", "")
	return reply
}
