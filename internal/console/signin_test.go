package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// withFactor gives a user an active second factor, through the API.
func withFactor(s *site, username string) kit.Authenticator {
	me := s.As(username)
	key, app := me.NewFactor()
	active := map[string]any{"status": map[string]any{"id": 1}, "code": app.Code()}
	me.Patch(fmt.Sprintf("/api/v1/user/mfa/%d", key.ID), active).Is(http.StatusNoContent)
	s.Clock.Advance(time.Minute)
	return app
}

// A second factor is asked for, a wrong code is refused, and a trusted browser is not asked again.
func TestConsole_SecondFactor(t *testing.T) {
	s := newSite(t, console.Options{})
	app := withFactor(s, "admin@example.com")
	p := s.person(t)
	p.get("/sign-in/code").leads(t, "/sign-in")
	p.post("/sign-in", "username", "admin@example.com", "password", kit.Password, "next", simPage(kit.AttachedSIM)).leads(t, "/sign-in/code?next=%2Fsims%2F250")
	p.get("/sims").leads(t, "/sign-in?next=%2Fsims") // the password alone opens nothing
	p.post("/sign-in/code", "code", "000000").is(t, http.StatusUnauthorized).has(t, "That code was not right")
	p.post("/sign-in/code", "code", app.Code(), "trust", "1", "next", simPage(kit.AttachedSIM)).leads(t, simPage(kit.AttachedSIM))
	p.get(simPage(kit.AttachedSIM)).is(t, http.StatusOK)
	p.post("/sign-out").leads(t, "/sign-in?done=out")
	p.post("/sign-in", "username", "admin@example.com", "password", kit.Password).leads(t, "/overview")
	s.person(t).post("/sign-in", "username", "admin@example.com", "password", kit.Password).leads(t, "/sign-in/code")
}

var secretField = regexp.MustCompile(`name="(factor|secret|url)" value="([^"]*)"`)

// A server that demands a second factor shows nothing else until the user has one.
func TestConsole_Enrolment(t *testing.T) {
	o := control.Options{RequireMFA: control.DemandEverybody}
	s := serveSite(t, kit.StartWith(t, kit.SQLite.URL(t), kit.NewClock(), o).Seed(kit.Ferry), console.Options{})
	p := s.person(t)
	p.post("/sign-in", "username", "admin@example.com", "password", kit.Password).leads(t, "/enrol")
	p.get("/sims").leads(t, "/enrol")
	p.get("/enrol").is(t, http.StatusOK).has(t, "requires a second factor")
	p.post("/enrol", "password", "wrong").has(t, "This is not your password")
	a := p.post("/enrol", "password", kit.Password).is(t, http.StatusOK).has(t, "<svg class=\"qr\"")
	fields := map[string]string{}
	for _, m := range secretField.FindAllStringSubmatch(a.Text, -1) {
		fields[m[1]] = strings.ReplaceAll(m[2], "&amp;", "&")
	}
	again := p.post("/enrol/code", "factor", fields["factor"], "secret", fields["secret"], "url", fields["url"], "code", "000000")
	again.has(t, "That code was not right", fields["secret"][:4])
	code := kit.NewAuthenticator(s.Server, fields["secret"]).Code()
	p.post("/enrol/code", "factor", fields["factor"], "secret", fields["secret"], "url", fields["url"], "code", code).leads(t, "/overview?done=enrolled")
	p.get("/sims").is(t, http.StatusOK)
}

// An invitation is activated with its key; a bad password is refused and the key stays.
func TestConsole_Activation(t *testing.T) {
	o := control.Options{Deliver: control.DeliverToInviter}
	s := serveSite(t, kit.StartWith(t, kit.SQLite.URL(t), kit.NewClock(), o).Seed(kit.Ferry), console.Options{})
	var invited struct {
		Key string `json:"activation_key"`
	}
	s.As("admin@example.com").Post("/api/v2/user/invitation", map[string]any{
		"username": "new@example.com", "name": "New One", "organisation": map[string]any{"id": kit.FleetDE}, "roles": []any{map[string]any{"id": 3}},
	}).Is(http.StatusCreated).JSON(&invited)
	p := s.person(t)
	send := func(key, password, again string) answer {
		return p.post("/activate", "key", key, "password", password, "again", again)
	}
	send(invited.Key, "short", "short").has(t, "Use at least 10 characters")
	send(invited.Key, "a long enough one", "another long one").has(t, "The two passwords differ")
	send("nothing", "a long enough one", "a long enough one").has(t, "This key is unknown")
	send(invited.Key, "a long enough one", "a long enough one").leads(t, "/sign-in?done=activated")
	send(invited.Key, "a long enough one", "a long enough one").has(t, "This key is unknown")
	p.post("/sign-in", "username", "new@example.com", "password", "a long enough one").leads(t, "/overview")
}

// A forgotten password: the answer is the same for every address, and says so if there is no mail.
func TestConsole_Forgotten(t *testing.T) {
	s := newSite(t, console.Options{Mail: true})
	p := s.person(t)
	for _, name := range []string{"admin@example.com", "nobody@example.com"} {
		p.post("/forgotten", "username", name).leads(t, "/sign-in?done=reset")
	}
	p.post("/forgotten", "username", "no address").has(t, "This is not an e-mail address")
	p.get("/sign-in?done=reset").has(t, "a mail with a link is on its way")
	serveSite(t, s.Server, console.Options{}).person(t).get("/forgotten").has(t, "This server sends no mail")
}

// Too many wrong passwords lock the account for the address.
func TestConsole_Locked(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.person(t)
	locked := false
	for range 30 {
		a := p.post("/sign-in", "username", "admin@example.com", "password", "wrong").is(t, http.StatusUnauthorized)
		locked = locked || strings.Contains(a.Text, "too many wrong attempts")
	}
	if !locked {
		t.Error("30 wrong passwords lock nothing")
	}
}

// The Workspace is switched for this browser, and its pages are those of the other Workspace.
func TestConsole_Switch(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	p.get("/sims").has(t, "605 SIMs in Fleet DE")
	p.post("/switch", "workspace", "200").leads(t, "/overview")
	p.get("/sims").has(t, "1 SIM in Fleet FR").lacks(t, kit.ICCID(kit.AttachedSIM))
	p.post("/switch", "workspace", "900").is(t, http.StatusNotFound)
	p.get("/sims").has(t, "1 SIM in Fleet FR")
	s.Clock.Advance(control.ConsoleTTL) // a switch does not extend the session
	p.get("/sims").leads(t, "/sign-in?next=%2Fsims")
}
