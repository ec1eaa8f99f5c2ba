package httpapi

import (
	"fmt"
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

var (
	requestID = pathID[fleet.SIMRequestID]("request_id")
	inquiryID = pathID[fleet.SIMRequestID]("inquiry_id")
)

// newSIMRequest reads the body of POST /api/v1/migration_request.
func newSIMRequest(r *request) (n control.NewSIMRequest, canonical any, err error) {
	var body wire.SIMRequestRequest
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	if body.ICCIDs == nil {
		return n, nil, fleet.Invalid("iccids", `it is required, as in ["8988303000000000250"]`)
	}
	if n.ICCIDs, err = jobICCIDs("iccids", body.ICCIDs); err != nil {
		return n, nil, err
	}
	n.Note = fleet.Note{Reference: body.Reference.Or(""), Reason: body.Reason.Or("")}
	n.Expires, err = jobTime("expires_at", body.ExpiresAt)
	return n, n, err
}

func madeSIMRequest(made control.SIMRequest) control.Reply {
	reply := jsonReply(http.StatusCreated, simRequestBody(made))
	reply.Location = fmt.Sprintf("/api/v1/migration_request/%d", made.ID)
	return reply
}

func simRequestItemID(r fleet.SIMRequest) int64 { return int64(r.ID) }

func simRequestItem(r fleet.SIMRequest) wire.SIMRequest {
	return wire.SIMRequest{
		ID: int64(r.ID), Status: string(r.State), ICCIDCount: r.ICCIDs, Reference: r.Note.Reference, Reason: r.Note.Reason,
		User: wire.NamedRef{ID: int64(r.User), Name: r.Username}, CreatedAt: wire.NewTime(r.Created), ExpiresAt: wire.NewTime(r.Expires), EndedAt: timeOrNull(r.Ended),
	}
}

func simRequestBody(r control.SIMRequest) wire.SIMRequest {
	out := simRequestItem(r.SIMRequest)
	for _, asked := range r.ICCIDs {
		out.ICCIDs = append(out.ICCIDs, wire.RequestedICCID{
			ICCID: string(asked.ICCID), ICCIDWithLuhn: asked.ICCID.WithLuhn(), Offer: refOrNull(int64(asked.Offer)),
		})
	}
	return out
}

func withdrawnRequest(r *request) (id fleet.SIMRequestID, canonical any, err error) {
	if id, err = requestID(r); err != nil {
		return id, nil, err
	}
	return id, id, emptyBody(r)
}

func simRequestReply(r control.SIMRequest) control.Reply {
	return jsonReply(http.StatusOK, simRequestBody(r))
}

func inquiryItemID(q fleet.Inquiry) int64 { return int64(q.Request.ID) }

func inquiryItem(q fleet.Inquiry) wire.Inquiry {
	out := wire.Inquiry{
		ID: int64(q.Request.ID), Status: string(q.State), AskingWorkspace: workspaceRef(q.Request.Workspace), SIMCount: q.SIMs,
		Reference: q.Request.Note.Reference, Reason: q.Request.Note.Reason, CreatedAt: wire.NewTime(q.Request.Created), ExpiresAt: wire.NewTime(q.Request.Expires),
		DecidedAt: timeOrNull(q.Decided), Offer: refOrNull(int64(q.Offer)),
	}
	if q.DecidedBy != 0 {
		out.DecidedBy = &wire.NamedRef{ID: int64(q.DecidedBy), Name: q.Decider}
	}
	return out
}

func inquiryBody(q control.Inquiry) wire.Inquiry {
	out := inquiryItem(q.Inquiry)
	out.SIMs = []wire.InquirySIM{}
	for _, s := range q.SIMs {
		out.SIMs = append(out.SIMs, wire.InquirySIM{ID: int64(s.SIM), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), Status: statusRef(s.Status)})
	}
	return out
}

func declinedInquiry(r *request) (id fleet.SIMRequestID, canonical any, err error) {
	if id, err = inquiryID(r); err != nil {
		return id, nil, err
	}
	return id, id, emptyBody(r)
}

func inquiryReply(q control.Inquiry) control.Reply { return jsonReply(http.StatusOK, inquiryBody(q)) }

// inquiryOffer reads the body of POST /api/v1/migration_inquiry/{inquiry_id}/offer.
func inquiryOffer(r *request) (n control.InquiryOffer, canonical any, err error) {
	if n.Inquiry, err = inquiryID(r); err != nil {
		return n, nil, err
	}
	var body wire.InquiryOfferRequest
	if err := r.DecodeOptional(&body); err != nil {
		return n, nil, err
	}
	if err := noNulls(map[string]bool{"sims": body.SIMs.Null, "dry_run": body.DryRun.Null, "auto_detach_devices": body.AutoDetachDevices.Null}); err != nil {
		return n, nil, err
	}
	if sims, given := body.SIMs.Get(); given {
		if n.SIMs, err = simIDs("sims", sims); err != nil {
			return n, nil, err
		}
		switch n.SIMs = fleet.Once(n.SIMs); {
		case len(n.SIMs) == 0:
			return n, nil, fleet.Invalid("sims", "the list is empty: omit the key to offer all SIMs, or decline the inquiry")
		case len(n.SIMs) > fleet.MaxRequestICCIDs:
			return n, nil, fleet.Invalid("sims", "more than %d SIMs are named", fleet.MaxRequestICCIDs)
		}
	}
	o := &n.Offer
	if o.AllowedStatuses, err = allowedStatuses(body.AllowedSIMStatuses); err != nil {
		return n, nil, err
	}
	if o.Expires, err = jobTime("expires_at", body.ExpiresAt); err != nil {
		return n, nil, err
	}
	o.DetachDevices, o.DryRun = body.AutoDetachDevices.Or(false), body.DryRun.Or(true)
	o.Note = fleet.Note{Reference: body.Reference.Or(""), Reason: body.Reason.Or("")}
	return n, n, o.Note.Check()
}
