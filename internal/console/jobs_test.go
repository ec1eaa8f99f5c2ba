package console_test

import (
	"context"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

type object = map[string]any

// newJob makes a job over the API, and returns the address of its page. It has not begun.
func (s *site) newJob(target int, body object) string {
	s.T.Helper()
	body["target_workspace"] = object{"id": target}
	if _, ok := body["select"]; !ok {
		body["select"] = object{"filter": object{"workspace": object{"id": 100}, "q": "iccid:8988303000000001"}}
	}
	return "/jobs/" + path.Base(s.As("admin@example.com").Post("/api/v1/migration_job", body).Is(http.StatusCreated).Header.Get("Location"))
}

// steps lets a server work on a job for some steps, and then end.
func (s *site) steps(count int) {
	s.T.Helper()
	lease, found, err := s.Control.ClaimJob(s.T.Context(), "test")
	if err != nil || !found {
		s.T.Fatalf("no job is due: %v", err)
	}
	for range count {
		if _, err := s.Control.StepJob(s.T.Context(), lease); err != nil {
			s.T.Fatal(err)
		}
	}
	if err := s.Control.ReleaseJob(s.T.Context(), lease); err != nil {
		s.T.Fatal(err)
	}
}

// press sends the form of a page with this action, with its hidden fields and others.
func (p *person) press(a answer, action string, pairs ...string) answer {
	p.t.Helper()
	form := regexp.MustCompile(`(?s)<form[^>]*action="` + regexp.QuoteMeta(action) + `".*?</form>`).FindString(a.Text)
	if form == "" {
		p.t.Fatalf("%s has no form for %s: %s", a.Request.URL.Path, action, a.main())
	}
	for _, m := range formField.FindAllStringSubmatch(form, -1) {
		pairs = append(pairs, m[1], strings.ReplaceAll(strings.ReplaceAll(m[2], "&#34;", `"`), "&amp;", "&"))
	}
	return p.post(action, pairs...)
}

// A job from its preview to the undo, without scripts: the list, the number to type, pause, go on,
// cancel, retry, the SIMs by verdict and as CSV.
func TestConsole_Job(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "admin@example.com")
		p.get("/jobs").has(t, "There is no such job.")
		here := s.newJob(200, object{
			"reference": "OPS-2231", "reason": "Handover", "on_conflict": "skip",
			"waves":  []any{object{"sims": 100, "then": "pause"}, object{"sims": 100}},
			"select": object{"filter": object{"workspace": object{"id": 100}, "q": "iccid:8988303000000001"}, "sims": []any{object{"id": 250}, object{"id": 999_999}}},
		})
		p.get(here).is(t, http.StatusOK).has(t, "Preparing the preview", `http-equiv="refresh"`, "data-refresh")
		s.RunJobs()
		a := p.get(here).has(t, "Move 600 SIMs to Fleet FR", "In a device", "1502", "OPS-2231", "Type 600 to confirm", "999999").lacks(t, "data-refresh")
		p.press(a, here+"/start", "confirm", "599").is(t, http.StatusUnprocessableEntity).has(t, "Type 600 to start the job", `value="599"`)
		p.press(a, here+"/start", "confirm", "600", "plan", `"other"`).is(t, http.StatusUnprocessableEntity).has(t, "is not the ETag")
		p.press(p.get(here), here+"/start", "confirm", "600").leads(t, here+"?done=job-start")
		p.get(here+"?done=job-start").has(t, "The job is started.")
		s.RunJobs()
		a = p.get(here).has(t, "100 moved, 2 not moved, 500 to go.", "Paused, wave 2 of 3", "16% done")
		if got := strings.Join(p.get(here + "?show=done").rows()[:2], " "); got != "1000 1001" {
			t.Errorf("moved SIMs: %s", got)
		}
		p.press(a, here+"/resume").leads(t, here+"?done=job-resume")
		s.steps(2)
		a = p.get(here).has(t, "Running, wave 3 of 3")
		p.press(a, here+"/pause").leads(t, here+"?done=job-pause")
		a = p.get(here).has(t, "Paused")
		p.press(a, here+"/cancel").leads(t, here+"?done=job-cancel")
		a = p.get(here).has(t, "200 SIMs moved to Fleet FR", "Cancelled, by admin@example.com", "Preview a retry of 402 SIMs")
		p.get(here+"/sims.csv?show=stays").is(t, http.StatusUnprocessableEntity)
		csv := p.get(here+"/sims.csv?show=stay").is(t, http.StatusOK)
		if n := strings.Count(csv.Text, "\n"); n != 3 {
			t.Errorf("the CSV file has %d lines: %s", n, csv.Text)
		}
		csv.has(t, "8988303000000000250,", "In a device", "not_found", "999999")

		again := p.press(a, here+"/retry").is(t, http.StatusSeeOther).Header.Get("Location")
		s.RunJobs()
		p.get(again).has(t, "Move 400 SIMs to Fleet FR", "Tries again", "Job "+path.Base(here))
		landed := p.press(a, here+"/activate").is(t, http.StatusSeeOther).Header.Get("Location")
		s.RunJobs()
		p.get(landed).has(t, "Activate 200 SIMs", "Type 200 to confirm")
		back := p.press(a, here+"/undo").is(t, http.StatusSeeOther).Header.Get("Location")
		s.RunJobs()
		a = p.get(back).has(t, "Undo: 200 SIMs go back", "Undo the move of 200 SIMs")
		p.press(a, back+"/start", "confirm", "200").leads(t, back+"?done=job-start")
		s.RunJobs()
		p.get(back).has(t, "Undo: 200 SIMs went back", "Came online")

		p.get("/jobs").has(t, `href="`+here+`"`, `href="`+back+`"`, "Jobs 1 to 4 of <strong>4</strong>")
		p.get("/jobs?show=done").has(t, `href="`+back+`"`).lacks(t, `href="`+here+`"`)
		p.get("/jobs?reference=OPS-2231&show=not").has(t, `href="`+here+`"`).lacks(t, `href="`+back+`"`)
		p.get("/jobs?mine=1").has(t, `href="`+here+`"`)
		p.get("/jobs?reference=a:b,c").is(t, http.StatusOK).has(t, "A reference has no comma")
	})
}

// The list of verdicts is read page by page, each SIM once.
func TestConsole_JobSIMPages(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	here := s.newJob(200, object{})
	s.RunJobs()
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)">Next`)
	seen, pages := map[string]bool{}, 0
	for at := here; at != ""; pages++ {
		a := p.get(at).is(t, http.StatusOK)
		for _, id := range a.rows() {
			seen[id] = true
		}
		at = ""
		if m := next.FindStringSubmatch(a.Text); m != nil {
			at = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != 600 || pages != 24 {
		t.Errorf("%d SIMs on %d pages", len(seen), pages)
	}
	for _, q := range []string{"?after=x", "?after=99999999999999999999", "?show=all", "?show=done"} {
		p.get(here+q).is(t, http.StatusOK)
	}
}

// Two people at one job: what one has done changes what the other can do, and a message says so.
func TestConsole_JobOfTwoPeople(t *testing.T) {
	s := newSite(t, console.Options{})
	one, two := s.as(t, "admin@example.com"), s.as(t, "target@example.com")
	here := s.newJob(200, object{})
	s.RunJobs()
	mine, theirs := one.get(here), two.get(here)
	one.press(mine, here+"/start", "confirm", "600").leads(t, here+"?done=job-start")
	s.RunJobs()
	two.press(theirs, here+"/start", "confirm", "600").is(t, http.StatusUnprocessableEntity).has(t, "only a job that is planned can be started")
	two.get(here).has(t, "600 SIMs moved to")
	s.as(t, "stranger@example.com").get(here).is(t, http.StatusNotFound)
}

// The page of a running job follows it, also over a restart of the server, and then stops.
func TestConsole_JobLive(t *testing.T) {
	s := newSite(t, console.Options{})
	b := s.open(t).signIn("admin@example.com")
	here := s.newJob(200, object{"dry_run": false, "waves": []any{object{"sims": 50}, object{"sims": 50}}})
	b.visit(here)
	b.sees("Preparing the preview")
	s.steps(2) // the plan, and a wave
	b.waits(`document.body.innerText.includes("50 moved, 0 not moved, 550 to go.")`)
	b.sees("Running, wave 2 of 3")
	start := s.stop()
	s.steps(1)
	start()
	b.waits(`document.body.innerText.includes("100 moved, 0 not moved, 500 to go.")`)
	s.RunJobs()
	b.waits(`document.title.startsWith("600 SIMs moved to Fleet FR") && !document.querySelector("[data-refresh]")`)
	b.sees("600 SIMs moved to Fleet FR")
}

// waits waits until an expression is true on the page, whatever page that is by then. Each try is
// short, because a page that was left may be frozen, and would never answer.
func (b *tab) waits(expression string) {
	b.t.Helper()
	for b.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(b.ctx, 3*time.Second)
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression))
		cancel()
		if err == nil {
			return
		}
	}
	b.t.Fatalf("the expression did not become true: %s", expression)
}

// A job that a server works on, and pages that a server without it shows.
func TestAppearance_Jobs(t *testing.T) {
	s := newSite(t, console.Options{})
	b := s.open(t).signIn("admin@example.com")
	b.visit("/jobs")
	b.takePicture("jobs-none")
	body := func(more object) object {
		all := object{"reference": "OPS-2231", "reason": "Handover of the Lyon district heating meters to Fleet FR", "on_conflict": "skip"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	six := object{"sims": []any{object{"id": 250}, object{"id": 251}, object{"id": 252}, object{"id": 253}, object{"id": 254}, object{"id": 260}, object{"id": 999_999}}}
	preview := s.newJob(200, body(object{"select": six, "allowed_sim_statuses": []any{object{"id": 0}, object{"id": 1}, object{"id": 2}}}))
	done := s.newJob(300, body(object{"select": six, "dry_run": false}))
	s.RunJobs()
	at := s.newJob(200, body(object{"dry_run": false, "not_before": "2036-11-27T15:00:00Z"}))
	s.RunJobs()
	running := s.newJob(200, body(object{"dry_run": false, "waves": []any{object{"sims": 5, "pause_seconds": 0}, object{"sims": 50}}, "gate": object{"max_refused_percent": 2}}))
	s.steps(3)
	for name, where := range map[string]string{"job-preview": preview, "job-done": done, "job-waiting": at, "job-running": running, "jobs": "/jobs"} {
		b.visit(where)
		b.do(b.script(`for (const r of document.querySelectorAll("[data-refresh]")) r.removeAttribute("data-refresh")`))
		b.takePicture(name)
	}
}
