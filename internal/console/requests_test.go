package console_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// asks makes a request in its form, has a server look up the owners, and returns the number of the
// request.
func (s *site) asks(t testing.TB, asker *person, sims ...int64) string {
	t.Helper()
	lines := make([]string, len(sims))
	for i, id := range sims {
		lines[i] = kit.ICCID(id)
	}
	here, _, _ := strings.Cut(asker.press(asker.get("/requests"), "/requests", "iccids", strings.Join(lines, "\n"), "reason", "bought").to(t), "?")
	if err := s.Control.TendSIMRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(here, "/requests/")
}

// A request, its inquiry, the offer that it becomes, and what each side sees of it, without
// scripts.
func TestConsole_Request(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := twoSides(t, e)
		owner, asker := s.as(t, giverName), s.as(t, receiverName)
		asker.get("/requests").has(t, "Your Workspace has not asked for SIMs.")
		owner.get("/inquiries").has(t, "No other Workspace has asked")
		id := s.asks(t, asker, 251, 252, 999)
		request, inquiry := "/requests/"+id, "/inquiries/"+id
		asker.get(request).has(t, "Request for 3 SIMs", "bought", "Open", "No offer", kit.ICCID(999)[12:], "Withdraw the request")
		asker.get("/requests").has(t, `href="`+request+`"`)
		asker.get(inquiry).is(t, http.StatusNotFound)
		owner.get(request).is(t, http.StatusNotFound)

		owner.get("/offers").has(t, `Inquiries 1<span class="vh">`)
		owner.get("/overview").has(t, "Fleet FR asks for 2 SIMs", `href="`+inquiry+`"`)
		asker.get("/overview").lacks(t, "asks for")
		owner.get("/inquiries").has(t, `href="`+inquiry+`"`, "Fleet FR asks for 2 SIMs")
		page := owner.get(inquiry).has(t, "Fleet FR asks for 2 SIMs", "bought", kit.ICCID(251)[12:], kit.ICCID(252)[12:]).lacks(t, kit.ICCID(999)[12:], receiverName)
		owner.press(page, inquiry+"/offer", "do", "preview").is(t, http.StatusUnprocessableEntity).has(t, "No SIM is selected.")
		preview := owner.press(page, inquiry+"/offer", "do", "preview", "sim", "251", "reference", "CHG-9").is(t, http.StatusOK).has(t, "Offer 1 SIM to Fleet FR")
		owner.press(preview, inquiry+"/offer", "do", "edit").is(t, http.StatusOK).has(t, "CHG-9", `value="251" checked`).lacks(t, `value="252" checked`)
		offer, _, _ := strings.Cut(owner.press(preview, inquiry+"/offer", "do", "make").to(t), "?")
		owner.get(inquiry).has(t, "Offered", `href="`+offer+`"`).lacks(t, "Decline")
		owner.press(page, inquiry+"/decline").is(t, http.StatusUnprocessableEntity).has(t, "The inquiry is offered")
		asker.get(request).has(t, "Answered", `href="`+offer+`"`)
		asker.get(offer).has(t, "1 SIM from Fleet DE", "CHG-9")
		s.MustFsck()
	})
}

// A decline is not visible to the side that asks. A withdrawal ends the inquiry.
func TestConsole_RequestEnds(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	owner, asker := s.as(t, giverName), s.as(t, receiverName)
	declined, withdrawn := s.asks(t, asker, 251), s.asks(t, asker, 251)
	owner.press(owner.get("/inquiries/"+declined), "/inquiries/"+declined+"/decline").leads(t, "/inquiries/"+declined+"?done=inquiry.declined")
	owner.get("/inquiries/"+declined).has(t, "Declined", giverName)
	asker.get("/requests/"+declined).has(t, "Open", "No offer")
	page, stale := asker.get("/requests/"+withdrawn), asker.get("/requests/"+withdrawn)
	asker.press(page, "/requests/"+withdrawn+"/withdraw").leads(t, "/requests/"+withdrawn+"?done=request.withdrawn")
	asker.press(stale, "/requests/"+withdrawn+"/withdraw").is(t, http.StatusUnprocessableEntity).has(t, "The request is over")
	owner.get("/inquiries/"+withdrawn).has(t, "Withdrawn").lacks(t, "Preview")
}

// The form of a request says what is wrong with it, and keeps what was entered.
func TestConsole_RequestProblems(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	asker := s.as(t, receiverName)
	many := make([]string, fleet.MaxRequestICCIDs+1)
	for i := range many {
		many[i] = "89883030000000" + strconv.Itoa(10_000+i)
	}
	for pasted, want := range map[string]string{
		"": "", "12": "line 1", strings.Join(many, "\n"): "At most 500 are allowed.", kit.ICCID(251) + ".." + kit.ICCID(253): "line 1",
	} {
		page := asker.press(asker.get("/requests"), "/requests", "iccids", pasted, "reference", "PO-7").is(t, http.StatusUnprocessableEntity).has(t, `value="PO-7"`)
		if !strings.Contains(strings.ToLower(page.Text), strings.ToLower(want)) {
			t.Errorf("%.30q: the page has no %q", pasted, want)
		}
	}
	asker.press(asker.get("/requests"), "/requests", "iccids", kit.ICCID(251), "expires", "2020-01-01").is(t, http.StatusUnprocessableEntity).has(t, "past")
	observer := s.as(t, "observer@example.com")
	observer.get("/requests").is(t, http.StatusOK).lacks(t, "Ask the owners</button>")
	observer.get("/inquiries").is(t, http.StatusForbidden)
}

// The pages of requests and inquiries in a browser, on both sides.
func TestAppearance_Requests(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	asker, owner := s.open(t).signIn(receiverName), s.open(t).signIn(giverName)
	owner.visit("/inquiries")
	owner.takePicture("inquiries-none")
	asker.visit("/requests")
	asker.fill("#paste", kit.ICCID(251)+"\n"+kit.ICCID(252)+"\n"+kit.ICCID(999))
	asker.fill("#reason", "Bought with contract 12")
	asker.press(`form[action="/requests"] button`)
	asker.sees("Request for 3 SIMs")
	asker.takePicture("request")
	if err := s.Control.TendSIMRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	here := value[string](asker, "location.pathname")
	inquiry := strings.Replace(here, "/requests", "/inquiries", 1)
	owner.visit("/offers")
	owner.takePicture("offers-inquiry")
	owner.visit("/inquiries")
	owner.takePicture("inquiries")
	owner.visit(inquiry)
	owner.takePicture("inquiry")
	owner.do(chromedp.Click(chromedp.CSS("#s252")))
	owner.press("#preview")
	owner.sees("Offer 1 SIM to Fleet FR")
	owner.takePicture("inquiry-preview")
	owner.press(`button[value="make"]`)
	owner.visit(inquiry)
	owner.sees("Offered")
	owner.takePicture("inquiry-offered")
	asker.visit(here)
	asker.sees("Answered")
	asker.takePicture("request-answered")
	asker.visit("/requests")
	asker.takePicture("requests")
}
