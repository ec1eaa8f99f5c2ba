package client_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// The issuer of SIMs assigns one, deletes others and registers a batch as a customer.
func TestSIMsFromTheirIssuer(t *testing.T) {
	ctx, s := t.Context(), startFerry(t)
	if _, err := s.Import("id,iccid,workspace,issuer,bic\n5001,8988303000000005001,1,1,1234567890123456\n5002,8988303000000005002,1,1,\n"); err != nil {
		t.Fatal(err)
	}
	issuer, customer := clientAs(t, s, "issuer@example.com"), clientAs(t, s, admin)
	entry, err := issuer.PatchSIM(ctx, kit.IssuedSIM, api.SIMPatch{CustomerOrg: api.Some(api.RefTo(kit.FleetFR))})
	if err != nil || entry == "" {
		t.Fatalf("%q: %v", entry, err)
	}
	if entry, err := issuer.PatchSIM(ctx, kit.IssuedSIM, api.SIMPatch{ResellerOrg: api.Some(api.RefTo(kit.Reseller))}); err != nil || entry != "" {
		t.Errorf("%q: %v", entry, err)
	}
	_, err = issuer.PatchSIM(ctx, kit.AttachedSIM, api.SIMPatch{CustomerOrg: api.Null[api.IDRef]()})
	if !client.IsConflict(err) {
		t.Errorf("a SIM in a device: %v", err)
	}
	if _, err := customer.PatchSIM(ctx, kit.ActivatedSIM, api.SIMPatch{CustomerOrg: api.Some(api.RefTo(kit.FleetFR))}); !client.IsForbidden(err) {
		t.Errorf("by a customer: %v", err)
	}
	if err := issuer.DeleteSIM(ctx, 5002); err != nil {
		t.Error(err)
	}
	if err := customer.DeleteSIMs(ctx, []int64{1000, 1001}); err != nil {
		t.Error(err)
	}
	var refused *client.APIError
	if err := customer.DeleteSIMs(ctx, []int64{1002, kit.AttachedSIM}); !errors.As(err, &refused) || refused.Status != http.StatusConflict || len(refused.Problems) != 1 {
		t.Errorf("a SIM in a device: %v", err)
	}
	waiting, err := customer.Batch(ctx, "1234567890123456")
	if err != nil || waiting.Quantity != 1 || waiting.BIC != "1234567890123456" {
		t.Fatalf("%+v: %v", waiting, err)
	}
	got, err := customer.RegisterBatch(ctx, "1234567890123456", client.SIMActivated, client.IdempotencyKey("k"))
	if err != nil || len(got) != 1 || got[0].CustomerOrg.ID != kit.FleetDE || got[0].Status.ID != client.SIMActivated {
		t.Errorf("%+v: %v", got, err)
	}
	if _, err := customer.Batch(ctx, "1234567890123456"); !client.IsInvalid(err) {
		t.Errorf("a code that was used: %v", err)
	}
	events, err := customer.UserEvents(ctx, 0, client.ListOptions{Sort: "id"})
	if err != nil || !slices.ContainsFunc(events.Items, func(e api.Event) bool { return e.Type.ID == 48 }) {
		t.Errorf("%+v: %v", events, err)
	}
	for _, err := range customer.AllUserEvents(ctx, kit.IssuerAdminID, client.ListOptions{}) {
		if err != nil {
			t.Error(err)
		}
	}
	if countries, err := customer.Countries(ctx); err != nil || len(countries) < 200 {
		t.Errorf("%d countries: %v", len(countries), err)
	}
}
