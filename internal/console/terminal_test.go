package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// waitingTerminal is what a terminal gets at its start.
type waitingTerminal struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
}

// A person approves one terminal and refuses another; a wrong code is said to be one.
func TestConsole_Terminal(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		terminal := s.Anonymous().With("User-Agent", "simferry/1.4.0 (<linux>)")
		start := func() (d waitingTerminal) {
			terminal.Post("/api/v1/authenticate/device", nil).Is(http.StatusOK).JSON(&d)
			return d
		}
		poll := func(d waitingTerminal) *kit.Answer {
			return terminal.Post("/api/v1/authenticate", map[string]any{"device_code": d.DeviceCode})
		}
		s.person(t).get("/terminal").leads(t, "/sign-in?next=%2Fterminal")
		p, ours, theirs := s.as(t, "observer@example.com"), start(), start()
		p.get("/terminal").has(t, "The code of the terminal")
		p.post("/terminal", "code", "BCDF-GHJK").is(t, http.StatusUnprocessableEntity).has(t, "No terminal waits with this code", `value="BCDF-GHJK"`)
		p.post("/terminal", "code", strings.ToLower(ours.UserCode)).is(t, http.StatusOK).has(t, ours.UserCode, "simferry/1.4.0", "127.0.0.1", "Approve only if")
		p.post("/terminal/decide", "code", ours.UserCode, "do", "approve").leads(t, "/terminal?over=approved")
		p.get("/terminal?over=approved").has(t, "The terminal is signed in")
		poll(ours).Is(http.StatusOK)
		p.get("/me").has(t, "simferry/1.4.0")
		p.post("/terminal/decide", "code", theirs.UserCode, "do", "refuse").leads(t, "/terminal?over=refused")
		p.get("/terminal?over=refused").has(t, "does not get a session")
		poll(theirs).Is(http.StatusUnauthorized)
		p.post("/terminal/decide", "code", theirs.UserCode, "do", "approve").is(t, http.StatusUnprocessableEntity)
	})
}

// The page for terminals in a browser: the code is typed, the terminal looked at and approved.
func TestLook_Terminal(t *testing.T) {
	s := newSite(t, console.Options{})
	var d waitingTerminal
	s.Anonymous().With("User-Agent", "simferry/1.4.0").Post("/api/v1/authenticate/device", nil).Is(http.StatusOK).JSON(&d)
	b := s.open(t).signIn("admin@example.com")
	b.visit("/terminal")
	b.fill("#code", d.UserCode)
	b.takePicture("terminal")
	b.press("main button.go")
	b.sees("Approve only if")
	b.takePicture("terminal-found")
	b.press("main button.go")
	b.at("/terminal")
	b.sees("The terminal is signed in")
	b.takePicture("terminal-approved")
}
