package console_test

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// upload sends the first step of the wizard with a file.
func (p *person) upload(name, content string, pairs ...string) answer {
	p.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			p.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		p.t.Fatal(err)
	}
	_, writeErr := part.Write([]byte(content))
	if err := errors.Join(writeErr, w.Close()); err != nil {
		p.t.Fatal(err)
	}
	template := p.request(http.MethodPost, "/move", url.Values{}) // has the cookie and the headers
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, template.URL.String(), &body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = template.Header
	req.Header.Set("Content-Type", w.FormDataContentType())
	return p.send(req)
}

// to returns the target of a redirect.
func (a answer) to(t testing.TB) string {
	t.Helper()
	return a.is(t, http.StatusSeeOther).Header.Get("Location")
}

// options sends the second step of the wizard: the default options, with pairs in place of some.
func (p *person) options(draft string, pairs ...string) answer {
	p.t.Helper()
	form := map[string][]string{"target": {"200"}, "landing": {"contract"}, "detach": {"no"}, "status": {"0", "1", "2"}, "conflict": {"skip"}, "start": {"now"}, "zone": {"UTC"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form[pairs[i]] = strings.Split(pairs[i+1], "|")
	}
	all := []string{"once", p.get(draft + "?without=1").once(p.t)}
	for name, values := range form {
		for _, v := range values {
			all = append(all, name, v)
		}
	}
	return p.post(draft, all...)
}

// The whole wizard without scripts, on both engines: all that match but two, every cure, a second
// preview that replaces the first, and the move.
func TestConsole_Move(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "admin@example.com")
		first := p.get("/move?all=1&sel=1000,1001").is(t, http.StatusOK).has(t, "The 603 SIMs that you selected")
		draft := p.press(first, "/move", "from", "selection").to(t)
		a := p.get(draft).is(t, http.StatusOK).has(t, "<strong>603</strong>", "They are in Fleet DE</dt><dd>603</dd>", "<dt>Activated: online</dt><dd>2</dd>", "Frota BR", "Shut (suspended)", "Resale (does not use SIMs)")
		p.options(draft, "target", "").is(t, http.StatusUnprocessableEntity).has(t, "Choose the Workspace that the SIMs move into.")
		if p.options(draft, "conflict", "stop").to(t) != draft+"/preview" {
			t.Fatal("the options do not lead to the preview")
		}
		p.get(draft+"/preview").has(t, "Preparing the preview", "data-refresh")
		s.RunJobs()
		a = p.get(draft+"/preview").has(t, "No SIM moves to Fleet FR, because 2 cannot", "1 SIM will go offline", "In a device", "1502", "In a status that you did not choose", "Factory Test: 1.",
			"Also move the 1 in Factory Test", "You chose all or nothing", "Move the other 601 SIMs").lacks(t, "to confirm")
		cured := func(cure string, words ...string) answer {
			t.Helper()
			p.press(a, draft+"/cure", "cure", cure).leads(t, draft+"/preview")
			s.RunJobs()
			return p.get(draft+"/preview").has(t, words...)
		}
		a = cured("status:4", "because 1 cannot")
		a = cured("leave:1502", "602 SIMs will move to Fleet FR", "Left out of the list", "Type 602 to confirm")
		a = cured("online", "602 SIMs will move to Fleet FR", "stay online").lacks(t, "go offline</h2>")
		old := a
		p.post(draft+"/cure", "once", a.once(t), "cure", "detach").leads(t, draft+"/preview") // of another tab
		s.RunJobs()
		a = p.get(draft+"/preview").has(t, "603 SIMs will move to Fleet FR", "1 SIM leaves its device.")
		start := regexp.MustCompile(`action="(/jobs/\d+/start)"`)
		before, now := start.FindStringSubmatch(old.Text)[1], start.FindStringSubmatch(a.Text)[1]
		p.press(old, before, "confirm", "602").is(t, http.StatusUnprocessableEntity).has(t, "The job is cancelled")
		p.press(a, now, "confirm", "6").is(t, http.StatusUnprocessableEntity).has(t, "Type 603 to start the job", "Preview and confirm")
		job := strings.TrimSuffix(now, "/start")
		p.press(a, now, "confirm", "603").leads(t, job+"?done=job-start")
		s.RunJobs()
		p.get(job).has(t, "603 SIMs moved to Fleet FR")
		p.get(draft+"/preview").leads(t, job)
		p.get("/sims").has(t, "2 SIMs in Fleet DE")
		p.get(draft).is(t, http.StatusOK) // what was chosen is still there
	})
}

// A file as CSV or Excel: errors are listed by line and can be downloaded, and the user can
// continue without these lines. A file that cannot be parsed is refused as a whole.
func TestConsole_MoveFile(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	once := func() string { return p.get("/move").once(t) }
	p.post("/move", "once", once(), "from", "file").is(t, http.StatusUnprocessableEntity).has(t, "Choose a file first.")
	p.post("/move", "once", once()).is(t, http.StatusUnprocessableEntity).has(t, "Choose where the SIMs come from.")
	p.upload("a.csv", "", "once", once(), "from", "file").is(t, http.StatusUnprocessableEntity).has(t, "contains no ICCID")
	p.upload("x.xlsx", "PK\x03\x04broken", "once", once(), "from", "file").is(t, http.StatusUnprocessableEntity).has(t, "The workbook is damaged")

	good := "name;iccid\nA;8988303000000000251\nB;8988303000000000252\nC;8988303000000000251\n"
	draft := p.upload(`C:\lists\lyon.csv`, good, "once", once(), "from", "file").to(t)
	p.get(draft).has(t, "Where to, and how?", "<strong>2</strong>", "lyon.csv", "1 ICCID. It moves once.", "They are in Fleet DE</dt><dd>2</dd>", "In a device</dt><dd>0</dd>")

	wide := "iccid,note\n" // as large as an export with many columns
	for i := range 40 {
		wide += kit.ICCID(kit.FirstSpareSIM+int64(i)) + "," + strings.Repeat("x", 1_000_000) + "\n"
	}
	p.get(p.upload("wide.csv", wide, "once", once(), "from", "file").to(t)).has(t, "<strong>40</strong>", "wide.csv")

	key := once()
	faulty := "iccid\n8988303000000000251\n89883030000000002519\nhello\n"
	draft = p.upload("f.csv", faulty, "once", key, "from", "file").to(t)
	p.get(draft).has(t, "2 lines of f.csv have errors", `data-label="Line">3`, `data-label="Line">4`, "Go on with the other 1 SIM, without 2 lines")
	p.get(draft+"/faults.csv").has(t, "line,error", "\n3,", "\n4,")
	p.get(draft+"?without=1").has(t, "Where to, and how?", "2 lines with errors")
	if again := p.upload("f.csv", faulty, "once", key, "from", "file").to(t); again != draft {
		t.Errorf("sending the same form twice made two drafts, %s and %s", draft, again)
	}
	if other := p.upload("f.csv", good, "once", key, "from", "file").to(t); other == draft {
		t.Error("uploading another file with the same form key returned the first draft") // the back button
	}
	p.options(draft).leads(t, draft+"/preview")
	s.RunJobs()
	p.get(draft+"/preview").has(t, "1 SIM will move to Fleet FR", "line 2")
}

// A list that is pasted, with ranges.
func TestConsole_MovePaste(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	paste := func(text string) answer {
		return p.post("/move", "once", p.get("/move").once(t), "from", "paste", "iccids", text)
	}
	paste(" \n").is(t, http.StatusUnprocessableEntity).has(t, "Paste at least one ICCID.")
	draft := paste("8988303000000000251\r\n8988303000000001000 to 8988303000000001009\r\n\r\n8988303000000000999").to(t)
	p.get(draft).has(t, "<strong>12</strong>", "from a list that you pasted")
	p.options(draft, "wave", "5|4", "then", "pause|10", "gate", "2", "start", "at", "day", "2026-12-01", "hour", "22:30", "zone", "Europe/Berlin", "from", "22:00", "to", "06:00", "days", "week",
		"reason", "Handover", "reference", "OPS-1").leads(t, draft+"/preview")
	s.RunJobs()
	p.get(draft+"/preview").has(t, "11 of 12 SIMs will move to Fleet FR", "8988303000000000999", "1 Dec 2026, 21:30 UTC", "In 2 waves and the rest.", "Leave this 1 out")
	p.get(draft).has(t, `value="22:30"`, `value="OPS-1"`, `value="Europe/Berlin"`, `<option value="10" selected>`, `<option value="week" selected>`)
	paste("8988303000000001009 to 8988303000000001000\nhello").to(t)
	for _, bad := range [][2]string{{"wave", "x"}, {"status", "9"}, {"gate", "101"}, {"day", "nope"}, {"eday", "2020-01-01"}, {"from", "25:00"}, {"reason", strings.Repeat("x", 5000)}} {
		p.options(draft, "wave", "1", "start", "at", "day", "2026-12-01", "hour", "10:00", bad[0], bad[1]).is(t, http.StatusUnprocessableEntity).has(t, "to correct")
	}
	p.options(draft, "do", "add", "wave", "7", "then", "pause").is(t, http.StatusOK).has(t, "SIMs in wave 2", `value="7"`)
	p.options(draft, "do", "drop-1", "wave", "7|8", "then", "pause|0").is(t, http.StatusOK).has(t, `value="8"`).lacks(t, `value="7"`)
}

// Nothing is lost when the session ends in the wizard: what was typed is there after the sign-in.
func TestConsole_MoveOverTheEndOfASession(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	first := p.get("/move?sel=251,252")
	s.Clock.Advance(control.ConsoleTTL)
	back := signInAgain(t, p, p.press(first, "/move", "from", "selection"))
	first = p.get(back).has(t, "The 2 SIMs that you selected")
	draft := p.press(first, "/move", "from", "selection").to(t)

	page := p.get(draft)
	s.Clock.Advance(control.ConsoleTTL)
	back = signInAgain(t, p, p.press(page, draft, "target", "300", "landing", "activate", "reason", "Moved & typed", "wave", "5", "then", "10"))
	page = p.get(back).has(t, `<option value="300" selected>`, `value="activate" checked`, "Moved &amp; typed", `<option value="10" selected>`)
	p.press(page, draft, "target", "300", "landing", "activate", "status", "0", "status", "1").leads(t, draft+"/preview")
	s.RunJobs()

	preview := p.get(draft+"/preview").has(t, "2 SIMs will move to Fleet US")
	start := regexp.MustCompile(`action="(/jobs/\d+)/start"`).FindStringSubmatch(preview.Text)[1]
	s.Clock.Advance(control.ConsoleTTL)
	req := p.request(http.MethodPost, start+"/start", url.Values{"confirm": {"2"}})
	req.Header.Set("Referer", p.site.URL+draft+"/preview")
	back = signInAgain(t, p, p.send(req))
	preview = p.get(back).has(t, "2 SIMs will move to Fleet US")
	p.press(preview, start+"/start", "confirm", "2").leads(t, start+"?done=job-start")

	s.Clock.Advance(control.ConsoleTTL)
	list := p.post("/move", "from", "paste", "iccids", "8988303000000000251\n8988303000000000252")
	p.get(signInAgain(t, p, list)).has(t, "8988303000000000251\n8988303000000000252</textarea>")
}

// signInAgain signs a person in after the end of a session, and returns where that leads.
func signInAgain(t *testing.T, p *person, a answer) string {
	t.Helper()
	to, err := url.Parse(a.to(t))
	if err != nil || to.Path != "/sign-in" {
		t.Fatalf("the end of the session leads to %v, %v", to, err)
	}
	return p.post("/sign-in", "username", "admin@example.com", "password", kit.Password, "next", to.Query().Get("next")).to(t)
}

// A draft belongs to its user; what changes after the preview is left out and listed.
func TestConsole_MoveOfTwoPeople(t *testing.T) {
	s := newSite(t, console.Options{})
	p, other := s.as(t, "admin@example.com"), s.as(t, "root@example.com")
	draft := p.press(p.get("/move?sel=251,252"), "/move", "from", "selection").to(t)
	for _, path := range []string{draft, draft + "/preview", draft + "/faults.csv"} {
		other.get(path).is(t, http.StatusNotFound)
	}
	p.get(draft+"/preview").leads(t, draft)
	p.options(draft).leads(t, draft+"/preview")
	s.RunJobs()
	preview := p.get(draft + "/preview")
	key := other.get("/sims/251").once(t)
	other.post("/sims/251/status", "once", key, "status", "2").leads(t, "/sims/251?done=status")
	job := regexp.MustCompile(`action="(/jobs/\d+)/start"`).FindStringSubmatch(preview.Text)[1]
	other.press(other.get(job), job+"/cancel").leads(t, job+"?done=job-cancel")
	p.press(preview, job+"/start", "confirm", "2").is(t, http.StatusUnprocessableEntity).has(t, "The job is cancelled")
	gone := p.get(draft+"/preview").has(t, "This preview is no longer valid")
	p.press(gone, draft+"/cure", "cure", "again").leads(t, draft+"/preview")
	s.RunJobs()
	preview = p.get(draft+"/preview").has(t, "2 SIMs will move to Fleet FR")
	key = other.get("/sims/251").once(t)
	other.post("/sims/251/status", "once", key, "status", "1").leads(t, "/sims/251?done=status")
	job = regexp.MustCompile(`action="(/jobs/\d+)/start"`).FindStringSubmatch(preview.Text)[1]
	p.press(preview, job+"/start", "confirm", "2").leads(t, job+"?done=job-start")
	s.RunJobs()
	p.get(job).has(t, "1 SIM moved to Fleet FR, 1 did not", "Changed since the preview")
}

// A draft of a user without a role in the target, and one of an Observer, end with a page that says
// what is missing.
func TestConsole_MoveWithoutRights(t *testing.T) {
	s := newSite(t, console.Options{})
	for _, name := range []string{"observer@example.com", "user@example.com"} {
		p := s.as(t, name)
		draft := p.press(p.get("/move?sel=251"), "/move", "from", "selection").to(t)
		p.get(draft).has(t, "you do not administer it")
		p.options(draft).is(t, http.StatusNotFound)
	}
	if !identity.RoleMay(fleet.Observer, identity.MigrateSIMs) {
		t.Error("the permission has changed: test the wizard without it")
	}
}

// In a browser: select in the list, choose the options, read the preview, type the number, see the
// job end, and go back with the button of the browser.
func TestConsole_MoveInBrowser(t *testing.T) {
	s := newSite(t, console.Options{})
	b := s.open(t).signIn("admin@example.com")
	b.visit("/sims")
	for _, id := range []int{251, 252} {
		b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name="sim"][value="%d"]`, id))))
	}
	b.press(`button[formaction="/move"]`)
	b.at("/move")
	b.sees("The 2 SIMs that you selected")
	b.press("main button.go")
	b.sees("Where to, and how?")
	if zone := value[string](b, `document.querySelector("[data-zone]").value`); zone == "" {
		t.Error("the form has no zone")
	}
	b.fill("#target", "200")
	b.press("#preview")
	b.sees("Preparing the preview")
	s.RunJobs()
	b.waits(`document.body.innerText.includes("2 SIMs will move to Fleet FR")`)
	b.sees("1 SIM will go offline")
	b.do(b.script("history.back()"))
	b.waits(`document.body.innerText.includes("Where to, and how?")`)
	if target := value[string](b, `document.querySelector("#target").value`); target != "200" {
		t.Errorf("after going back the target is %q", target)
	}
	b.do(b.script(`document.querySelector("#preview").click()`))
	b.waits(`location.pathname.endsWith("/preview")`)
	s.RunJobs()
	b.waits(`document.querySelector("#type") !== null`)
	b.fill("#type", "2")
	b.press("form.confirm button")
	b.sees("The job is started.")
	s.RunJobs()
	b.waits(`document.title.startsWith("2 SIMs moved to Fleet FR")`)
}

// A file and the rest of the wizard without scripts; and a list that is pasted survives, with
// scripts, the end of a session even if it is too long for an address.
func TestConsole_MoveFileInBrowser(t *testing.T) {
	s := newSite(t, console.Options{})
	b := s.open(t)
	b.scripts(false)
	b.signIn("admin@example.com")
	list, err := filepath.Abs("testdata/move.csv")
	if err != nil {
		t.Fatal(err)
	}
	b.visit("/move")
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{list}))
	b.press("main button.go")
	b.sees("Where to, and how?")
	b.fill("#target", "200")
	b.press("#preview")
	s.RunJobs()
	b.visit("/jobs")
	b.press("tbody th a")
	b.fill("#type", "2")
	b.press("form.confirm button")
	s.RunJobs()
	b.visit("/jobs")
	b.sees("2 SIMs moved to Fleet FR")

	b.scripts(true)
	b.visit("/move")
	long := strings.Repeat("8988303000000000252\n", 1000)
	b.do(chromedp.Click(chromedp.CSS("#f-paste")))
	b.fill("#paste", long)
	s.Clock.Advance(control.ConsoleTTL)
	b.press("main button.go")
	b.at("/sign-in")
	b.fill("#email", "admin@example.com")
	b.fill("#pw", kit.Password)
	b.press("main button.go")
	b.at("/move")
	if kept := value[string](b, `document.querySelector("#paste").value`); kept != long {
		t.Errorf("%d characters of the list are left", len(kept))
	}
}

// scripts turns scripts on or off.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.t.Fatal(err)
	}
}

// Every step of the wizard, at every width, in light and dark.
func TestAppearance_Move(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	draft := p.press(p.get("/move?all=1&sel=1000"), "/move", "from", "selection").to(t)
	p.options(draft).leads(t, draft+"/preview")
	blocked := p.upload("lyon-handover.csv", "iccid\n8988303000000000251\n", "once", p.get("/move").once(t), "from", "file").to(t)
	p.options(blocked, "conflict", "stop", "status", "0", "wave", "5|50", "then", "pause|10", "gate", "2", "start", "at", "day", "2026-12-01", "hour", "22:30", "reason", "Handover of the Lyon district heating meters to Fleet FR", "reference", "OPS-2231").leads(t, blocked+"/preview")
	faulty := p.upload("lyon-handover.csv", "iccid\n8988303000000000251\n89883030000000002519\nhello\n8.94921E+18\n", "once", p.get("/move").once(t), "from", "file").to(t)
	s.RunJobs()
	b := s.open(t).signIn("admin@example.com")
	for name, at := range map[string]string{
		"move-1": "/move?sel=251,252", "move-1-paste": "/move?iccids=8988303000000000251", "move-1-faults": faulty, "move-2": blocked, "move-3": draft + "/preview", "move-3-blocked": blocked + "/preview",
	} {
		b.visit(at)
		b.takePicture(name)
	}
	undo := s.newJob(200, object{"dry_run": false, "select": object{"sims": []any{object{"id": 251}, object{"id": 252}}}})
	s.RunJobs()
	undone := p.press(p.get(undo), undo+"/undo").to(t)
	s.RunJobs()
	b.visit(undone)
	b.sees("1 SIM will come online")
	b.takePicture("job-undo")
}
