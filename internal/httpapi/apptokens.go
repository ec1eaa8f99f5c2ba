package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

var tokenStatuses = [...]wire.Ref{{ID: 0, Description: "Activated"}, {ID: 1, Description: "Revoked"}}

func (a *api) listApplicationTokens(r *request) (response, error) {
	l, err := r.list(fleet.ApplicationTokenList)
	if err != nil {
		return response{}, err
	}
	page, err := a.control.ListApplicationTokens(r.Context(), r.who, l)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.ApplicationToken, len(page.Items))
	for i, t := range page.Items {
		out[i] = applicationToken(t)
	}
	return paged(r, l, page, func(x control.ApplicationToken) int64 { return int64(x.ID) }, out)
}

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

func (a *api) makeApplicationToken(r *request) (response, error) {
	var body wire.ApplicationTokenRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("application_token.make", body)
	if err != nil {
		return response{}, err
	}
	n := control.NewToken{Description: text(body.Description), CIDR: text(body.IP)}
	if body.ExpiryDate != nil {
		n.Expires = body.ExpiryDate.Time
	}
	reply, replayed, err := a.control.MakeApplicationToken(r.Context(), r.who, n, once, madeToken)
	return replied(reply, replayed), err
}

// madeToken builds the response, and the one for a repetition: the token's text is shown only
// once.
func madeToken(t control.CreatedToken) (reply, again control.Reply) {
	first := encoded(http.StatusOK, wire.ApplicationTokenResponse{ApplicationToken: t.Text})
	second := failure(fleet.Errorf(fleet.Duplicated,
		"The application token %d was already created with this Idempotency-Key; its text was shown then and is not stored", t.ID))
	return control.Reply{Status: first.status, Body: first.body}, control.Reply{Status: second.status, Body: second.body}
}

func (a *api) patchApplicationToken(r *request) (response, error) {
	id, err := r.id("token_id")
	if err != nil {
		return response{}, err
	}
	var body wire.ApplicationTokenPatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("application_token.patch", struct {
		Token int64
		Body  wire.ApplicationTokenPatch
	}{id, body})
	if err != nil {
		return response{}, err
	}
	patch := control.TokenPatch{Description: body.Description}
	if body.Status.Set {
		status, err := requiredID("status", body.Status)
		if err != nil {
			return response{}, err
		}
		if status != 0 && status != 1 {
			return response{}, fleet.Invalid("status.id", "it can be 0 (Activated) or 1 (Revoked)")
		}
		revoked := status == 1
		patch.Revoked = &revoked
	}
	reply, replayed, err := a.control.PatchApplicationToken(r.Context(), r.who, fleet.TokenID(id), patch, once, control.Reply{Status: http.StatusNoContent})
	return replied(reply, replayed), err
}
