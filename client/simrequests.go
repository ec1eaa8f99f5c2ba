package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/api"
)

const (
	requestsPath  = "/api/v1/migration_request"
	inquiriesPath = "/api/v1/migration_inquiry"
)

// The statuses of a request for SIMs, and of an inquiry.
const (
	RequestOpen      = "open"
	RequestAnswered  = "answered"
	RequestWithdrawn = "withdrawn"
	RequestExpired   = "expired"
	InquiryOpen      = "open"
	InquiryDeclined  = "declined"
	InquiryOffered   = "offered"
	InquiryWithdrawn = "withdrawn"
	InquiryExpired   = "expired"
)

// RequestSIMs asks the owners of SIMs for an offer to the caller's Workspace. The result does not
// show whether there are such SIMs: a request stays open until an owner makes an offer, or until it
// expires.
//
// Permission: Administrator of the Workspace, as a user. Errors: IsInvalid; IsForbidden if the
// Workspace cannot receive SIMs; IsInUse if it has 20 open requests; IsTooManyRequests after 10
// requests in a day.
func (c *Client) RequestSIMs(ctx context.Context, r api.SIMRequestRequest, opts ...WriteOption) (*api.SIMRequest, error) {
	return one[api.SIMRequest](ctx, c, call{method: http.MethodPost, path: requestsPath, body: r, header: headerOf(opts)})
}

// SIMRequests reads one page of the requests that the caller's Workspace has made, the latest first
// by default, without their ICCIDs. ListOptions.Filter takes id and status.
func (c *Client) SIMRequests(ctx context.Context, o ListOptions) (*Page[api.SIMRequest], error) {
	return list[api.SIMRequest](ctx, c, requestsPath, o)
}

// AllSIMRequests iterates over all pages of SIMRequests, one request per page. It stops at the
// first error.
func (c *Client) AllSIMRequests(ctx context.Context, o ListOptions) iter.Seq2[api.SIMRequest, error] {
	return all[api.SIMRequest](ctx, c, requestsPath, o)
}

// SIMRequest reads a request with its ICCIDs, and the offers that have them. Errors: IsNotFound,
// also for a request of another Workspace.
func (c *Client) SIMRequest(ctx context.Context, id int64) (*api.SIMRequest, error) {
	return get[api.SIMRequest](ctx, c, requestsPath+"/"+strconv.FormatInt(id, 10))
}

// WithdrawSIMRequest ends a request. Offers that were made for it stay.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound; IsInUse if the request is over.
func (c *Client) WithdrawSIMRequest(ctx context.Context, id int64, opts ...WriteOption) (*api.SIMRequest, error) {
	return one[api.SIMRequest](ctx, c, call{method: http.MethodPost, path: requestsPath + "/" + strconv.FormatInt(id, 10) + "/withdraw", header: headerOf(opts)})
}

// Inquiries reads one page of what other Workspaces ask of the caller's, the latest first by
// default, without the SIMs. ListOptions.Filter takes id and status.
//
// Permission: Administrator of the Workspace.
func (c *Client) Inquiries(ctx context.Context, o ListOptions) (*Page[api.Inquiry], error) {
	return list[api.Inquiry](ctx, c, inquiriesPath, o)
}

// AllInquiries iterates over all pages of Inquiries, one request per page. It stops at the first
// error.
func (c *Client) AllInquiries(ctx context.Context, o ListOptions) iter.Seq2[api.Inquiry, error] {
	return all[api.Inquiry](ctx, c, inquiriesPath, o)
}

// Inquiry reads an inquiry with those of its SIMs that are still in the Workspace.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound.
func (c *Client) Inquiry(ctx context.Context, id int64) (*api.Inquiry, error) {
	return get[api.Inquiry](ctx, c, inquiryPath(id))
}

// DeclineInquiry declines an inquiry. The Workspace that asks is not notified, and its request
// stays open until it expires.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound; IsInUse if the inquiry is no
// longer open.
func (c *Client) DeclineInquiry(ctx context.Context, id int64, opts ...WriteOption) (*api.Inquiry, error) {
	return one[api.Inquiry](ctx, c, call{method: http.MethodPost, path: inquiryPath(id) + "/decline", header: headerOf(opts)})
}

// PreviewInquiryOffer returns what OfferInquiry would offer. It changes nothing.
//
// Permission and errors: those of OfferInquiry.
func (c *Client) PreviewInquiryOffer(ctx context.Context, id int64, r api.InquiryOfferRequest) (*api.OfferResponse, error) {
	r.DryRun = api.Some(true)
	return one[api.OfferResponse](ctx, c, call{method: http.MethodPost, path: inquiryPath(id) + "/offer", body: r})
}

// OfferInquiry offers SIMs of an inquiry to the Workspace that asked for them, without a receiving
// code.
//
// Permission: Administrator of the Workspace, as a user. Errors: *ConflictError for SIMs that
// cannot be offered; IsInUse if the inquiry is no longer open; IsInvalid; IsNotFound.
func (c *Client) OfferInquiry(ctx context.Context, id int64, r api.InquiryOfferRequest, opts ...WriteOption) (*api.OfferResponse, error) {
	r.DryRun = api.Some(false)
	return one[api.OfferResponse](ctx, c, call{method: http.MethodPost, path: inquiryPath(id) + "/offer", body: r, header: headerOf(opts)})
}

func inquiryPath(id int64) string { return inquiriesPath + "/" + strconv.FormatInt(id, 10) }
