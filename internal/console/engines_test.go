package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/test/kit"
)

// The main pages and forms on both engines.
func TestConsole_BothEngines(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		s.moveSome()
		p := s.as(t, "admin@example.com")
		p.get("/overview").is(t, http.StatusOK).has(t, "608 SIMs in the 6 Workspaces", "Last 90 days, 6 SIMs", "Fleet US")
		p.get("/sims?q=tracker").is(t, http.StatusOK).has(t, fmt.Sprintf(`href="/sims/%d"`, kit.AttachedSIM))
		p.get("/sims?after=1000&per=50").is(t, http.StatusOK).has(t, "of <strong>599</strong>")
		key := p.get(simPage(kit.AttachedSIM)).is(t, http.StatusOK).once(t)
		for range 2 {
			p.post(simPage(kit.AttachedSIM)+"/status", "once", key, "status", "2").leads(t, simPage(kit.AttachedSIM)+"?done=status")
		}
		p.get(simPage(kit.AttachedSIM)).has(t, "Suspended: offline", "SIM suspension")
		p.post("/switch", "workspace", "300").leads(t, "/overview")
		p.get("/sims/1000").is(t, http.StatusOK).has(t, "Fleet DE", "Moved here:", ">entry ")
		other := s.as(t, "admin@example.com")
		p.get("/devices").is(t, http.StatusOK)
		other.get("/devices?q=tracker").is(t, http.StatusOK).has(t, "tracker-7")
		other.get("/people?q=user").is(t, http.StatusOK).has(t, "user@example.com")
		for _, m := range regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(other.get("/me").has(t, "This one").Text, -1) {
			other.post("/me/session", "session", m[1]).leads(t, "/me?done=session") // sessions of API clients are listed too
		}
		p.get("/sims").leads(t, "/sign-in?next=%2Fsims")
		p = s.as(t, "admin@example.com")
		other.post("/sign-out", "everywhere", "1").leads(t, "/sign-in?done=out")
		p.get("/sims").leads(t, "/sign-in?next=%2Fsims")
	})
}

// A caller who uses up the concurrent requests waits, in the console as in the API.
func TestConsole_RequestsAreBounded(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	gates := limit.NewGates(1, 8, 1)
	c := serveSite(t, s, console.Options{Gates: gates})
	p := c.as(t, "admin@example.com")
	leave, err := gates.Callers.Enter(t.Context(), "user 1")
	if err != nil {
		t.Fatal(err)
	}
	statuses, req := make(chan int, 1), p.request(http.MethodGet, "/sims", nil)
	go func() {
		res, err := p.http.Do(req)
		if err != nil {
			statuses <- 0
			return
		}
		_ = res.Body.Close()
		statuses <- res.StatusCode
	}()
	for gates.Callers.WaitingOf("user 1") == 0 {
		select {
		case status := <-statuses:
			t.Fatalf("it did not wait: status %d", status)
		default:
			runtime.Gosched()
		}
	}
	p.get("/sims").is(t, http.StatusTooManyRequests).has(t, "Too many requests at once") // the queue is full
	leave()
	if status := <-statuses; status != http.StatusOK {
		t.Errorf("after the wait: status %d", status)
	}
}
