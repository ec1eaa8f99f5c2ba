package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

var tokenStatuses = [...]wire.Ref{{ID: 0, Description: "Activated"}, {ID: 1, Description: "Revoked"}}

func applicationTokenID(t control.ApplicationToken) int64 { return int64(t.ID) }

func applicationToken(t control.ApplicationToken) wire.ApplicationToken {
	out := wire.ApplicationToken{
		ID: int64(t.ID), Description: t.Description, Status: tokenStatuses[0], Created: wire.NewTime(t.Created), IP: t.CIDR,
	}
	if t.Revoked {
		out.Status = tokenStatuses[1]
	}
	if !t.Expires.IsZero() {
		expires := wire.NewTime(t.Expires)
		out.ExpiryDate = &expires
	}
	if t.Creator != 0 {
		out.Creator = &wire.NamedRef{ID: int64(t.Creator), Name: t.CreatorName}
	}
	return out
}

func newApplicationToken(r *request) (n control.NewToken, canonical any, err error) {
	var body wire.ApplicationTokenRequest
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	n = control.NewToken{Description: httpx.Text(body.Description), CIDR: httpx.Text(body.IP)}
	if body.ExpiryDate != nil {
		n.Expires = body.ExpiryDate.Time
	}
	return n, body, nil
}

// createdToken shows the token's text, which is not stored.
func createdToken(t control.CreatedToken) control.Reply {
	return jsonReply(http.StatusOK, wire.ApplicationTokenResponse{ApplicationToken: t.Text})
}

func applicationTokenPatch(r *request) (patch control.TokenPatch, canonical any, err error) {
	id, err := r.PathID("token_id")
	if err != nil {
		return patch, nil, err
	}
	var body wire.ApplicationTokenPatch
	if err := r.Decode(&body); err != nil {
		return patch, nil, err
	}
	patch = control.TokenPatch{Token: fleet.TokenID(id), Description: body.Description}
	if body.Status.Set {
		status, err := httpx.RequiredID("status", body.Status)
		if err != nil {
			return patch, nil, err
		}
		if status != 0 && status != 1 {
			return patch, nil, fleet.Invalid("status.id", "it can be 0 (Activated) or 1 (Revoked)")
		}
		revoked := status == 1
		patch.Revoked = &revoked
	}
	return patch, struct {
		Token int64
		Body  wire.ApplicationTokenPatch
	}{id, body}, nil
}
