package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

func memberPage(id int64) string { return fmt.Sprintf("/people/%d", id) }

// An Administrator gives a member another role, suspends the member, and removes them.
func TestConsole_MemberLifecycle(t *testing.T) {
	s := newSite(t, console.Options{})
	p, member := s.as(t, "admin@example.com"), s.as(t, "user@example.com")
	here := memberPage(kit.PlainUserID)
	p.get("/people?q=user").has(t, `href="`+here+`"`)
	page := p.get(here).has(t, "user@example.com", `value="2" checked`)
	p.post(here+"/role", "once", page.key(t, here+"/role"), "role", "3").leads(t, here+"?done=role")
	page = p.get(here).has(t, `value="3" checked`).lacks(t, `value="2" checked`)
	member.get("/devices/new").is(t, http.StatusForbidden)
	p.post(here+"/access", "once", page.key(t, here+"/access"), "do", "suspend").leads(t, here+"?done=suspended")
	member.get("/sims").leads(t, "/sign-in?next=%2Fsims")
	page = p.get(here).has(t, "Suspended")
	p.post(here+"/access", "once", page.key(t, here+"/access"), "do", "reinstate").leads(t, here+"?done=reinstated")
	key := p.get(here).key(t, here+"/remove")
	for range 2 { // a form that is sent twice
		p.post(here+"/remove", "once", key).leads(t, "/people?done=removed")
	}
	p.get(here).is(t, http.StatusNotFound)
}

// A person cannot change their own role, and the last Administrator stays.
func TestConsole_MemberRefusals(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "stranger@example.com")
	self := memberPage(kit.StrangerID)
	p.get(self).is(t, http.StatusOK).has(t, "This is you.").lacks(t, self+"/role", self+"/remove")
	key := p.get("/people").once(t)
	p.post(self+"/role", "once", key, "role", "3").is(t, http.StatusUnprocessableEntity).has(t, "you cannot change your own roles")
	key = p.get("/people").once(t)
	p.post(self+"/remove", "once", key).is(t, http.StatusUnprocessableEntity).has(t, "You cannot remove yourself")
	s.SetRole(kit.AdminID, kit.FleetDE, fleet.NoRole)
	last := s.as(t, "root@example.com")
	target := memberPage(kit.TargetAdminID)
	last.post(target+"/role", "once", last.get("/people").once(t), "role", "9").is(t, http.StatusUnprocessableEntity).has(t, "choose one of the list")
	s.as(t, "observer@example.com").get("/people").is(t, http.StatusOK).lacks(t, "Invite someone", "Application tokens")
}

// An invitation is sent by mail. One for a member is refused in the form, which keeps what was
// typed.
func TestConsole_Invite(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	key := p.get("/people").key(t, "/people/invite")
	for range 2 {
		p.post("/people/invite", "once", key, "email", "new@example.com", "role", "2").leads(t, "/people?done=invited")
	}
	p.get("/people").has(t, "new@example.com", "Invited")
	key = p.get("/people").key(t, "/people/invite")
	p.post("/people/invite", "once", key, "email", "user@example.com", "role", "3").is(t, http.StatusUnprocessableEntity).
		has(t, "is already a user of this Workspace", `value="user@example.com"`)
	p.post("/people/invite", "once", key, "email", "not an address", "role", "3").is(t, http.StatusUnprocessableEntity).has(t, "username")
}

// An invitation is sent again to a person who has not joined, with another key. A member who has
// joined cannot be invited again.
func TestConsole_InviteAgain(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for _, how := range []control.Delivery{control.DeliverByMail, control.DeliverToInviter} {
			s := serveSite(t, kit.StartWith(t, e.FerryURL(t), kit.NewClock(), control.Options{Deliver: how}), console.Options{})
			p := s.as(t, "admin@example.com")
			invited := p.post("/people/invite", "once", p.get("/people").key(t, "/people/invite"), "email", "new@example.com", "role", "2")
			found := regexp.MustCompile(`href="(/people/\d+)">new@example\.com`).FindStringSubmatch(p.get("/people?q=new").Text)
			if found == nil {
				t.Fatal("the invited person is not listed")
			}
			here := found[1]
			again := p.post(here+"/invite", "once", p.get(here).has(t, "Send the invitation again").key(t, here+"/invite"))
			if how == control.DeliverByMail {
				again.leads(t, "/people?done=invited")
				if mails := s.Rows("SELECT DISTINCT secret FROM mails WHERE recipient = 'new@example.com' AND secret <> ''"); len(mails) != 2 {
					t.Errorf("%d mails with different keys, want 2", len(mails))
				}
				continue
			}
			first, second := shownKey(t, invited), shownKey(t, again)
			stranger := s.person(t)
			send := func(key string) answer {
				return stranger.post("/activate", "key", key, "password", "a long enough one", "again", "a long enough one")
			}
			send(first).has(t, "This key is unknown")
			send(second).leads(t, "/sign-in?done=activated")
			stranger.post("/sign-in", "username", "new@example.com", "password", "a long enough one").leads(t, "/overview")
			page := p.get(here).lacks(t, "Send the invitation again")
			p.post(here+"/invite", "once", page.key(t, here+"/role")).is(t, http.StatusUnprocessableEntity).has(t, "has joined the Workspace already")
		}
	})
}

// shownKey returns the activation key that a page shows once.
func shownKey(t *testing.T, a answer) string {
	t.Helper()
	found := regexp.MustCompile(`mono break gap">([^<]+)<`).FindStringSubmatch(a.is(t, http.StatusOK).Text)
	if found == nil {
		t.Fatalf("no key on the page: %s", a.main())
	}
	return found[1]
}

// A token is shown once, works, and works no more when it is revoked.
func TestConsole_Tokens(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	key := p.get("/people").key(t, "/people/tokens")
	form := []string{"once", key, "description", "stock-sync", "network", "127.0.0.0/8", "expires", "2030-01-31"}
	page := p.post("/people/tokens", form...).is(t, http.StatusOK).has(t, "Copy this now", "For stock-sync:", "31 Jan 2030")
	_, rest, _ := strings.Cut(page.Text, `<p class="mono break gap">`)
	secret, _, _ := strings.Cut(rest, "<")
	signIn := map[string]any{"application_token": secret}
	s.Anonymous().Post("/api/v1/authenticate", signIn).Is(http.StatusOK)
	p.post("/people/tokens", form...).is(t, http.StatusUnprocessableEntity).has(t, "was already created").lacks(t, secret)
	p.post("/people/tokens", "once", p.get("/people").key(t, "/people/tokens"), "description", "x", "network", "nowhere").
		is(t, http.StatusUnprocessableEntity).has(t, "ip:", `value="nowhere"`)
	_, rest, _ = strings.Cut(p.get("/people").Text, `action="/people/tokens/`)
	id, _, _ := strings.Cut(rest, "/")
	revoke := "/people/tokens/" + id + "/revoke"
	p.post(revoke, "once", p.get("/people").key(t, revoke)).leads(t, "/people?done=token.revoked")
	s.Anonymous().Post("/api/v1/authenticate", signIn).Is(http.StatusUnauthorized)
	p.get("/people").has(t, "Revoked").lacks(t, revoke)
}

// A person changes the name, the Workspace, the password and the second factor of their account.
func TestConsole_Me(t *testing.T) {
	s := newSite(t, console.Options{})
	withFactor(s, "target@example.com")
	p := s.as(t, "user@example.com")
	page := p.get("/me").has(t, "user@example.com", "Off: your password alone")
	p.post("/me/name", "once", page.key(t, "/me/name"), "name", "Uma").leads(t, "/me?done=name")
	page = p.get("/me").has(t, "<h1>Uma</h1>")
	p.post("/me/workspace", "once", page.key(t, "/me/workspace"), "workspace", "200").leads(t, "/me?done=workspace")
	p.get("/me").has(t, `value="200" selected`)
	const next = "quite another password"
	p.post("/me/password", "old", "wrong one", "password", next, "again", next).is(t, http.StatusUnprocessableEntity).has(t, "This is not your password.")
	p.post("/me/password", "old", kit.Password, "password", next, "again", next+"!").is(t, http.StatusUnprocessableEntity).has(t, "The two passwords differ.")
	p.post("/me/password", "old", kit.Password, "password", next, "again", next).leads(t, "/sign-in?done=activated")
	p.get("/me").leads(t, "/sign-in?next=%2Fme")
	p.post("/sign-in", "username", "user@example.com", "password", next).leads(t, "/overview")
	p.get("/overview").has(t, "Fleet FR")
}

// A person sees their sessions and ends one; those of others are out of reach.
func TestConsole_OwnSessions(t *testing.T) {
	s := newSite(t, console.Options{})
	api := s.As("user@example.com")
	s.Clock.Advance(time.Minute)
	here, other := s.as(t, "user@example.com"), s.as(t, "admin@example.com")
	families := regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(here.get("/me").has(t, "This one").Text, -1)
	if len(families) != 1 {
		t.Fatalf("the page has a button for %d sessions, want that of the API alone", len(families))
	}
	other.post("/me/session", "session", families[0][1]).leads(t, "/me?done=session")
	api.Get("/api/v1/sim").Is(http.StatusOK)
	for range 2 {
		here.post("/me/session", "session", families[0][1]).leads(t, "/me?done=session")
	}
	api.Get("/api/v1/sim").Is(http.StatusUnauthorized)
	here.get("/me").is(t, http.StatusOK).lacks(t, families[0][1])
	here.post("/sign-out", "everywhere", "1")
	again := s.as(t, "user@example.com")
	if n := strings.Count(again.get("/me").Text, "This one") + strings.Count(again.get("/me").Text, `name="session"`); n != 1 {
		t.Errorf("after signing out everywhere and signing in, the page has %d sessions, want 1", n)
	}
}

// Each session names its client, whatever bytes that sends.
func TestConsole_SessionClients(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		var p *person
		for _, agent := range []string{
			"simferry/1.4.0 (linux)", "", "caf\xe9<b>/1 x", strings.Repeat("long", 300),
			"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		} {
			p = s.person(t)
			req := p.request(http.MethodPost, "/sign-in", url.Values{"username": {"user@example.com"}, "password": {kit.Password}})
			req.Header.Set("User-Agent", agent)
			p.send(req).is(t, http.StatusSeeOther)
		}
		p.get("/me").has(t, "Firefox, Linux <span", "simferry/1.4.0<", "Unknown<", "caf&lt;b&gt;/1<", strings.Repeat("long", 50)+"<")
	})
}

// An Administrator of all Workspaces of a member removes a lost second factor; another one does not
// see it.
func TestConsole_RemoveFactor(t *testing.T) {
	s := newSite(t, console.Options{})
	withFactor(s, "observer@example.com")
	withFactor(s, "target@example.com")
	p := s.as(t, "admin@example.com")
	here := memberPage(kit.ObserverID)
	_, rest, _ := strings.Cut(p.get(here).has(t, "On, since").Text, `<button class="btn stop lite" name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	p.post(here+"/factor", "id", id).leads(t, here+"?done=factor")
	p.get(here).has(t, "Off: a password alone")
	s.as(t, "observer@example.com").get("/sims").is(t, http.StatusOK)
	s.SetRole(kit.TargetAdminID, kit.Elsewhere, fleet.Observer) // a Workspace that the Administrator does not have
	p.get(memberPage(kit.TargetAdminID)).is(t, http.StatusOK).lacks(t, "Second factor")
	p.post(memberPage(kit.TargetAdminID)+"/factor", "id", id).is(t, http.StatusNotFound)
}

// People of other Workspaces look like people who do not exist.
func TestConsole_ForeignPeople(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "stranger@example.com")
	p.get("/people").lacks(t, "admin@example.com")
	p.get("/people?q=admin@example.com").has(t, "No person matches.")
	p.get(memberPage(kit.AdminID)).is(t, http.StatusNotFound)
	for _, form := range []string{"/role", "/access", "/remove"} {
		p.post(memberPage(kit.AdminID)+form, "once", p.get("/people").once(t), "role", "3", "do", "suspend").is(t, http.StatusNotFound)
	}
	if !identity.RoleMay(fleet.Administrator, identity.ManageUsers) {
		t.Fatal("an Administrator cannot manage users: the test shows nothing")
	}
}

// The pages in a browser, at every width, in light and dark.
func TestAppearance_People(t *testing.T) {
	s := newSite(t, console.Options{})
	withFactor(s, "observer@example.com")
	b := s.open(t).signIn("admin@example.com")
	for _, p := range []struct{ name, path string }{
		{"people", "/people"}, {"people-none", "/people?q=none"}, {"member", memberPage(kit.ObserverID)}, {"member-self", memberPage(kit.AdminID)}, {"me", "/me"},
	} {
		b.visit(p.path)
		b.takePicture(p.name)
	}
	b.visit("/people")
	b.fill("#td", "grafana")
	b.press(`form[action="/people/tokens"] button`)
	b.sees("Copy this now.")
	b.takePicture("token")
}
