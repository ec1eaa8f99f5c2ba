package client_test

import (
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// The whole way of a request: the inquiry that it leads to, its offer, a decline that the asking
// side does not see, and a withdrawal.
func TestSIMRequests(t *testing.T) {
	s := startFerry(t)
	owner, asker := clientAs(t, s, admin), clientAs(t, s, "stranger@example.com").InWorkspace(kit.Elsewhere)
	ctx := t.Context()
	ask := func() int64 {
		t.Helper()
		made, err := asker.RequestSIMs(ctx, api.SIMRequestRequest{ICCIDs: []string{kit.ICCID(kit.ActivatedSIM)}, Reason: api.Some("bought")})
		if err != nil || made.Status != client.RequestOpen || made.ICCIDs[0].Offer != nil {
			t.Fatalf("made: %+v, %v", made, err)
		}
		if err := s.Control.TendSIMRequests(ctx); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	declined, withdrawn, offered := ask(), ask(), ask()
	if q, err := owner.DeclineInquiry(ctx, declined); err != nil || q.Status != client.InquiryDeclined {
		t.Errorf("declined: %+v, %v", q, err)
	}
	if r, err := asker.SIMRequest(ctx, declined); err != nil || r.Status != client.RequestOpen {
		t.Errorf("after the decline: %+v, %v", r, err)
	}
	if r, err := asker.WithdrawSIMRequest(ctx, withdrawn); err != nil || r.Status != client.RequestWithdrawn || r.EndedAt == nil {
		t.Errorf("withdrawn: %+v, %v", r, err)
	}
	if _, err := owner.OfferInquiry(ctx, withdrawn, api.InquiryOfferRequest{}); !client.IsInUse(err) {
		t.Errorf("an offer for a withdrawn request: %v", err)
	}
	if would, err := owner.PreviewInquiryOffer(ctx, offered, api.InquiryOfferRequest{}); err != nil || !would.DryRun || would.SIMCount != 1 {
		t.Errorf("preview: %+v, %v", would, err)
	}
	made, err := owner.OfferInquiry(ctx, offered, api.InquiryOfferRequest{})
	if err != nil || made.Status != client.OfferPending || made.TargetWorkspace.ID != kit.Elsewhere {
		t.Fatalf("offer: %+v, %v", made, err)
	}
	if q, err := owner.Inquiry(ctx, offered); err != nil || q.Status != client.InquiryOffered || *q.Offer.ID != api.ID(made.ID) {
		t.Errorf("inquiry: %+v, %v", q, err)
	}
	page, err := asker.SIMRequests(ctx, client.ListOptions{Filter: "status:answered"})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != offered {
		t.Errorf("answered: %+v, %v", page, err)
	}
	states := ""
	for q, err := range owner.AllInquiries(ctx, client.ListOptions{Sort: "id"}) {
		if err != nil {
			t.Fatal(err)
		}
		states += q.Status + " "
	}
	if want := client.InquiryDeclined + " " + client.InquiryWithdrawn + " " + client.InquiryOffered + " "; states != want {
		t.Errorf("inquiries: %q, want %q", states, want)
	}
	if _, err := asker.Inquiries(ctx, client.ListOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := asker.Inquiry(ctx, offered); !client.IsNotFound(err) {
		t.Errorf("the asking side reads an inquiry: %v", err)
	}
	for r, err := range asker.AllSIMRequests(ctx, client.ListOptions{}) {
		if err != nil || r.ICCIDs != nil {
			t.Errorf("request %+v, %v", r, err)
		}
	}
}
