package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func receivingCodeID(c control.ReceivingCode) int64 { return int64(c.ID) }

func receivingCode(c control.ReceivingCode) wire.ReceivingCode {
	out := wire.ReceivingCode{
		ID: int64(c.ID), Code: c.Text, Description: c.Description, Status: string(c.Status), SingleUse: c.SingleUse,
		ExpectedSender: refOrNull(int64(c.Sender)), User: wire.NamedRef{ID: int64(c.User), Name: c.Username},
		CreatedAt: wire.NewTime(c.Created), ExpiresAt: wire.NewTime(c.Expires), RevokedAt: timeOrNull(c.Revoked), OfferCount: c.Offers, SIMCount: c.SIMs,
	}
	if c.MaxSIMs != 0 {
		out.MaxSIMs = &c.MaxSIMs
	}
	return out
}

// newReceivingCode reads the body of POST /api/v1/receiving_code.
func newReceivingCode(r *request) (n control.NewReceivingCode, canonical any, err error) {
	var body wire.ReceivingCodeRequest
	if err := r.DecodeOptional(&body); err != nil {
		return n, nil, err
	}
	if err := noNulls(map[string]bool{"single_use": body.SingleUse.Null}); err != nil {
		return n, nil, err
	}
	n = control.NewReceivingCode{Description: body.Description.Or(""), SingleUse: body.SingleUse.Or(true)}
	if most, given := body.MaxSIMs.Get(); given {
		if most < 1 || most > fleet.MaxJobSIMs {
			return n, nil, fleet.Invalid("max_sims", "%d is not possible: use 1 to %d, or omit it for any number", most, fleet.MaxJobSIMs)
		}
		n.MaxSIMs = most
	}
	if ref := body.ExpectedSender; ref != nil && ref.ID != nil {
		if *ref.ID <= 0 {
			return n, nil, fleet.Invalid("expected_sender.id", "%d is not the id of a Workspace", *ref.ID)
		}
		n.Sender = fleet.WorkspaceID(*ref.ID)
	}
	n.Expires, err = jobTime("expires_at", body.ExpiresAt)
	return n, n, err
}

func madeReceivingCode(c control.ReceivingCode) control.Reply {
	return jsonReply(http.StatusCreated, receivingCode(c))
}

func oneReceivingCode(r *request) (id fleet.CodeID, canonical any, err error) {
	id, err = pathID[fleet.CodeID]("code_id")(r)
	return id, id, err
}
