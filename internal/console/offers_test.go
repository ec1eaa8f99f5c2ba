package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	giverName    = "admin@example.com"  // of Fleet DE
	receiverName = "target@example.com" // of Fleet FR
)

// twoSides is a console of two companies: no user belongs to both.
func twoSides(t testing.TB, e kit.Engine) *site {
	t.Helper()
	s := serveSite(t, kit.StartFerry(t, e), console.Options{})
	s.SetRole(kit.AdminID, kit.FleetFR, fleet.NoRole)
	s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.NoRole)
	return s
}

var shownCode = regexp.MustCompile(`id="code">([^<]+)<`)

// newCode makes a receiving code in its form and returns it.
func (p *person) newCode(pairs ...string) string {
	p.t.Helper()
	made := p.press(p.get("/offers/codes"), "/offers/codes", pairs...).is(p.t, http.StatusOK).has(p.t, "It is not shown again.")
	return shownCode.FindStringSubmatch(made.Text)[1]
}

// offer offers SIMs over the API and returns the address of the page of the offer.
func (s *site) offer(t testing.TB, ids ...int64) string {
	t.Helper()
	var sims []any
	for _, id := range ids {
		sims = append(sims, object{"id": id})
	}
	made := s.As(giverName).Post("/api/v1/migration_offer", object{
		"receiving_code": s.as(t, receiverName).newCode("uses", "one"), "select": object{"sims": sims}, "dry_run": false, "reason": "Contract 12",
	})
	at := made.Is(http.StatusCreated).Header.Get("Location")
	return "/offers" + at[strings.LastIndex(at, "/"):]
}

// A code, an offer, an answer in part, and what each side sees of it, without scripts.
func TestConsole_Offer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := twoSides(t, e)
		giver, receiver := s.as(t, giverName), s.as(t, receiverName)
		code := receiver.newCode("description", "Order 4711", "uses", "one")
		receiver.get("/offers/codes").has(t, "Order 4711", "Valid").lacks(t, code)

		first := giver.get(giver.get("/offers/new?rows=251,252,253&sim=251&sim=252&sim=253").to(t)).has(t, "The 3 SIMs that you selected")
		giver.press(first, "/offers/new", "code", "wrong", "from", "selection", "do", "preview").is(t, http.StatusUnprocessableEntity).
			has(t, "No offer can be made with this code.", "The 3 SIMs that you selected")
		preview := giver.press(first, "/offers/new", "code", code, "from", "selection", "reason", "Contract 12", "do", "preview").
			is(t, http.StatusOK).has(t, "Offer 3 SIMs to Fleet FR", "Contract 12", "They do not get to see")
		giver.press(preview, "/offers/new", "do", "edit").is(t, http.StatusOK).has(t, "Contract 12", `value="`+code)
		here, _, _ := strings.Cut(giver.press(preview, "/offers/new", "do", "make").to(t), "?")
		giver.get(here).has(t, "3 SIMs for Fleet FR", "Waits for an answer", "Cancel the offer").lacks(t, "Your answer")
		giver.get("/offers?show=sent").has(t, `href="`+here+`"`)
		receiver.get("/offers/codes").has(t, "Used")

		receiver.get("/overview").has(t, "Fleet DE offers you 3 SIMs", `href="`+here+`"`, `</span>1<span class="vh"> to answer`)
		giver.get("/sims").lacks(t, "to answer")
		giver.get("/overview").lacks(t, `href="`+here+`"`)
		receiver.get("/offers").has(t, `href="`+here+`"`, "3 SIMs from Fleet DE")
		receiver.get(here).has(t, "Contract 12", "Accept or refuse, SIM by SIM").lacks(t, giverName)
		next := receiver.get(here + "?rows=251,252,253&sim-251=accept&sim-252=refuse&sim-253=accept&reason=broken&do=preview").to(t)
		answer := receiver.get(next).has(t, "Accept 2, refuse 1", "1 SIM will go offline", "stay with Fleet DE")
		stale := receiver.get(next)
		receiver.press(answer, here+"/answer", "reason", "broken").leads(t, here+"?done=offer.answered")
		for _, p := range []*person{giver, receiver} {
			p.get(here).has(t, "Partly accepted", "2 accepted, 1 refused", "broken", "/ledger/").lacks(t, "Accept or refuse")
			p.get(here+"?state=refused").has(t, kit.ICCID(252)[12:]).lacks(t, kit.ICCID(251)[12:])
			p.get("/offers?show=ended").has(t, `href="`+here+`"`)
		}
		giver.get(here).lacks(t, receiverName)
		receiver.press(stale, here+"/answer").is(t, http.StatusUnprocessableEntity).has(t, "The offer is partly_accepted")
		s.as(t, "stranger@example.com").get(here).is(t, http.StatusNotFound)
		s.MustFsck()
	})
}

// Answers last over the pages of a large offer; all but some can be refused, and all at once.
func TestConsole_OfferPages(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	ids := make([]int64, 120)
	for i := range ids {
		ids[i] = int64(kit.FirstSpareSIM + i)
	}
	here := s.offer(t, ids...)
	p := s.as(t, receiverName)
	page := p.get(here).has(t, "Rows 1 to 50 of <strong>120")
	second := p.answer(page, here, "do", "next", fmt.Sprintf("sim-%d", ids[3]), "refuse")
	page = p.get(second).has(t, "Rows 51 to 100 of", "accept 119, refuse 1")
	third := p.answer(page, here, "do", "next", fmt.Sprintf("sim-%d", ids[60]), "refuse")
	page = p.get(third).has(t, "accept 118, refuse 2")
	p.get(p.answer(page, here, "do", "prev")).has(t, fmt.Sprintf(`name="sim-%d" value="refuse" checked`, ids[60]))
	p.get(p.answer(page, here, "do", "preview")).has(t, "Accept 118, refuse 2")
	page = p.get(p.answer(page, here, "do", "refuse")).has(t, "accept 0, refuse 120")
	all := p.get(p.answer(page, here, "do", "preview")).has(t, "Refuse all 120 SIMs of Fleet DE")
	some := p.get(p.answer(page, here, "do", "preview", fmt.Sprintf("sim-%d", ids[110]), "accept")).has(t, "Accept 1, refuse 119")
	p.press(some, here+"/answer", "reason", "not ours").leads(t, here+"?done=offer.answered")
	p.get(here+"?state=refused&page=3").has(t, "not ours", "Rows 101 to 119 of")
	p.press(all, here+"/answer").is(t, http.StatusUnprocessableEntity)
	s.MustFsck()
}

var chosenAnswer = regexp.MustCompile(`name="(sim-\d+)" value="(\w+)" checked`)

// answer sends the form with the answers of a page, with those that a browser would send, and
// others instead. It returns where the form leads.
func (p *person) answer(a answer, here string, pairs ...string) string {
	p.t.Helper()
	v := a.list()
	for _, m := range chosenAnswer.FindAllStringSubmatch(a.Text, -1) {
		v.Set(m[1], m[2])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	for _, name := range []string{"rows", "sel", "all", "page"} {
		if m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(a.main()); m != nil {
			v.Set(name, m[1])
		}
	}
	return p.get(here + "?" + v.Encode()).to(p.t)
}

// SIMs that cannot come in are named with the reason, and can be refused; what the giver cancels
// cannot be answered.
func TestConsole_OfferBlocked(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	here := s.offer(t, kit.ActivatedSIM, kit.IssuedSIM)
	giver, p := s.as(t, giverName), s.as(t, receiverName)
	giver.post("/devices/new", "once", giver.get("/devices/new").once(t), "service", "1", "tariff", "1", "name", "Pump 7", "iccid", kit.ICCID(kit.ActivatedSIM)).is(t, http.StatusSeeOther)
	blocked := p.get(here+"/answer").has(t, "1 of 2 SIMs cannot come in", "In a device", "1502", kit.ICCID(251)).lacks(t, "Pump 7")
	leave := regexp.MustCompile(`href="([^"]*sel=251[^"]*)"`).FindStringSubmatch(blocked.Text)
	if leave == nil {
		t.Fatal("there is no button to refuse the SIM")
	}
	answer := p.get(leave[1]).has(t, "Accept 1, refuse 1")
	p.get(here+"/answer?sel=251x").is(t, http.StatusUnprocessableEntity)
	p.get(here+"/answer?sel=999999").is(t, http.StatusNotFound)
	giver.press(giver.get(here), here+"/cancel").leads(t, here+"?done=offer.cancelled")
	p.press(answer, here+"/answer").is(t, http.StatusUnprocessableEntity).has(t, "cancelled_by_giver", "Cancelled by the giver")
	p.get(here+"/answer").has(t, "Cancelled by the giver")
}

// More SIMs can be refused than an address has room for: forms carry the answer then.
func TestConsole_OfferLong(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	s.grow(1700)
	var iccids []string
	for i := range 1700 {
		iccids = append(iccids, fmt.Sprintf("8988303%012d", 1_000_000+i))
	}
	made := s.As(giverName).Post("/api/v1/migration_offer", object{
		"receiving_code": s.as(t, receiverName).newCode("uses", "one"), "select": object{"iccids": iccids}, "dry_run": false,
	}).Is(http.StatusCreated).Header.Get("Location")
	here := "/offers" + made[strings.LastIndex(made, "/"):]
	p := s.as(t, receiverName)
	rows := regexp.MustCompile(`name="rows" value="(\d+),`).FindStringSubmatch(p.get(here).Text)
	first, err := strconv.Atoi(rows[1])
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 1600)
	for i := range ids {
		ids[i] = strconv.Itoa(first + i)
	}
	page := p.post(here, "sel", strings.Join(ids, ","), "reason", "not ours", "do", "next").is(t, http.StatusOK).has(t, "accept 100, refuse 1,600")
	fields := func(do string) []string {
		pairs := []string{"do", do, "reason", "not ours"}
		for _, m := range chosenAnswer.FindAllStringSubmatch(page.Text, -1) {
			pairs = append(pairs, m[1], m[2])
		}
		return pairs
	}
	p.press(page, here, fields("prev")...).is(t, http.StatusOK).has(t, "accept 100, refuse 1,600", "not ours")
	preview := p.press(page, here, fields("preview")...).is(t, http.StatusOK).has(t, "Accept 100, refuse 1,600", `formaction="`+here+`"`)
	p.post(here, "sel", strings.Join(ids, ","), "do", "page").is(t, http.StatusOK).has(t, "accept 100, refuse 1,600")
	p.post(here, "sel", ids[0], "do", "preview").leads(t, here+"/answer?sel="+ids[0])
	p.press(preview, here+"/answer", "reason", "not ours").leads(t, here+"?done=offer.answered")
	p.get(here).has(t, "100 accepted, 1,600 refused")
	s.MustFsck()
}

// An answer takes effect only as its preview showed it: a SIM that has been activated since, which
// would now go offline, needs another look.
func TestConsole_OfferChanged(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := twoSides(t, e)
		here := s.offer(t, kit.ActivatedSIM, kit.IssuedSIM)
		p := s.as(t, receiverName)
		seen := p.get(here+"/answer").has(t, "1 SIM will go offline")
		s.As(giverName).Patch(fmt.Sprintf("/api/v1/sim/%d", kit.IssuedSIM), object{"status": object{"id": int(fleet.SIMActivated)}}).Is(http.StatusNoContent)
		again := p.press(seen, here+"/answer").is(t, http.StatusUnprocessableEntity).
			has(t, "The SIMs changed after the preview. Nothing was moved.", "2 SIMs will go offline")
		p.get(here).has(t, "Accept or refuse, SIM by SIM")
		p.press(again, here+"/answer").leads(t, here+"?done=offer.answered")
		s.MustFsck()
	})
}

// The forms of codes and offers show what to correct, and nothing is made.
func TestConsole_OfferProblems(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	giver, p := s.as(t, giverName), s.as(t, receiverName)
	form := p.get("/offers/codes")
	for field, words := range map[string]string{"most=none": "type a number", "expires=2001-01-01": "is in the past", "expires=soon": "choose a day"} {
		name, value, _ := strings.Cut(field, "=")
		p.press(form, "/offers/codes", "description", "Order 1", name, value).is(t, http.StatusUnprocessableEntity).has(t, words, `value="Order 1"`)
	}
	code := p.newCode("uses", "many", "most", "1")
	page := giver.get("/offers/new")
	for _, c := range []struct{ iccids, words string }{
		{"", "Paste at least one ICCID."}, {"123", "Line 1 of the list"}, {kit.ICCID(999_999), "not found"},
		{kit.ICCID(251) + "\n" + kit.ICCID(252), "it allows 1"}, {kit.ICCID(kit.AttachedSIM), "In a device"},
	} {
		giver.press(page, "/offers/new", "from", "paste", "iccids", c.iccids, "code", code, "do", "preview").is(t, http.StatusUnprocessableEntity).has(t, c.words, code)
	}
	giver.press(page, "/offers/new", "from", "paste", "iccids", kit.ICCID(251), "do", "preview").is(t, http.StatusUnprocessableEntity).has(t, "Receiving code: it is required")
	preview := giver.press(page, "/offers/new", "from", "paste", "iccids", kit.ICCID(251), "code", code, "do", "preview").is(t, http.StatusOK)
	p.press(p.get("/offers/codes"), "/offers/codes/1/revoke").leads(t, "/offers/codes?done=code.revoked")
	p.get("/offers/codes").has(t, "Revoked")
	giver.press(preview, "/offers/new", "do", "make").is(t, http.StatusUnprocessableEntity).has(t, "No offer can be made with this code.")
	giver.get("/offers?show=sent").has(t, "No offer of yours waits for an answer.")
}

// The pages of offers in a browser: a code, an offer and its answer, on both sides.
func TestAppearance_Offers(t *testing.T) {
	s := twoSides(t, kit.SQLite)
	receiver, giver := s.open(t).signIn(receiverName), s.open(t).signIn(giverName)
	receiver.visit("/offers")
	receiver.takePicture("offers-none")
	receiver.visit("/offers/codes")
	receiver.fill("#cd", "Order 4711")
	receiver.press(`form[action="/offers/codes"] button`)
	receiver.sees("Copy this code now.")
	receiver.takePicture("codes")
	code := value[string](receiver, `document.querySelector("#code").textContent`)
	giver.visit(fmt.Sprintf("/offers/new?sel=%d,%d,%d,1000,1001", kit.ActivatedSIM, kit.SuspendedSIM, kit.AttachedSIM))
	giver.fill("#code", code)
	giver.press("#preview")
	giver.sees("These SIMs cannot be offered")
	giver.takePicture("offer-cannot")
	giver.do(chromedp.Click(chromedp.CSS("#d2")))
	giver.fill("#reason", "Contract 12")
	giver.press("#preview")
	giver.sees("Offer 5 SIMs to Fleet FR")
	giver.takePicture("offer-preview")
	giver.press(`button[value="make"]`)
	here := value[string](giver, "location.pathname")
	giver.takePicture("offer-sent")
	receiver.visit("/offers")
	receiver.takePicture("offers")
	receiver.visit(here)
	receiver.takePicture("offer")
	receiver.do(chromedp.Click(chromedp.CSS("#r1000")))
	receiver.sees("accept 4, refuse 1")
	receiver.fill("#rw", "Taken down in October")
	receiver.press("#preview")
	receiver.sees("Accept 4, refuse 1")
	receiver.takePicture("offer-answer")
	receiver.press("main button.go")
	receiver.sees("Partly accepted")
	receiver.takePicture("offer-ended")
	giver.visit(here)
	giver.sees("Taken down in October")
}
