package client_test

import (
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// The whole way of an offer: a code, the preview, the offer, the look of the receiver, its answer;
// and what each side is refused.
func TestOffers(t *testing.T) {
	s := startFerry(t)
	giver, receiver := clientAs(t, s, admin), clientAs(t, s, "stranger@example.com").InWorkspace(kit.Elsewhere)
	ctx := t.Context()
	code, err := receiver.CreateReceivingCode(ctx, api.ReceivingCodeRequest{Description: api.Some("Order 4711"), SingleUse: api.Some(false)})
	if err != nil || code.Code == "" {
		t.Fatalf("code: %+v, %v", code, err)
	}
	wanted := api.OfferRequest{Code: api.Some(code.Code), Select: &api.OfferSelect{SIMs: []api.IDRef{api.RefTo(kit.ActivatedSIM), api.RefTo(kit.IssuedSIM)}}}
	preview, err := giver.PreviewOffer(ctx, wanted)
	if err != nil || !preview.DryRun || preview.SIMCount != 2 || len(preview.Crosses) == 0 {
		t.Fatalf("preview: %+v, %v", preview, err)
	}
	made, err := giver.MakeOffer(ctx, wanted)
	if err != nil || made.Status != client.OfferPending {
		t.Fatalf("made: %+v, %v", made, err)
	}
	if _, err := giver.AcceptOffer(ctx, made.ID, api.OfferAcceptRequest{}); !client.IsForbidden(err) {
		t.Errorf("the giver accepts: %v", err)
	}
	list, err := receiver.Offers(ctx, client.ListOptions{Filter: "direction:incoming"})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != made.ID {
		t.Fatalf("offers: %+v, %v", list, err)
	}
	for sim, err := range receiver.AllOfferSIMs(ctx, made.ID, client.ListOptions{}) {
		if err != nil || sim.State != "offered" {
			t.Errorf("SIM %+v, %v", sim, err)
		}
	}
	refuse := api.OfferAcceptRequest{Refuse: []api.OfferRefusal{{ID: api.RefTo(kit.IssuedSIM).ID, Reason: "broken"}}}
	if would, err := receiver.PreviewAcceptance(ctx, made.ID, refuse); err != nil || would.SIMCount != 1 || would.RefusedCount != 1 {
		t.Errorf("would accept: %+v, %v", would, err)
	}
	if done, err := receiver.AcceptOffer(ctx, made.ID, refuse); err != nil || done.Offer.Status != client.OfferPartlyAccepted {
		t.Errorf("accepted: %+v, %v", done, err)
	}
	if _, err := receiver.RefuseOffer(ctx, made.ID, ""); !client.IsInUse(err) {
		t.Errorf("refused after the end: %v", err)
	}
	other, err := giver.MakeOffer(ctx, api.OfferRequest{Code: api.Some(code.Code), Select: &api.OfferSelect{SIMs: []api.IDRef{api.RefTo(kit.IssuedSIM)}}})
	if err != nil {
		t.Fatal(err)
	}
	if ended, err := giver.CancelOffer(ctx, other.ID); err != nil || ended.Status != client.OfferCancelled {
		t.Errorf("cancelled: %+v, %v", ended, err)
	}
	if err := receiver.RevokeReceivingCode(ctx, code.ID); err != nil {
		t.Error(err)
	}
	if codes, err := receiver.ReceivingCodes(ctx, client.ListOptions{}); err != nil || codes.Items[0].Status != "revoked" {
		t.Errorf("codes: %+v, %v", codes, err)
	}
	if _, err := giver.MakeOffer(ctx, wanted); !client.IsNotFound(err) {
		t.Errorf("a revoked code: %v", err)
	}
}
