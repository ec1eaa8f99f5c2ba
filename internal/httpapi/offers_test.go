package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	receivingCodes = "/api/v1/receiving_code"
	offers         = "/api/v1/migration_offer"
)

// twoSides starts a server with Administrators of FleetDE, who gives, and of FleetFR, who receives.
// Neither belongs to the other Workspace.
func twoSides(t *testing.T, e kit.Engine) (s *kit.Server, giver, receiver *kit.Client) {
	t.Helper()
	s = kit.StartFerry(t, e)
	s.SetRole(kit.AdminID, kit.FleetFR, fleet.NoRole)
	s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.NoRole)
	giver, receiver = s.As("admin@example.com"), s.As("target@example.com")
	return s, giver, receiver
}

// newCode makes a receiving code and returns its text.
func newCode(t *testing.T, receiver *kit.Client, body object) string {
	t.Helper()
	return decodeBody[api.ReceivingCode](t, receiver.Post(receivingCodes, body), http.StatusCreated).Code
}

// offering returns the body of an offer: a real one.
func offering(code string, ids ...int64) object {
	return object{"receiving_code": code, "select": selecting(ids...)["select"], "dry_run": false}
}

// madeOffer makes an offer of SIMs with a new code and returns its path.
func madeOffer(t *testing.T, giver, receiver *kit.Client, ids ...int64) string {
	t.Helper()
	return giver.Post(offers, offering(newCode(t, receiver, object{}), ids...)).Is(http.StatusCreated).Header.Get("Location")
}

func readOffer(t *testing.T, c *kit.Client, path string) api.Offer {
	t.Helper()
	return decodeBody[api.Offer](t, c.Get(path), http.StatusOK)
}

// offerCounts describes how an offer ended.
func offerCounts(o api.Offer) string {
	return fmt.Sprintf("%s: %d accepted, %d refused, %d gone", o.Status, o.Accepted, o.Refused, o.Gone)
}

func isOffer(t *testing.T, c *kit.Client, path, want string) api.Offer {
	t.Helper()
	o := readOffer(t, c, path)
	if diff := cmp.Diff(want, offerCounts(o)); diff != "" {
		t.Errorf("offer %d (-want +got):\n%s", o.ID, diff)
	}
	return o
}

// marks returns the offers that SIMs are part of.
func marks(s *kit.Server, ids string) string {
	return fmt.Sprint(s.Rows("SELECT id, workspace_id, COALESCE(offer_id, 0) FROM sims WHERE id IN (" + ids + ") ORDER BY id"))
}

// wantOnly requires a refusal for one reason that names these SIMs.
func wantOnly(t *testing.T, a *kit.Answer, code int, sims ...int64) {
	t.Helper()
	got := decodeBody[api.MigrationConflict](t, a, http.StatusConflict)
	if len(got.Errors) != 1 || got.Errors[0].ErrorCode != code {
		t.Errorf("the reasons are %+v, want %d", got.Errors, code)
		return
	}
	ids := make([]int64, len(got.Errors[0].SIMs))
	for i, s := range got.Errors[0].SIMs {
		ids[i] = s.ID
	}
	if diff := cmp.Diff(sims, ids); diff != "" {
		t.Errorf("%d names other SIMs (-want +got):\n%s", code, diff)
	}
}

// An accepted offer moves its SIMs; each side sees what concerns it, and the ledger names the
// authority.
func TestContract_OfferIsAccepted(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		code := newCode(t, receiver, object{"description": "from DE"})
		body := plus(plus(offering(code, kit.ActivatedSIM, kit.IssuedSIM), "reason", "sold"), "reference", "CHG-1")
		preview := decodeBody[api.OfferResponse](t, giver.Post(offers, plus(body, "dry_run", true)), http.StatusOK)
		if !preview.DryRun || preview.SIMCount != 2 || len(preview.SIMs) != 2 || preview.TargetWorkspace.ID != kit.FleetFR || len(preview.Stays) == 0 {
			t.Errorf("preview: %+v", preview)
		}
		if got := marks(s, "251, 252"); got != "[[251 100 0] [252 100 0]]" {
			t.Errorf("a dry run marked SIMs: %s", got)
		}
		path := giver.Post(offers, body).Is(http.StatusCreated).Header.Get("Location")
		in := isOffer(t, receiver, path, "pending: 0 accepted, 0 refused, 0 gone")
		if in.Direction != "incoming" || in.User != nil || in.AutoDetachDevices != nil || in.Reason != "sold" || in.SourceWorkspace.ID != kit.FleetDE {
			t.Errorf("incoming: %+v", in)
		}
		if out := readOffer(t, giver, path); out.Direction != "outgoing" || out.User == nil || out.ReceivingCode != nil {
			t.Errorf("outgoing: %+v", out)
		}
		sims := decodeBody[[]api.OfferSIM](t, receiver.Get(path+"/sim"), http.StatusOK)
		if len(sims) != 2 || sims[0].ID != kit.ActivatedSIM || sims[0].State != "offered" {
			t.Errorf("SIMs: %+v", sims)
		}
		dry := decodeBody[api.OfferAcceptResponse](t, receiver.Post(path+"/accept", ""), http.StatusOK)
		if !dry.DryRun || dry.SIMCount != 2 || dry.Offer.Status != "pending" {
			t.Errorf("dry run: %+v", dry)
		}
		res := receiver.Post(path+"/accept", object{"dry_run": false})
		done := decodeBody[api.OfferAcceptResponse](t, res, http.StatusOK)
		if done.Offer.Status != "accepted" || done.SIMs[0].StatusAfter.ID != int64(fleet.SIMSuspended) {
			t.Errorf("accepted: %+v", done)
		}
		if got := marks(s, "251, 252"); got != "[[251 200 0] [252 200 0]]" {
			t.Error(got)
		}
		isOffer(t, giver, path, "accepted: 2 accepted, 0 refused, 0 gone")
		entry := decodeBody[api.Migration](t, receiver.Get(res.Header.Get("Location")), http.StatusOK)
		if entry.TargetAuthority != "offer" || entry.SourceWorkspaces[0].Authority != "offer" || entry.Reason != "sold" {
			t.Errorf("ledger: %+v", entry)
		}
		s.MustFsck()
	})
}

// A pending offer keeps its SIMs from moving in any other way, and nothing else.
func TestContract_OfferMarksSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		path := madeOffer(t, giver, receiver, kit.ActivatedSIM, kit.IssuedSIM)
		wantOnly(t, giver.Post("/api/v1/sim/migration/workspace", plus(migrationTo(kit.FleetUS, kit.ActivatedSIM), "dry_run", false)), 1513, kit.ActivatedSIM)
		wantOnly(t, giver.Post("/api/v1/sim/migration/workspace", migrationTo(kit.FleetUS, kit.ActivatedSIM)), 1513, kit.ActivatedSIM)
		wantOnly(t, giver.Post(offers, offering(newCode(t, receiver, object{}), kit.ActivatedSIM)), 1513, kit.ActivatedSIM)
		job, j := jobOf(t, s, giver, withAuto(selecting(kit.IssuedSIM)))
		isJob(t, j, "refused", "1 refused")
		wantSIMs(t, giver, job, map[string]string{"252": "refused 1513"})
		giver.Patch("/api/v1/sim/251", object{"status": object{"id": 2}}).Is(http.StatusNoContent)
		if sims := decodeBody[[]api.OfferSIM](t, receiver.Get(path+"/sim"), http.StatusOK); sims[0].Status.ID != 2 {
			t.Errorf("the receiver sees an old status: %+v", sims)
		}
		wantCode(t, receiver.Post(path+"/cancel", ""), http.StatusForbidden, 1104)
		wantCode(t, giver.Post(path+"/accept", object{"dry_run": false}), http.StatusForbidden, 1104)
		giver.Post(path+"/cancel", "").Is(http.StatusOK)
		isOffer(t, receiver, path, "cancelled_by_giver: 0 accepted, 2 refused, 0 gone")
		giver.Post("/api/v1/sim/migration/workspace", plus(migrationTo(kit.FleetUS, kit.ActivatedSIM), "dry_run", false)).Is(http.StatusOK)
		wantCode(t, receiver.Post(path+"/accept", object{"dry_run": false}), http.StatusConflict, 1406)
		s.MustFsck()
	})
}

// The receiver decides SIM by SIM, and the answer ends the offer.
func TestContract_OfferIsAnsweredPerSIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		path := madeOffer(t, giver, receiver, kit.ActivatedSIM, kit.IssuedSIM)
		wantCode(t, receiver.Post(path+"/accept", object{"sims": []object{{"id": 4711}}}), http.StatusNotFound, 1201)
		wantCode(t, receiver.Post(path+"/accept", object{"sims": []object{}}), http.StatusBadRequest, 1000)
		twice := object{"sims": []object{{"id": kit.IssuedSIM}}, "refuse": []object{{"id": kit.IssuedSIM}}}
		wantCode(t, receiver.Post(path+"/accept", twice), http.StatusBadRequest, 1000)
		receiver.Post(path+"/accept", object{"refuse": []object{{"id": kit.IssuedSIM, "reason": "not ordered"}}, "dry_run": false, "landing": object{"status": "activate"}}).Is(http.StatusOK)
		isOffer(t, giver, path, "partly_accepted: 1 accepted, 1 refused, 0 gone")
		sims := decodeBody[[]api.OfferSIM](t, giver.Get(path+"/sim?q=state:refused"), http.StatusOK)
		if len(sims) != 1 || sims[0].ID != kit.IssuedSIM || sims[0].Reason != "not ordered" {
			t.Errorf("refused: %+v", sims)
		}
		if got := fmt.Sprint(s.Rows("SELECT status FROM sims WHERE id = 251")); got != "[[1]]" {
			t.Errorf("landing: status %s", got)
		}
		other := madeOffer(t, giver, receiver, kit.IssuedSIM)
		receiver.Post(other+"/refuse", object{"reason": "never"}).Is(http.StatusOK)
		isOffer(t, giver, other, "refused: 0 accepted, 1 refused, 0 gone")
		wantCode(t, receiver.Post(other+"/refuse", ""), http.StatusConflict, 1406)
		list := decodeBody[[]api.Offer](t, receiver.Get(offers+"?q=direction:incoming,status:refused"), http.StatusOK)
		if len(list) != 1 || !strings.HasSuffix(other, fmt.Sprint(list[0].ID)) {
			t.Errorf("the list has %+v", list)
		}
		s.MustFsck()
	})
}

// Whatever is wrong with a code, the response is the same; and few can be tried.
func TestContract_ReceivingCodesTellNothing(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		used := newCode(t, receiver, object{})
		giver.Post(offers, offering(used, kit.IssuedSIM)).Is(http.StatusCreated)
		foreign := newCode(t, receiver, object{"expected_sender": object{"id": kit.FleetUS}})
		expired := newCode(t, receiver, object{"expires_at": s.Clock.Now().Add(time.Minute).Format(time.RFC3339)})
		res := receiver.Post(receivingCodes, object{}).Is(http.StatusCreated)
		revoked := decodeBody[api.ReceivingCode](t, res, http.StatusCreated)
		receiver.Do(http.MethodDelete, fmt.Sprintf("%s/%d", receivingCodes, revoked.ID), nil).Is(http.StatusNoContent)
		s.Clock.Advance(2 * time.Minute)
		want := giver.Post(offers, offering("AAAAAAAA-BBBBBBBB-CCCCCCCC-DDDDDDDD", kit.ActivatedSIM)).Is(http.StatusNotFound)
		tried := 1
		for name, code := range map[string]string{"used": used, "foreign": foreign, "expired": expired, "revoked": revoked.Code, "odd": "x", "empty": " "} {
			got := giver.Post(offers, offering(code, kit.ActivatedSIM)).Is(http.StatusNotFound)
			if diff := cmp.Diff(string(want.Body), string(got.Body)); diff != "" {
				t.Errorf("%s code (-unknown +%s):\n%s", name, name, diff)
			}
			tried++
		}
		// A wrong code hides what else is wrong.
		if e := wantCode(t, giver.Post(offers, offering(expired, 4711)), http.StatusNotFound, 1201); !strings.Contains(e.Message, "receiving_code") {
			t.Errorf("the response to a wrong code: %+v", e)
		}
		for tried++; tried < 20; tried++ {
			giver.Post(offers, plus(offering("wrong", kit.ActivatedSIM), "dry_run", true)).Is(http.StatusNotFound)
		}
		wantCode(t, giver.Post(offers, offering(newCode(t, receiver, object{}), kit.ActivatedSIM)), http.StatusTooManyRequests, 1105)
		s.Clock.Advance(time.Hour)
		limited := newCode(t, receiver, object{"max_sims": 1, "single_use": false})
		wantCode(t, giver.Post(offers, offering(limited, kit.ActivatedSIM, 1000)), http.StatusUnprocessableEntity, 1400)
		giver.Post(offers, offering(strings.ToLower(strings.ReplaceAll(limited, "-", " ")), kit.ActivatedSIM)).Is(http.StatusCreated)
		giver.Post(offers, offering(limited, 1000)).Is(http.StatusNotFound)
		for _, row := range s.Rows("SELECT hash FROM receiving_codes") {
			if strings.Contains(fmt.Sprintf("%s", row[0]), limited) {
				t.Error("a code is stored")
			}
		}
	})
}

// An offer without an answer expires, for its side at once, whether a server has noticed or not.
func TestContract_OfferExpires(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		code := newCode(t, receiver, object{})
		end := s.Clock.Now().Add(4 * time.Hour)
		path := giver.Post(offers, plus(offering(code, kit.IssuedSIM), "expires_at", end.Format(time.RFC3339))).Is(http.StatusCreated).Header.Get("Location")
		tend := func() {
			t.Helper()
			if err := s.Control.TendOffers(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []time.Duration{2 * time.Hour, time.Hour} { // the reminders
			s.Clock.Advance(step)
			tend()
			isOffer(t, giver, path, "pending: 0 accepted, 0 refused, 0 gone")
		}
		s.Clock.Advance(time.Hour)
		receiver, giver = s.As("target@example.com"), s.As("admin@example.com")
		wantCode(t, receiver.Post(path+"/accept", object{"dry_run": false}), http.StatusConflict, 1406)
		tend()
		isOffer(t, giver, path, "expired: 0 accepted, 1 refused, 0 gone")
		if got := marks(s, "252"); got != "[[252 100 0]]" {
			t.Error(got)
		}
		s.MustFsck()
	})
}
