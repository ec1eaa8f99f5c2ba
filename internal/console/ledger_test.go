package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// move moves SIMs, and returns the id of the ledger entry.
func (s *site) move(target int64, ids ...int64) int {
	s.T.Helper()
	var sims []any
	for _, id := range ids {
		sims = append(sims, map[string]any{"id": id})
	}
	a := s.As("admin@example.com").Post("/api/v1/sim/migration/workspace", map[string]any{
		"target_workspace": map[string]any{"id": target}, "sims": sims, "dry_run": false, "auto_detach_devices": true,
	}).Is(http.StatusOK)
	at := a.Header.Get("Location")
	id, err := strconv.Atoi(at[strings.LastIndex(at, "/")+1:])
	if err != nil {
		s.T.Fatalf("the entry of the move is %q", at)
	}
	return id
}

var entryLink = regexp.MustCompile(`<th scope="row"[^>]*><a href="/ledger/(\d+)"`)

// entries returns the ids of the entries of a page of the ledger, in its order.
func (a answer) entries() string {
	var ids []string
	for _, m := range entryLink.FindAllStringSubmatch(a.Text, -1) {
		ids = append(ids, m[1])
	}
	return strings.Join(ids, " ")
}

// The ledger is found by what a person knows of a move, and paged by key.
func TestLedger_Filters(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		out := s.move(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM)
		in := s.move(kit.FleetDE, kit.ActivatedSIM)
		far := s.move(kit.FleetUS, kit.FirstSpareSIM, kit.FirstSpareSIM+1)
		p := s.as(t, "admin@example.com")
		first, second, third := strconv.Itoa(out), strconv.Itoa(in), strconv.Itoa(far)
		for query, want := range map[string]string{
			"":                      third + " " + second + " " + first,
			"q=8988303000000000251": second + " " + first,
			"q=" + fleet.ICCID("8988303000000000252").WithLuhn(): first, // with its check digit
			"q=8988303000000000253":                              "",
			"q=a,b|c:d":                                          "",
			"dir=in":                                             second,
			"dir=out":                                            third + " " + first,
			"target=300":                                         third,
			"source=200&target=100":                              second,
			"sim=252":                                            first,
			"user=1":                                             third + " " + second + " " + first,
			"user=admin@example.com":                             third + " " + second + " " + first,
			"user=user@example.com":                              "",
			"user=nobody@example.com":                            "",
			"user=a,b":                                           "",
			"from=2026-11-22":                                    third + " " + second + " " + first,
			"from=2026-11-23":                                    "",
			"until=2026-11-21":                                   "",
			"days=30":                                            third + " " + second + " " + first,
			"after=x&before=y":                                   third + " " + second + " " + first,
			"after=" + third:                                     second + " " + first,
			"before=" + second:                                   third,
			"after=" + first:                                     third + " " + second + " " + first, // nothing is older
			"before=99999999999":                                 third + " " + second + " " + first, // nothing is newer
		} {
			if got := p.get("/ledger?"+query).is(t, http.StatusOK).entries(); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
		for _, query := range []string{"q=%00%ff", "from=x", "until=y", "source=-1", "target=a", "sim=b", "days=7", "dir=up"} {
			p.get("/ledger?"+query).is(t, http.StatusUnprocessableEntity)
		}
		p.get("/ledger?after="+third).has(t, "Rows 2 to 3 of <strong>3</strong>", `href="/ledger"`)
		p.get("/ledger?before="+second).has(t, "Rows 1 to 1 of <strong>3</strong>", `href="/ledger?after=`+third+`"`)
		csv := p.get("/ledger/export?source=100").is(t, http.StatusOK).has(t, "Fleet FR", "Fleet US").lacks(t, "\n"+second+",")
		if n := strings.Count(csv.Text, "\n"); n != 3 {
			t.Errorf("the export has %d lines: %s", n, csv.Text)
		}
		if n := strings.Count(p.get("/ledger/export?user=nobody@example.com").is(t, http.StatusOK).Text, "\n"); n != 1 {
			t.Errorf("the export of a person who is not known has %d lines", n)
		}
	})
}

// A page of 25 entries, and the next one.
func TestLedger_Pages(t *testing.T) {
	s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
	var newest int
	for i := range 30 {
		newest = s.move(kit.FleetDE+100*int64((i+1)%2), kit.ActivatedSIM)
	}
	p := s.as(t, "admin@example.com")
	second := p.get(regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(p.get("/ledger").has(t, "Rows 1 to 25 of").Text)[1])
	second.has(t, "Rows 26 to 30 of <strong>30</strong>", fmt.Sprintf(`href="/ledger/%d"`, newest-29), `href="/ledger" rel="prev"`)
}

// An entry shows who moved what, and an entry of others looks like one that does not exist.
func TestLedger_Entry(t *testing.T) {
	s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
	id := s.move(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM)
	here := fmt.Sprintf("/ledger/%d", id)
	p := s.as(t, "admin@example.com")
	p.get(here).is(t, http.StatusOK).has(t, "2 SIMs from Fleet DE to Fleet FR", "admin@example.com", "tracker-7", "Undo this move", "Went offline")
	p.get(here+"/export").is(t, http.StatusOK).has(t, "8988303000000000250,Fleet DE,Fleet FR,Activated,Suspended,tracker-7,")
	p.get(here).lacks(t, `href="/sims/251"`) // it is in a Workspace to which the person has to switch
	p.post("/switch", "workspace", "200").leads(t, "/overview")
	p.get(here).has(t, `href="/sims/251"`)
	p.get("/sims/251").has(t, `href="`+here+`"`)
	s.as(t, "observer@example.com").get(here).is(t, http.StatusOK).lacks(t, "Undo this move").has(t, "An Administrator of Fleet DE can undo it.")
}

// The undo of an entry: every SIM or some, previewed, confirmed with the number, done once.
func TestUndo_Form(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		id := s.move(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM)
		here := fmt.Sprintf("/ledger/%d", id)
		p := s.as(t, "admin@example.com")
		a := p.get(here+"/undo?sim=250&sim=251").is(t, http.StatusOK).has(t, "Undo: 2 SIMs go back to Fleet DE", "2 SIMs come back online", "1 SIM goes back into the device")
		form := a.fields("confirm")
		send := func(confirm, reason string) answer {
			form.Set("confirm", confirm)
			form.Set("reason", reason)
			return p.send(p.request(http.MethodPost, here+"/undo", form))
		}
		send("3", "too early").is(t, http.StatusOK).has(t, "type 2 to confirm", `value="too early"`)
		send("2", strings.Repeat("x", 501)).is(t, http.StatusOK).has(t, "shorten it")
		for _, status := range []int{1, 2} { // the plan that was previewed is out of date
			s.As("admin@example.com").In(kit.FleetFR).Patch(fmt.Sprintf("/api/v1/sim/%d", kit.ActivatedSIM), map[string]any{"status": map[string]any{"id": status}}).Is(http.StatusNoContent)
			send("2", "too early").is(t, http.StatusOK).has(t, "The SIMs changed after the preview. Nothing was moved.")
		}
		form = p.get(here + "/undo?sim=250&sim=251").fields("confirm")
		form.Set("reference", "OPS-1")
		to := send(" 2 ", "too early").is(t, http.StatusSeeOther).Header.Get("Location")
		if again := send(" 2 ", "too early").Header.Get("Location"); again != to {
			t.Errorf("the form sent twice leads to %q and %q", to, again)
		}
		p.get(to).is(t, http.StatusOK).has(t, "The move is undone.", "2 SIMs from Fleet FR to Fleet DE", "too early", "OPS-1", `href="`+here+`"`)
		p.get("/ledger?q=OPS-1").has(t, "Undoes")
		p.get("/sims/250").has(t, "Activated: online", "tracker-7")
		p.get(here+"/undo").has(t, "2 of 3 SIMs cannot go back as they are", "Already undone", "Undo the other 1").lacks(t, "Type 3")
	})
}

// The preview of an undo asks for a reason if a Workspace requires one.
func TestUndo_NeedsReason(t *testing.T) {
	s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
	here := fmt.Sprintf("/ledger/%d/undo", s.move(kit.FleetFR, kit.ActivatedSIM))
	const asks = `maxlength="500" required aria-describedby="why-hint"`
	p := s.as(t, "admin@example.com")
	p.get(here).is(t, http.StatusOK).has(t, "Undo: 1 SIM goes back to Fleet DE").lacks(t, asks)
	s.As("admin@example.com").In(kit.FleetDE).Patch("/api/v1/organisation/my/setting", map[string]any{"reason_required": true}).Is(http.StatusOK)
	form := p.get(here).is(t, http.StatusOK).has(t, "Undo: 1 SIM goes back to Fleet DE", asks, "requires a reason").fields("confirm")
	form.Set("confirm", "1")
	form.Set("reason", "too early")
	p.get(p.send(p.request(http.MethodPost, here, form)).is(t, http.StatusSeeOther).Header.Get("Location")).has(t, "The move is undone.", "too early")
}

// fields returns the fields of the form of a class.
func (a answer) fields(class string) url.Values {
	_, form, _ := strings.Cut(a.Text, `<form class="`+class+`"`)
	form, _, _ = strings.Cut(form, "</form>")
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([\w.]+)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		v[m[1]] = append(v[m[1]], strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#43;", "+").Replace(m[2]))
	}
	return v
}

// From the ledger to an entry, to the undo of one of its SIMs, in a browser.
func TestUndo_InBrowser(t *testing.T) {
	eachWay(t, func(t *testing.T, s *site, b *tab) {
		s.move(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM)
		b.signIn("admin@example.com")
		b.visit("/ledger")
		b.press("tbody th a")
		b.sees("2 SIMs from Fleet DE to Fleet FR")
		b.do(chromedp.Click(chromedp.CSS(`input[name="sim"][value="250"]`)))
		b.press(".bulk button")
		b.sees("Undo: 1 SIM goes back to Fleet DE")
		b.do(chromedp.Click(chromedp.CSS("#u2")))
		b.press("form.panel button")
		if b.sees("1 SIM comes back online"); value[bool](b, `document.querySelector("#u2").checked`) {
			t.Error("the option is lost")
		}
		b.fill("#why", "too early")
		b.fill("#type", "1")
		b.press(".confirm button")
		b.sees("The move is undone.")
		b.sees("1 SIM from Fleet FR to Fleet DE")
		b.visit("/sims/250")
		b.sees("Activated: online")
		b.sees("In no device.")
	})
}
