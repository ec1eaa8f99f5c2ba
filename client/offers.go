package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/api"
)

const (
	offersPath = "/api/v1/migration_offer"
	codesPath  = "/api/v1/receiving_code"
)

// The statuses of an offer.
const (
	OfferPending        = "pending"
	OfferAccepted       = "accepted"
	OfferPartlyAccepted = "partly_accepted"
	OfferRefused        = "refused"
	OfferCancelled      = "cancelled_by_giver"
	OfferExpired        = "expired"
	OfferWithdrawn      = "withdrawn_by_operator"
)

// ReceivingCodes reads one page of the receiving codes of the caller's Workspace. The text of a
// code is not among them: CreateReceivingCode alone returns it.
//
// Permission: Administrator of the Workspace.
func (c *Client) ReceivingCodes(ctx context.Context, o ListOptions) (*Page[api.ReceivingCode], error) {
	return list[api.ReceivingCode](ctx, c, codesPath, o)
}

// CreateReceivingCode makes a code with which others offer SIMs to the caller's Workspace. Pass
// its text on outside the system: the server does not keep it.
//
// Permission: Administrator of the Workspace. Errors: IsInvalid; IsForbidden if the Workspace
// cannot receive SIMs.
func (c *Client) CreateReceivingCode(ctx context.Context, r api.ReceivingCodeRequest, opts ...WriteOption) (*api.ReceivingCode, error) {
	return one[api.ReceivingCode](ctx, c, call{method: http.MethodPost, path: codesPath, body: r, header: headerOf(opts)})
}

// RevokeReceivingCode ends a code: no other offer can be made with it. Earlier offers
// stay.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound.
func (c *Client) RevokeReceivingCode(ctx context.Context, id int64, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: codesPath + "/" + strconv.FormatInt(id, 10), header: headerOf(opts)})
	return err
}

// PreviewOffer returns what MakeOffer would offer: which facts of each SIM cross to the receiver,
// and which do not. It changes nothing.
//
// Permission and errors: those of MakeOffer.
func (c *Client) PreviewOffer(ctx context.Context, r api.OfferRequest) (*api.OfferResponse, error) {
	r.DryRun = api.Some(true)
	return one[api.OfferResponse](ctx, c, call{method: http.MethodPost, path: offersPath, body: r})
}

// MakeOffer offers SIMs of the caller's Workspace to the Workspace of a receiving code. Nothing
// else can move them until the offer has ended.
//
// Permission: Administrator of the Workspace, as a user. Errors: IsNotFound for a code that is not
// valid, and for SIMs of other Workspaces; *ConflictError for SIMs that cannot be offered;
// IsInvalid.
func (c *Client) MakeOffer(ctx context.Context, r api.OfferRequest, opts ...WriteOption) (*api.OfferResponse, error) {
	r.DryRun = api.Some(false)
	return one[api.OfferResponse](ctx, c, call{method: http.MethodPost, path: offersPath, body: r, header: headerOf(opts)})
}

// Offers reads one page of the offers out of and into the caller's Workspace, the latest first by
// default. ListOptions.Filter takes id, direction, status, workspace and reference.
func (c *Client) Offers(ctx context.Context, o ListOptions) (*Page[api.Offer], error) {
	return list[api.Offer](ctx, c, offersPath, o)
}

// AllOffers iterates over all pages of Offers, one request per page. It stops at the first error.
func (c *Client) AllOffers(ctx context.Context, o ListOptions) iter.Seq2[api.Offer, error] {
	return all[api.Offer](ctx, c, offersPath, o)
}

// Offer reads an offer as the caller's side sees it. Errors: IsNotFound, also for an offer between
// other Workspaces.
func (c *Client) Offer(ctx context.Context, id int64) (*api.Offer, error) {
	return get[api.Offer](ctx, c, offerPath(id))
}

// OfferSIMs reads one page of the SIMs of an offer: the facts that cross.
func (c *Client) OfferSIMs(ctx context.Context, id int64, o ListOptions) (*Page[api.OfferSIM], error) {
	return list[api.OfferSIM](ctx, c, offerPath(id)+"/sim", o)
}

// AllOfferSIMs iterates over all pages of OfferSIMs, one request per page. It stops at the first
// error.
func (c *Client) AllOfferSIMs(ctx context.Context, id int64, o ListOptions) iter.Seq2[api.OfferSIM, error] {
	return all[api.OfferSIM](ctx, c, offerPath(id)+"/sim", o)
}

// PreviewAcceptance returns what AcceptOffer would do, and changes nothing.
//
// Permission and errors: those of AcceptOffer.
func (c *Client) PreviewAcceptance(ctx context.Context, id int64, r api.OfferAcceptRequest) (*api.OfferAcceptResponse, error) {
	r.DryRun = api.Some(true)
	return one[api.OfferAcceptResponse](ctx, c, call{method: http.MethodPost, path: offerPath(id) + "/accept", body: r})
}

// AcceptOffer takes SIMs of an offer into the caller's Workspace, and refuses the others. More
// than 500 SIMs are moved by a job, which the offer names.
//
// Permission: Administrator of the receiving Workspace, as a user. Errors: *ConflictError with
// every reason against it; IsInUse if the offer is not pending; IsInvalid; IsNotFound.
func (c *Client) AcceptOffer(ctx context.Context, id int64, r api.OfferAcceptRequest, opts ...WriteOption) (*api.OfferAcceptResponse, error) {
	r.DryRun = api.Some(false)
	return one[api.OfferAcceptResponse](ctx, c, call{method: http.MethodPost, path: offerPath(id) + "/accept", body: r, header: headerOf(opts)})
}

// RefuseOffer refuses every SIM of an offer.
//
// Permission and errors: those of AcceptOffer.
func (c *Client) RefuseOffer(ctx context.Context, id int64, reason string, opts ...WriteOption) (*api.Offer, error) {
	var r api.OfferRefuseRequest
	if reason != "" {
		r.Reason = api.Some(reason)
	}
	return one[api.Offer](ctx, c, call{method: http.MethodPost, path: offerPath(id) + "/refuse", body: r, header: headerOf(opts)})
}

// CancelOffer ends a pending offer that the caller's Workspace made.
//
// Permission: Administrator of the giving Workspace, as a user. Errors: IsInUse if the offer is
// not pending; IsNotFound.
func (c *Client) CancelOffer(ctx context.Context, id int64, opts ...WriteOption) (*api.Offer, error) {
	return one[api.Offer](ctx, c, call{method: http.MethodPost, path: offerPath(id) + "/cancel", header: headerOf(opts)})
}

func offerPath(id int64) string { return offersPath + "/" + strconv.FormatInt(id, 10) }
