package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	simRequests = "/api/v1/migration_request"
	inquiries   = "/api/v1/migration_inquiry"
)

// asksFor returns the body of a request for SIMs.
func asksFor(sims ...int64) object {
	list := make([]string, len(sims))
	for i, id := range sims {
		list[i] = kit.ICCID(id)
	}
	return object{"iccids": list, "reference": "PO-7", "reason": "bought"}
}

// requested asks for SIMs, has a server look up the owners, and returns the path of the request and
// that of its inquiries.
func requested(t *testing.T, s *kit.Server, asker *kit.Client, sims ...int64) (request, inquiry string) {
	t.Helper()
	request = asker.Post(simRequests, asksFor(sims...)).Is(http.StatusCreated).Header.Get("Location")
	mustNot(t, s.Control.TendSIMRequests(t.Context()))
	return request, strings.Replace(request, simRequests, inquiries, 1)
}

func readRequest(t *testing.T, c *kit.Client, path string) api.SIMRequest {
	t.Helper()
	return decodeBody[api.SIMRequest](t, c.Get(path), http.StatusOK)
}

// isInquiry requires the state of an inquiry and the SIMs that it has now.
func isInquiry(t *testing.T, c *kit.Client, path, want string) api.Inquiry {
	t.Helper()
	q := decodeBody[api.Inquiry](t, c.Get(path), http.StatusOK)
	ids := make([]int64, len(q.SIMs))
	for i, s := range q.SIMs {
		ids[i] = s.ID
	}
	if got := fmt.Sprintf("%s: %v of %d", q.Status, ids, q.SIMCount); got != want {
		t.Errorf("the inquiry is %q, want %q", got, want)
	}
	return q
}

// An owner turns an inquiry into an offer without a receiving code; the asker then sees which of
// the ICCIDs it has, and nothing of the others.
func TestContract_RequestBecomesAnOffer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		request, inquiry := requested(t, s, asker, kit.ActivatedSIM, kit.IssuedSIM, kit.SIMInFR, 999)
		q := isInquiry(t, owner, inquiry, fmt.Sprintf("open: [%d %d] of 2", kit.ActivatedSIM, kit.IssuedSIM))
		if q.AskingWorkspace.ID != kit.FleetFR || q.Reason != "bought" || q.Reference != "PO-7" || strings.Contains(string(owner.Get(inquiry).Body), "target@example.com") {
			t.Errorf("the owner sees %+v", q)
		}
		wantCode(t, asker.Get(inquiry), http.StatusNotFound, 1201)
		wantCode(t, owner.Get(request), http.StatusNotFound, 1201)
		wantCode(t, owner.Post(inquiry+"/offer", object{"sims": []object{{"id": kit.AttachedSIM}}}), http.StatusNotFound, 1201)
		dry := decodeBody[api.OfferResponse](t, owner.Post(inquiry+"/offer", ""), http.StatusOK)
		if !dry.DryRun || dry.SIMCount != 2 || dry.TargetWorkspace.ID != kit.FleetFR || len(dry.Crosses) == 0 {
			t.Errorf("preview: %+v", dry)
		}
		isInquiry(t, owner, inquiry, fmt.Sprintf("open: [%d %d] of 2", kit.ActivatedSIM, kit.IssuedSIM))
		offer := owner.Post(inquiry+"/offer", object{"sims": []object{{"id": kit.ActivatedSIM}}, "dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		if q := isInquiry(t, owner, inquiry, fmt.Sprintf("offered: [%d %d] of 2", kit.ActivatedSIM, kit.IssuedSIM)); q.Offer == nil || q.DecidedBy == nil || q.DecidedBy.ID != kit.AdminID {
			t.Errorf("offered: %+v", q)
		}
		wantCode(t, owner.Post(inquiry+"/offer", object{"dry_run": false}), http.StatusConflict, 1406)
		wantCode(t, owner.Post(inquiry+"/decline", ""), http.StatusConflict, 1406)
		r := readRequest(t, asker, request)
		var offered []string
		for _, asked := range r.ICCIDs {
			if asked.Offer != nil && fmt.Sprintf("%s/%d", offers, *asked.Offer.ID) == offer {
				offered = append(offered, asked.ICCID)
			}
		}
		if diff := cmp.Diff([]string{kit.ICCID(kit.ActivatedSIM)}, offered); diff != "" || r.Status != "answered" || r.ICCIDCount != 4 || len(r.ICCIDs) != 4 {
			t.Errorf("answered: %+v\n%s", r, diff)
		}
		if in := readOffer(t, asker, offer); in.ReceivingCode != nil || in.Direction != "incoming" {
			t.Errorf("the offer: %+v", in)
		}
		asker.Post(offer+"/accept", object{"dry_run": false}).Is(http.StatusOK)
		isOffer(t, owner, offer, "accepted: 1 accepted, 0 refused, 0 gone")
		isInquiry(t, owner, inquiry, fmt.Sprintf("offered: [%d] of 2", kit.IssuedSIM))
		s.MustFsck()
	})
}

// Nothing that an asker can read shows whether a SIM exists, how many Workspaces have some, or that
// one declined: two requests that differ only in that have the same responses, ids, totals, audit
// entries and mails, and cause the same statements.
func TestContract_RequestsShowNothing(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		s.Seed(elsewhere)
		asked := []int64{kit.ActivatedSIM, kit.SIMElsewhere, kit.FirstSpareSIM}
		absent := []int64{990, 991, 9992}
		type result struct {
			seen  []string
			ids   int64
			paths []string
		}
		ask := func(sims []int64) (r result) {
			names := make([]string, 0, 12)
			for i, sim := range sims {
				iccid := kit.ICCID(sim)
				names = append(names, fleet.ICCID(iccid).WithLuhn(), fmt.Sprintf("luhn %d", i), iccid, fmt.Sprintf("iccid %d", i))
			}
			known := strings.NewReplacer(names...)
			normal := func(body []byte) string {
				return ownNumber.ReplaceAllString(instants.ReplaceAllString(known.Replace(string(body)), "T"), "${1}N$2")
			}
			before := newestAudit(s)
			var made *kit.Answer
			r.paths = shortened(s.Statements(func() { made = asker.Post(simRequests, asksFor(sims...)) }))
			request := made.Is(http.StatusCreated).Header.Get("Location")
			mustNot(t, s.Control.TendSIMRequests(t.Context()))
			number := strings.TrimPrefix(request, simRequests+"/")
			r.ids = newestAudit(s) - before
			if !slices.Equal(sims, absent) {
				owner.Post(inquiries+"/"+number+"/decline", "").Is(http.StatusOK)
			}
			for _, path := range []string{
				request, simRequests + "?per_page=1", simRequests + "?q=status:open&per_page=1", inquiries, inquiries + "/" + number,
				offers, "/api/v1/event?per_page=3", "/api/v1/migration", "/api/v1/sim?q=iccid:" + kit.ICCID(sims[0]),
			} {
				var got *kit.Answer
				r.paths = append(r.paths, shortened(s.Statements(func() { got = asker.Get(path) }))...)
				r.seen = append(r.seen, fmt.Sprintf("%s: %d %s", known.Replace(strings.ReplaceAll(path, "/"+number, "/N")), got.Status, normal(got.Body)))
			}
			r.seen = append(r.seen, fmt.Sprint(s.Rows("SELECT count(*) FROM notices n JOIN memberships m ON m.user_id = n.user_id WHERE m.workspace_id = 200")),
				normal(asker.Post(request+"/withdraw", "").Is(http.StatusOK).Body))
			return r
		}
		ask(absent) // statements that come once
		want, got := ask(absent), ask(asked)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("SIMs that do not exist (-) and SIMs of others (+) differ:\n%s", diff)
		}
		// The entry of an inquiry cannot be guessed from the hash of the next one.
		for _, row := range s.Rows("SELECT request_id FROM audit WHERE action = 'inquiry.received'") {
			if len(fmt.Sprint(row[0])) < 32 {
				t.Errorf("an entry has the guessable content %v", row)
			}
		}
		s.MustFsck()
	})
}

// instants are the times in bodies, ownNumber the id of a request.
var (
	instants  = regexp.MustCompile(`20[0-9-]{8}T[0-9:.]+\+0000`)
	ownNumber = regexp.MustCompile(`("id":|with id )[0-9]+(,"status"| not found)`)
)

func newestAudit(s *kit.Server) int64 {
	var id int64
	_, _ = fmt.Sscan(fmt.Sprint(s.Rows("SELECT max(id) FROM audit")[0][0]), &id)
	return id
}

// An inquiry has the SIMs that a Workspace had when the request arrived, without those that have
// left since. A SIM that arrives later belongs to no inquiry.
func TestContract_InquiryHasOwnSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		_, inquiry := requested(t, s, asker, kit.ActivatedSIM, kit.IssuedSIM, kit.FirstSpareSIM, 1500)
		us := s.As("admin@example.com").In(kit.FleetUS)
		wantCode(t, us.Get(inquiry), http.StatusNotFound, 1201)
		owner.Post(migration, realRun(migrationTo(kit.FleetUS, kit.ActivatedSIM))).Is(http.StatusOK)
		owner.Do(http.MethodDelete, simURL(kit.FirstSpareSIM), nil).Is(http.StatusNoContent)
		mustNot(t, s.Control.TendSIMRequests(t.Context()))
		isInquiry(t, owner, inquiry, fmt.Sprintf("open: [%d 1500] of 4", kit.IssuedSIM))
		wantCode(t, us.Get(inquiry), http.StatusNotFound, 1201)
		for _, id := range []int64{kit.ActivatedSIM, kit.FirstSpareSIM} {
			wantCode(t, owner.Post(inquiry+"/offer", object{"sims": []object{{"id": id}}, "dry_run": false}), http.StatusNotFound, 1201)
		}
		owner.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM, 1500))).Is(http.StatusOK)
		wantCode(t, owner.Post(inquiry+"/offer", object{"dry_run": false}), http.StatusConflict, 1406)
		us.Post(migration, realRun(migrationTo(kit.FleetDE, 1500))).Is(http.StatusOK) // it comes back
		isInquiry(t, owner, inquiry, "open: [1500] of 4")
		later := asksFor(1501)
		later["iccids"] = []string{"8988303000000005099"}
		request := asker.Post(simRequests, later).Is(http.StatusCreated).Header.Get("Location")
		mustNot(t, s.Control.TendSIMRequests(t.Context()))
		if _, err := s.Import("id,iccid,workspace,issuer\n5099,8988303000000005099,100,1\n"); err != nil {
			t.Fatal(err)
		}
		mustNot(t, s.Control.TendSIMRequests(t.Context()))
		wantCode(t, owner.Get(strings.Replace(request, simRequests, inquiries, 1)), http.StatusNotFound, 1201)
		s.MustFsck()
	})
}

// The limits of requests. A refused request does not count.
func TestContract_RequestsAreLimited(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, _, asker := twoSides(t, e)
		many := make([]int64, fleet.MaxRequestICCIDs+1)
		for i := range many {
			many[i] = kit.FirstSpareSIM + int64(i)
		}
		wantBadRequest(t, asker.Post(simRequests, asksFor(many...)), "iccids: ")
		wantBadRequest(t, asker.Post(simRequests, object{"iccids": []string{}}), "iccids: ")
		wantBadRequest(t, asker.Post(simRequests, object{"iccids": []string{"12"}}), "iccids")
		wantBadRequest(t, asker.Post(simRequests, plus(asksFor(251), "expires_at", "2020-01-01T00:00:00Z")), "expires_at: ")
		for range 10 {
			asker.Post(simRequests, asksFor(many[:500]...)).Is(http.StatusCreated)
		}
		late := asker.Post(simRequests, asksFor(251))
		wantCode(t, late, http.StatusTooManyRequests, 1105)
		if late.Header.Get("Retry-After") == "" {
			t.Error("a 429 without Retry-After")
		}
		s.Exec("DELETE FROM auth_counters")
		for range 10 {
			asker.Post(simRequests, asksFor(251)).Is(http.StatusCreated)
		}
		s.Exec("DELETE FROM auth_counters")
		wantCode(t, asker.Post(simRequests, asksFor(251)), http.StatusConflict, 1406)
		asker.Post(simRequests+"/1/withdraw", "").Is(http.StatusOK)
		asker.Post(simRequests, asksFor(251)).Is(http.StatusCreated)
		wantCode(t, s.As("issuer@example.com").Post(simRequests, asksFor(251)), http.StatusForbidden, 1406)
	})
}

// A request that is withdrawn or has expired ends its inquiries that are open, and no others.
func TestRequestsEnd(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		first, withdrawn := requested(t, s, asker, kit.ActivatedSIM)
		second, expired := requested(t, s, asker, kit.ActivatedSIM)
		third, declined := requested(t, s, asker, kit.ActivatedSIM)
		owner.Post(declined+"/decline", "").Is(http.StatusOK)
		asker.Post(first+"/withdraw", "").Is(http.StatusOK)
		wantCode(t, asker.Post(first+"/withdraw", ""), http.StatusConflict, 1406)
		s.Exec("UPDATE sim_requests SET expires_at = created_at WHERE id IN (2, 3)")
		wantCode(t, asker.Post(second+"/withdraw", ""), http.StatusConflict, 1406)
		for path, want := range map[string]string{withdrawn: "withdrawn", expired: "expired", declined: "declined"} {
			isInquiry(t, owner, path, fmt.Sprintf("%s: [%d] of 1", want, kit.ActivatedSIM))
			wantCode(t, owner.Post(path+"/offer", object{"dry_run": false}), http.StatusConflict, 1406)
			wantCode(t, owner.Post(path+"/decline", ""), http.StatusConflict, 1406)
		}
		for path, want := range map[string]string{first: "withdrawn", second: "expired", third: "expired"} {
			if r := readRequest(t, asker, path); r.Status != want {
				t.Errorf("%s is %s", path, r.Status)
			}
		}
		for filter, want := range map[string]int{"expired": 2, "withdrawn": 1, "open": 0, "answered": 0} {
			if n := len(decodeBody[[]api.SIMRequest](t, asker.Get(simRequests+"?q=status:"+filter), http.StatusOK)); n != want {
				t.Errorf("%d requests are %s", n, filter)
			}
		}
		for filter, want := range map[string]int{"expired": 1, "withdrawn": 1, "declined": 1, "open": 0, "offered": 0} {
			if n := len(decodeBody[[]api.Inquiry](t, owner.Get(inquiries+"?q=status:"+filter), http.StatusOK)); n != want {
				t.Errorf("%d inquiries are %s", n, filter)
			}
		}
		unseen := asker.Post(simRequests, asksFor(kit.ActivatedSIM)).Is(http.StatusCreated).Header.Get("Location")
		asker.Post(unseen+"/withdraw", "").Is(http.StatusOK) // before a server has looked
		mustNot(t, s.Control.TendSIMRequests(t.Context()))
		wantCode(t, owner.Get(strings.Replace(unseen, simRequests, inquiries, 1)), http.StatusNotFound, 1201)
		s.MustFsck()
	})
}

// An offer is made only to a Workspace that can receive SIMs, and for SIMs that can be offered.
func TestInquiryNeedsBothSides(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		_, inquiry := requested(t, s, asker, kit.ActivatedSIM)
		offer := func() *kit.Answer { return owner.Post(inquiry+"/offer", object{"dry_run": false}) }
		s.Exec("UPDATE workspaces SET status = 1 WHERE id = 200")
		wantCode(t, offer(), http.StatusConflict, 1406)
		s.Exec("UPDATE workspaces SET status = 0 WHERE id = 200")
		s.Exec("UPDATE workspaces SET status = 1 WHERE id = 100")
		wantCode(t, offer(), http.StatusForbidden, 1406)
		s.Exec("UPDATE workspaces SET status = 0 WHERE id = 100")
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Member)
		wantCode(t, owner.Get(inquiry), http.StatusForbidden, 1104)
		wantCode(t, offer(), http.StatusForbidden, 1104)
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Administrator)
		other := madeOffer(t, owner, asker, kit.ActivatedSIM)
		wantOnly(t, offer(), 1513, kit.ActivatedSIM)
		owner.Post(other+"/cancel", "").Is(http.StatusOK)
		offer().Is(http.StatusCreated)
		s.MustFsck()
	})
}

// Of a withdrawal and an offer at the same time, one comes first: an offer is never made for a
// request that was withdrawn before.
func TestWithdrawalAgainstOffer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		for sim := int64(kit.FirstSpareSIM); sim < kit.FirstSpareSIM+4; sim++ {
			request, inquiry := requested(t, s, asker, sim)
			offered := make(chan *kit.Answer)
			go func() { offered <- owner.Post(inquiry+"/offer", object{"dry_run": false}) }()
			asker.Post(request+"/withdraw", "").Is(http.StatusOK)
			made := <-offered
			want := "withdrawn"
			if made.Status == http.StatusCreated {
				want = "offered"
			}
			isInquiry(t, owner, inquiry, fmt.Sprintf("%s: [%d] of 1", want, sim))
		}
		s.MustFsck()
	})
}

// Several servers look up the owners once, an inquiry becomes one offer, and it is declined or
// offered, never both.
func TestInquiriesAtOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		tend := func() *kit.Answer {
			if err := s.Control.TendSIMRequests(t.Context()); err != nil {
				t.Error(err)
			}
			return &kit.Answer{}
		}
		for i := range 4 {
			request := asker.Post(simRequests, asksFor(kit.FirstSpareSIM+int64(i), 999)).Is(http.StatusCreated).Header.Get("Location")
			inquiry := strings.Replace(request, simRequests, inquiries, 1)
			atOnce(tend, tend, tend, tend)
			offer := func() *kit.Answer { return owner.Post(inquiry+"/offer", object{"dry_run": false}) }
			answers := []func() *kit.Answer{offer, offer}
			if i%2 == 1 {
				answers[1] = func() *kit.Answer { return owner.Post(inquiry+"/decline", "") }
			}
			got := atOnce(answers...)
			if got[http.StatusConflict] != 1 || got[http.StatusCreated]+got[http.StatusOK] != 1 {
				t.Errorf("two answers at once: %v", got)
			}
		}
		for what, text := range map[string]string{
			"inquiries": "SELECT count(*) FROM inquiries", "entries": "SELECT count(*) FROM audit WHERE action = 'inquiry.received'",
		} {
			if got := fmt.Sprint(s.Rows(text)); got != "[[4]]" {
				t.Errorf("%s %s, want 4", got, what)
			}
		}
		s.MustFsck()
	})
}

// The Administrators of an owner get a mail of an inquiry that is still open, and one in 24 hours
// for each Workspace that asks. The mail names no user of the other side. The side that asks gets a
// mail only of an offer.
func TestInquiryMails(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, owner, asker := twoSides(t, e)
		post := openMailRoom(t, s)
		requested(t, s, asker, kit.ActivatedSIM, kit.IssuedSIM, 999)
		made := post.wantLetters(t, "asked", "admin@example.com: Fleet FR asks for 2 SIMs of Fleet DE", "root@example.com: Fleet FR asks for 2 SIMs of Fleet DE")
		mustContain(t, made[0].Text, "Reason: bought", "Reference: PO-7", "Answer by: ", "https://sims.example.com/inquiries/1")
		if strings.Contains(made[0].Text, "target@example.com") || strings.Contains(made[0].Text, "999") {
			t.Errorf("the mail has more than the owner may see:\n%s", made[0].Text)
		}
		_, again := requested(t, s, asker, kit.ActivatedSIM)
		post.wantLetters(t, "asked again")
		requested(t, s, asker, 998)
		post.wantLetters(t, "asked for a SIM that does not exist")
		s.Exec("UPDATE sim_requests SET created_at = created_at - 90000000000") // 25 hours
		request, withdrawn := requested(t, s, asker, kit.IssuedSIM)
		asker.Post(request+"/withdraw", "").Is(http.StatusOK)
		post.wantLetters(t, "withdrawn before the mail")
		owner.Get(withdrawn).Is(http.StatusOK)
		owner.Post(again+"/offer", object{"dry_run": false}).Is(http.StatusCreated)
		post.wantLetters(t, "offered", "target@example.com: Fleet DE offers 1 SIM to Fleet FR")
	})
}
