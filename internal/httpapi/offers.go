package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// maxShownSIMs is how many SIMs the response to an offer or an acceptance lists.
const maxShownSIMs = fleet.MaxSIMs

// What crosses to the receiver of an offer, and what does not.
var (
	crosses = []string{"id", "iccid", "iccid_with_luhn", "status", "model"}
	stays   = []string{"endpoints and their names", "events", "history", "IMSI, MSISDN and EID", "your users"}
)

// offerRequest reads the body of POST /api/v1/migration_offer.
func offerRequest(r *request) (n control.NewOffer, canonical any, err error) {
	var body wire.OfferRequest
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	if err := noNulls(map[string]bool{
		"receiving_code": body.Code.Null, "dry_run": body.DryRun.Null, "auto_detach_devices": body.AutoDetachDevices.Null,
	}); err != nil {
		return n, nil, err
	}
	if n.Code = body.Code.Or(""); n.Code == "" {
		return n, nil, fleet.Invalid("receiving_code", "it is required: ask the receiver for one")
	}
	if n.Select, err = offerSelect(body.Select); err != nil {
		return n, nil, err
	}
	if n.AllowedStatuses, err = allowedStatuses(body.AllowedSIMStatuses); err != nil {
		return n, nil, err
	}
	if n.Expires, err = jobTime("expires_at", body.ExpiresAt); err != nil {
		return n, nil, err
	}
	n.DetachDevices, n.DryRun = body.AutoDetachDevices.Or(false), body.DryRun.Or(true)
	n.Hash = control.HashReceivingCode(n.Code)
	n.Note = fleet.Note{Reference: body.Reference.Or(""), Reason: body.Reason.Or("")}
	return n, n, n.Note.Check()
}

// noNulls refuses null for one of the fields that are true.
func noNulls(null map[string]bool) error {
	for _, field := range slices.Sorted(maps.Keys(null)) {
		if null[field] {
			return fleet.Invalid(field, "it must not be null; omit the key instead")
		}
	}
	return nil
}

func offerSelect(b *wire.OfferSelect) (sel fleet.JobSelection, err error) {
	var of *wire.JobSelect
	if b != nil {
		of = &wire.JobSelect{SIMs: b.SIMs, ICCIDs: b.ICCIDs, ICCIDRanges: b.ICCIDRanges, Filter: b.Filter}
	}
	sel, err = jobSelect(of)
	switch {
	case err != nil:
		return sel, err
	case len(sel.SIMs) > fleet.MaxOfferSIMs || len(sel.ICCIDs) > fleet.MaxOfferSIMs:
		return sel, fleet.Invalid("select", "it names more than %d SIMs: make several offers", fleet.MaxOfferSIMs)
	}
	return sel, nil
}

func madeOffer(m control.MadeOffer) control.Reply {
	body := wire.OfferResponse{Offer: offerBody(m.Offer), DryRun: m.DryRun, Crosses: crosses, Stays: stays, SIMs: []wire.OfferSIM{}}
	for _, s := range m.SIMs[:min(len(m.SIMs), maxShownSIMs)] {
		body.SIMs = append(body.SIMs, offerSIMBody(s, m.Models))
	}
	if m.DryRun {
		return jsonReply(http.StatusOK, body)
	}
	reply := jsonReply(http.StatusCreated, body)
	reply.Location = fmt.Sprintf("/api/v1/migration_offer/%d", m.Offer.ID)
	return reply
}

func offerItemID(o control.Offer) int64 { return int64(o.ID) }

func offerBody(o control.Offer) wire.Offer {
	out := wire.Offer{
		ID: int64(o.ID), Direction: "outgoing", Status: string(o.State), SourceWorkspace: workspaceRef(o.Source), TargetWorkspace: workspaceRef(o.Target),
		SIMCount: o.SIMs, Accepted: o.Accepted, Refused: o.Refused, Gone: o.Gone, AllowedSIMStatuses: allowedRefs(o.AllowedStatuses),
		Reference: o.Note.Reference, Reason: o.Note.Reason, CreatedAt: wire.NewTime(o.Created), ExpiresAt: wire.NewTime(o.Expires),
		DecidedAt: timeOrNull(o.Decided), EndedAt: timeOrNull(o.Ended), Migration: refOrNull(int64(o.Entry)), Job: refOrNull(int64(o.Job)),
		ReceivingCode: refOrNull(int64(o.Code)),
	}
	if o.Incoming {
		out.Direction = "incoming"
	} else {
		out.AutoDetachDevices = &o.DetachDevices
	}
	if o.User != 0 {
		out.User = &wire.NamedRef{ID: int64(o.User), Name: o.Username}
	}
	if o.DecidedBy != 0 {
		out.DecidedBy = &wire.NamedRef{ID: int64(o.DecidedBy), Name: o.DecidedName}
	}
	return out
}

// refOrNull returns a reference to an id, nil for 0.
func refOrNull(id int64) *wire.IDRef {
	if id == 0 {
		return nil
	}
	ref := wire.RefTo(id)
	return &ref
}

func offerSIMBody(s fleet.OfferSIM, models map[fleet.ModelID]fleet.Model) wire.OfferSIM {
	out := wire.OfferSIM{
		ID: int64(s.SIM), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), Status: statusRef(s.Status), State: s.State.String(), Reason: s.Reason,
	}
	if m, known := models[s.Model]; known {
		out.Model = &wire.Ref{ID: int64(m.ID), Description: m.Description}
	}
	return out
}

// listOfferSIMs implements GET /api/v1/migration_offer/{offer_id}/sim.
func (a *api) listOfferSIMs(r *request) (response, error) {
	id, err := offerID(r)
	if err != nil {
		return response{}, err
	}
	l, err := r.List(fleet.OfferSIMList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListOfferSIMs(r.Context(), r.caller, id, l)
	if err != nil {
		return response{}, err
	}
	res, err := httpx.OK(each(found.Items, func(s fleet.OfferSIM) wire.OfferSIM { return offerSIMBody(s, found.Models) }))
	return httpx.OnPage(r.Request, l, found.Page, func(s fleet.OfferSIM) int64 { return int64(s.SIM) }, res), err
}

var offerID = pathID[fleet.OfferID]("offer_id")

// offerAcceptance reads the body of POST /api/v1/migration_offer/{offer_id}/accept.
func offerAcceptance(r *request) (a control.OfferAnswer, canonical any, err error) {
	if a.Offer, err = offerID(r); err != nil {
		return a, nil, err
	}
	var body wire.OfferAcceptRequest
	if err := r.DecodeOptional(&body); err != nil {
		return a, nil, err
	}
	if err := noNulls(map[string]bool{"sims": body.SIMs.Null, "dry_run": body.DryRun.Null}); err != nil {
		return a, nil, err
	}
	a.DryRun = body.DryRun.Or(true)
	if sims, given := body.SIMs.Get(); given {
		if a.SIMs, err = simIDs("sims", sims); err != nil {
			return a, nil, err
		}
		if a.SIMs = fleet.Once(a.SIMs); len(a.SIMs) == 0 {
			return a, nil, fleet.Invalid("sims", "the list is empty: omit the key to accept all SIMs, or refuse the offer")
		}
	}
	if len(a.SIMs) > fleet.MaxOfferSIMs || len(body.Refuse) > fleet.MaxOfferSIMs {
		return a, nil, fleet.Invalid("sims, refuse", "more than %d SIMs are named", fleet.MaxOfferSIMs)
	}
	for i, ref := range body.Refuse {
		if ref.ID == nil {
			return a, nil, fleet.Invalid("refuse"+nth(i)+".id", "it is required")
		}
		a.Refuse = append(a.Refuse, fleet.OfferRefusal{SIM: fleet.SIMID(*ref.ID), Reason: ref.Reason})
	}
	if a.Activate, err = landing(body.Landing); err != nil {
		return a, nil, err
	}
	return a, a, nil
}

func answeredOffer(d control.AnsweredOffer) control.Reply {
	body := wire.OfferAcceptResponse{
		DryRun: d.DryRun, Offer: offerBody(d.Seen()), RefusedCount: len(d.Refused), GoneCount: len(d.Gone), SIMs: []wire.OfferAcceptance{},
	}
	if p := d.Plan; p != nil {
		body.SIMCount = len(p.SIMs)
		for _, s := range p.SIMs[:min(len(p.SIMs), maxShownSIMs)] {
			body.SIMs = append(body.SIMs, wire.OfferAcceptance{
				ID: int64(s.ID), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), Status: statusRef(s.Status), StatusAfter: statusRef(p.After(s).Status),
			})
		}
	}
	reply := jsonReply(http.StatusOK, body)
	switch {
	case d.DryRun:
	case d.Offer.Job != 0:
		reply = jsonReply(http.StatusAccepted, body)
		reply.Location = jobPath(d.Offer.Job)
	case d.Offer.Entry != 0:
		reply.Location = entryPath(d.Offer.Entry)
	}
	return reply
}

func offerRefusal(r *request) (refused control.OfferRefused, canonical any, err error) {
	if refused.Offer, err = offerID(r); err != nil {
		return refused, nil, err
	}
	var body wire.OfferRefuseRequest
	if err := r.DecodeOptional(&body); err != nil {
		return refused, nil, err
	}
	refused.Reason = body.Reason.Or("")
	return refused, refused, nil
}

func cancelledOffer(r *request) (id fleet.OfferID, canonical any, err error) {
	if id, err = offerID(r); err != nil {
		return id, nil, err
	}
	return id, id, emptyBody(r)
}

func offerReply(o control.Offer) control.Reply { return jsonReply(http.StatusOK, offerBody(o)) }
