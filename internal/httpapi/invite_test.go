package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	invitation = "/api/v2/user/invitation"
	activation = "/api/v2/user/activation"
	resetURL   = "/api/v1/user/password/reset"
)

// nextMail returns the next mail that the server would send.
func nextMail(s *kit.Server) fleet.Mail {
	s.T.Helper()
	m, found, err := operator.New(s.Control).NextMail(s.T.Context())
	if err == nil && found {
		err = operator.New(s.Control).MailDone(s.T.Context(), m, nil, false)
	}
	if err != nil || !found {
		s.T.Fatalf("no mail is due: %v", err)
	}
	return m
}

func noMail(s *kit.Server, why string) {
	s.T.Helper()
	if m, found, err := operator.New(s.Control).NextMail(s.T.Context()); found || err != nil {
		s.T.Errorf("%s: a mail: %+v %v", why, m, err)
	}
}

func useKey(c *kit.Client, key, password string) *kit.Answer {
	c.T.Helper()
	return c.Post(activation, object{"activationKey": key, "password": identity.WireDigest(password)})
}

func TestContract_Invitation(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		for i, path := range []string{invitation, users} {
			address := fmt.Sprintf("New%d@Example.com", i)
			got := admin.Post(path, object{"username": address, "name": "Zoë Nöwak", "roles": []object{{"id": 2, "name": "User"}}}).Is(http.StatusCreated)
			invited := decodeBody[api.InvitationResponse](t, got, http.StatusCreated)
			want := api.InvitationResponse{
				ID: invited.ID, Username: fmt.Sprintf("new%d@example.com", i), Name: "Zoë Nöwak", Organisation: api.RefTo(kit.FleetDE), Roles: []api.NamedRef{{ID: 2, Name: "User"}},
			}
			if diff := cmp.Diff(want, invited); diff != "" {
				t.Errorf("%s answers (-want +got):\n%s", path, diff)
			}
			m := nextMail(s)
			if m.Kind != fleet.MailInvitation || m.Recipient != fmt.Sprintf("new%d@example.com", i) || m.Name != "Zoë Nöwak" || m.Workspace != "Fleet DE" || m.Sender != "admin@example.com" || len(m.Secret) != 43 {
				t.Errorf("the mail: %+v", m)
			}
			list, _ := usersOf(admin.Get(users + "?q=status:0,username:" + m.Recipient))
			if len(list) != 1 || list[0].Name != "Zoë Nöwak" || len(list[0].Roles) != 1 || list[0].Roles[0].ID != 2 {
				t.Fatalf("the invited one: %+v", list)
			}
			if invited.ID != list[0].ID {
				t.Errorf("invited as %d, listed as %d", invited.ID, list[0].ID)
			}
			if loc := got.Header.Get("Location"); path == users && loc != fmt.Sprintf("%s/%d", users, list[0].ID) {
				t.Errorf("Location: %q", loc)
			}
			signIn(s.Anonymous(), m.Recipient, "").Is(http.StatusUnauthorized)
			useKey(s.Anonymous(), m.Secret, better).Is(http.StatusNoContent)
			me := withBearer(s, tokensOf(signIn(s.Anonymous(), m.Recipient, better)).AuthToken)
			var myself api.User
			me.Get(users + "/my").Is(http.StatusOK).JSON(&myself)
			if myself.Status.ID != 1 || myself.Organisation.ID != kit.FleetDE || myself.Roles[0].ID != 2 {
				t.Errorf("after the activation: %+v", myself)
			}
		}
		var events []api.Event
		admin.Get("/api/v1/event?q=event_type:36").Is(http.StatusOK).JSON(&events)
		if len(events) != 2 || events[1].Description != "User new0@example.com invited" || events[0].User.ID != kit.AdminID {
			t.Errorf("events: %+v", events)
		}
		admin.Post(invitation, object{"username": "third@example.com", "organisation": object{"id": kit.FleetFR}}).Is(http.StatusCreated)
		if rolesOf(s, 34, kit.FleetFR) == "" || fmt.Sprint(s.Rows("SELECT role FROM membership_roles r JOIN users u ON u.id = r.user_id WHERE u.username = 'third@example.com'")) != "[[3]]" {
			t.Error("a user without roles is not an Observer")
		}
	})
}

func TestContract_InvitationExisting(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		stranger, admin := s.As("stranger@example.com"), s.As("admin@example.com")
		existing := stranger.Post(invitation, object{"username": "observer@example.com", "name": "Whoever", "roles": []object{{"id": 1}}})
		unknown := stranger.Post(invitation, object{"username": "unknown1@example.com", "name": "Whoever", "roles": []object{{"id": 1}}})
		// They differ in the id, as in the list of users; the rest is the same.
		for _, a := range []*kit.Answer{existing, unknown} {
			a.Body = regexp.MustCompile(`^\{"id":\d+`).ReplaceAll(a.Body, []byte(`{"id":0`))
			a.Header.Del("Content-Length")
		}
		if diff := cmp.Diff(normalized(unknown, "unknown1"), normalized(existing, "observer")); diff != "" || existing.Status != http.StatusCreated {
			t.Errorf("the responses for an existing user (+) and an unknown one (-) differ: %s", diff)
		}
		list, _ := usersOf(stranger.Get(users + "?q=status:0&sort=username"))
		if len(list) != 2 {
			t.Fatalf("invited: %+v", list)
		}
		list[0].ID, list[0].Username, list[1].ID, list[1].Username = 0, "", 0, ""
		if diff := cmp.Diff(list[0], list[1]); diff != "" {
			t.Errorf("the inviter sees which one had an account:\n%s", diff)
		}
		var places []api.UserWorkspace
		stranger.Get(fmt.Sprintf("/api/v2/user/%d/workspace", kit.ObserverID)).Is(http.StatusOK).JSON(&places)
		if len(places) != 1 || places[0].Status.ID != 0 || places[0].DefaultWorkspace {
			t.Errorf("its membership: %+v", places)
		}
		first, second := nextMail(s), nextMail(s)
		if first.Kind != fleet.MailAdded || first.Secret != "" || second.Kind != fleet.MailInvitation {
			t.Errorf("mails: %+v %+v", first, second)
		}
		wantCode(t, stranger.Post(invitation, object{"username": "observer@example.com"}), http.StatusConflict, 1405)
		// An invitation gives the inviter no power over an existing user, and takes none from
		// others.
		wantCode(t, stranger.Patch(users+"/3", object{"name": "Mine"}), http.StatusForbidden, 1406)
		stranger.Get(users + "/3/mfa").Is(http.StatusNotFound)
		admin.Patch(users+"/3", object{"name": "Olga"}).Is(http.StatusNoContent)
		admin.Get(users + "/3/mfa").Is(http.StatusOK)
		// The user enters by switching, as Administrator there.
		observer := s.As("observer@example.com")
		inside := observer.In(kit.Elsewhere)
		inside.Get(tokensURL).Is(http.StatusOK)
		if got, _ := usersOf(stranger.Get(users + "?q=id:3")); got[0].Status.ID != 1 || got[0].Name != "Olga" {
			t.Errorf("after entering: %+v", got)
		}
		wantCode(t, admin.Patch(users+"/3", object{"name": "X"}), http.StatusForbidden, 1406) // a member of other Workspaces as well
	})
}

func TestContract_InvitationRefused(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin, user, stranger := s.As("admin@example.com"), s.As("user@example.com"), s.As("stranger@example.com")
		fresh := func(more ...any) object {
			o := object{"username": "fresh@example.com"}
			for i := 0; i+1 < len(more); i += 2 {
				o[fmt.Sprint(more[i])] = more[i+1]
			}
			return o
		}
		s.Untouched("what is refused", func() {
			for _, path := range []string{invitation, users} {
				wantCode(t, user.Post(path, fresh()), http.StatusForbidden, 1104)
				wantCode(t, stranger.Post(path, fresh("organisation", object{"id": 100})), http.StatusForbidden, 1104)
				wantCode(t, admin.Post(path, fresh("organisation", object{"id": 900})), http.StatusForbidden, 1104)
				wantCode(t, admin.Post(path, fresh("roles", []object{{"id": 4}})), http.StatusForbidden, 1406)
				wantCode(t, admin.Post(path, fresh("roles", []object{{"id": 2}, {"id": 4}})), http.StatusForbidden, 1406)
				wantCode(t, admin.Post(path, object{"username": "USER@example.com"}), http.StatusConflict, 1405)
				for _, bad := range []object{
					{}, {"username": nil}, {"username": ""}, {"username": "no address"}, {"username": "a@example.com\r\nBcc: b@example.com"}, {"username": "A <a@example.com>"},
					{"username": strings.Repeat("a", 250) + "@example.com"}, fresh("name", ""), fresh("name", "x\r\nBcc: b@example.com"), fresh("name", strings.Repeat("n", 256)),
					fresh("roles", []object{}), fresh("roles", []object{{"id": 0}}), fresh("roles", []object{{"id": 9}}), fresh("roles", []object{{}}), fresh("roles", 1),
					fresh("organisation", nil), fresh("organisation", object{}), fresh("status", object{"id": 1}), fresh("password", "x"), fresh("superadmin", true),
				} {
					wantCode(t, admin.Post(path, bad), http.StatusBadRequest, 1000)
				}
			}
		})
		none := kit.StartWith(t, s.DB, s.Clock, control.Options{})
		s.Untouched("without mail", func() {
			wantCode(t, onServer(none, admin).Post(invitation, fresh()), http.StatusForbidden, 1406)
			wantCode(t, none.Anonymous().Post(resetURL, object{"username": "user@example.com"}), http.StatusForbidden, 1406)
		})
		for i := range 100 {
			admin.Post(invitation, object{"username": fmt.Sprintf("n%d@example.com", i)}).Is(http.StatusCreated)
		}
		wantCode(t, admin.Post(invitation, fresh()), http.StatusTooManyRequests, 1105)
		admin.Post(invitation, fresh("organisation", object{"id": 200})).Is(http.StatusCreated)
	})
}

func TestContract_InvitationKeyShown(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartWith(t, e.FerryURL(t), kit.NewClock(), control.Options{Deliver: control.DeliverToInviter})
		admin, stranger := s.As("admin@example.com"), s.As("stranger@example.com")
		shown := func(c *kit.Client, address string) string {
			var got api.InvitationResponse
			c.Post(invitation, object{"username": address}).Is(http.StatusCreated).JSON(&got)
			return got.ActivationKey
		}
		key := shown(admin, "new@example.com")
		noMail(s, "the key is shown")
		useKey(s.Anonymous(), key, better).Is(http.StatusNoContent)
		tokensOf(signIn(s.Anonymous(), "new@example.com", better))
		// The key for an existing user activates nothing, and looks the same.
		s.Untouched("an inert key", func() {
			before := s.Rows(fmt.Sprintf("SELECT password_hash, status, name, session_epoch FROM users WHERE id = %d", kit.PlainUserID))
			inert := shown(stranger, "user@example.com")
			if got := s.Anonymous().Post(activation, object{"activationKey": inert}); got.Status != http.StatusBadRequest {
				t.Errorf("without a password: %d", got.Status)
			}
			useKey(s.Anonymous(), inert, better).Is(http.StatusNoContent)
			useKey(s.Anonymous(), inert, better).Is(http.StatusForbidden)
			if diff := cmp.Diff(before, s.Rows(fmt.Sprintf("SELECT password_hash, status, name, session_epoch FROM users WHERE id = %d", kit.PlainUserID))); diff != "" {
				t.Errorf("a key that a stranger has seen changed the user: %s", diff)
			}
			s.SetRole(kit.PlainUserID, kit.Elsewhere, fleet.NoRole)
			s.Exec(fmt.Sprintf("DELETE FROM events WHERE type = 36 AND workspace_id = %d", kit.Elsewhere))
		})
		// Nor does the key for a user with other invitations.
		first := shown(stranger, "both@example.com")
		second := shown(admin, "both@example.com")
		for _, k := range []string{first, second} {
			useKey(s.Anonymous(), k, better)
		}
		signIn(s.Anonymous(), "both@example.com", better).Is(http.StatusUnauthorized)
		// The key is shown once.
		body := object{"username": "once@example.com"}
		admin.With("Idempotency-Key", "k").Post(invitation, body).Is(http.StatusCreated)
		again := admin.With("Idempotency-Key", "k").Post(invitation, body)
		wantCode(t, again, http.StatusConflict, 1405)
		if again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%v", again.Header)
		}
	})
}

func TestContract_Activation(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		admin := one.As("admin@example.com")
		invite := func(address string) string {
			admin.Post(invitation, object{"username": address}).Is(http.StatusCreated)
			return nextMail(one).Secret
		}
		key := invite("first@example.com")
		hashes := func(send func()) uint64 {
			before := one.Control.PasswordHashes()
			send()
			return one.Control.PasswordHashes() - before
		}
		nobody := one.Anonymous()
		for _, bad := range []any{object{}, object{"activationKey": nil}, object{"activationKey": key, "password": better}, object{"activationKey": key, "roles": 1}, object{"activationKey": key, "name": "a\nb", "password": identity.WireDigest(better)}, object{"activationKey": key}} {
			wantCode(t, nobody.Post(activation, bad), http.StatusBadRequest, 1000)
		}
		for _, weak := range []string{"password", "first@example.com", "first"} {
			wantCode(t, useKey(nobody, key, weak), http.StatusUnprocessableEntity, 1400)
		}
		guessed := useKey(nobody, "x", better)
		wantCode(t, guessed, http.StatusForbidden, 1104)
		for _, guess := range []string{"", key[1:], key + "A", strings.ToLower(key) + "\x00", strings.Repeat("A", 43)} {
			var got *kit.Answer
			if n := hashes(func() { got = useKey(nobody, guess, better) }); n != 1 {
				t.Errorf("a wrong key costs %d hashes", n)
			}
			if diff := cmp.Diff(normalized(guessed, "-"), normalized(got, "-")); diff != "" {
				t.Errorf("%q: %s", guess, diff)
			}
		}
		if n := hashes(func() {
			nobody.Post(activation, object{"activationKey": key, "password": identity.WireDigest(better), "name": "Chosen"}).Is(http.StatusNoContent)
		}); n != 1 {
			t.Errorf("a right key costs %d hashes", n)
		}
		if got, _ := usersOf(admin.Get(users + "?q=username:first")); got[0].Name != "Chosen" || got[0].Status.ID != 1 {
			t.Errorf("%+v", got)
		}
		useKey(two.Anonymous(), key, "another password").Is(http.StatusForbidden)
		tokensOf(signIn(two.Anonymous(), "first@example.com", better))

		// Of two concurrent uses, one succeeds.
		key = invite("second@example.com")
		var answers [2]*kit.Answer
		var both sync.WaitGroup
		for i, s := range []*kit.Server{one, two} {
			both.Go(func() { answers[i] = useKey(s.Anonymous(), key, fmt.Sprint("password of ", i)) })
		}
		both.Wait()
		if answers[0].Status+answers[1].Status != http.StatusNoContent+http.StatusForbidden {
			t.Errorf("two at once: %d and %d", answers[0].Status, answers[1].Status)
		}

		// It expires, and ends with the user.
		key, gone := invite("third@example.com"), invite("fourth@example.com")
		drop(admin, users+"/fourth@example.com").Is(http.StatusNoContent)
		useKey(nobody, gone, better).Is(http.StatusForbidden)
		one.Clock.Advance(7 * 24 * time.Hour)
		useKey(nobody, key, better).Is(http.StatusForbidden)
		if stored := one.Rows("SELECT secret FROM mails WHERE secret <> ''"); len(stored) > 0 {
			t.Errorf("keys that were delivered are kept: %v", stored)
		}
		// Guessing counts against the address.
		here := fromAddress(one, "203.0.113.77")
		for range 100 {
			here.Post(activation, object{"activationKey": "x"}).Is(http.StatusForbidden)
		}
		wantCode(t, here.Post(activation, object{"activationKey": "x"}), http.StatusTooManyRequests, 1105)
	})
}

func TestContract_PasswordReset(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		session := tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		ask := func(username string) *kit.Answer {
			return s.Anonymous().Post(resetURL, object{"username": username}).Is(http.StatusNoContent)
		}
		s.Exec(fmt.Sprintf("INSERT INTO users SELECT 22, 'invited@example.com', name, 0, 0, NULL, '', 0, 0, NULL FROM users WHERE id = %d", kit.AdminID))
		known := ask("User@example.com")
		for _, name := range []string{"unknown@example.com", "suspended@example.com", "invited@example.com"} {
			if diff := cmp.Diff(normalized(known, "-"), normalized(ask(name), "-")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		m := nextMail(s)
		if m.Kind != fleet.MailReset || m.Recipient != "user@example.com" || m.Name != "User" || len(m.Secret) != 43 {
			t.Errorf("%+v", m)
		}
		noMail(s, "no other user has a password")
		wantCode(t, useKey(s.Anonymous(), m.Secret, "password"), http.StatusUnprocessableEntity, 1400)
		useKey(s.Anonymous(), m.Secret, better).Is(http.StatusNoContent)
		useKey(s.Anonymous(), m.Secret, "another password").Is(http.StatusForbidden)
		withBearer(s, session.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
		refresh(s, session.RefreshToken).Is(http.StatusUnauthorized)
		signIn(s.Anonymous(), "user@example.com", kit.Password).Is(http.StatusUnauthorized)
		tokensOf(signIn(s.Anonymous(), "user@example.com", better))

		// A key is void once the password has changed, or after an hour; a second factor stays.
		_, app := withFactor(s, "observer@example.com")
		ask("observer@example.com")
		old := nextMail(s).Secret
		ask("observer@example.com")
		useKey(s.Anonymous(), nextMail(s).Secret, better).Is(http.StatusNoContent)
		useKey(s.Anonymous(), old, "another password").Is(http.StatusForbidden)
		if got := tokensOf(signIn(s.Anonymous(), "observer@example.com", better)); got.MFAToken == "" || got.AuthToken != "" {
			t.Errorf("a reset skips the second factor: %+v", got)
		}
		_ = app
		ask("target@example.com")
		expired := nextMail(s).Secret
		s.Clock.Advance(time.Hour)
		useKey(s.Anonymous(), expired, better).Is(http.StatusForbidden)

		// Three per hour, from any caller.
		for range 5 {
			ask("target@example.com")
		}
		for range 3 {
			nextMail(s)
		}
		noMail(s, "more than three in an hour")
		for _, bad := range []any{object{}, object{"username": nil}, object{"username": "x"}, object{"username": "a@example.com", "name": "x"}} {
			wantCode(t, s.Anonymous().Post(resetURL, bad), http.StatusBadRequest, 1000)
		}
	})
}

// A mail is sent once, by one of the servers; failures are retried with increasing delays, and
// finally dropped with the key.
func TestMailsAreLeased(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, two := twoServers(t, e)
		admin := one.As("admin@example.com")
		for i := range 10 {
			admin.Post(invitation, object{"username": fmt.Sprintf("n%d@example.com", i)}).Is(http.StatusCreated)
		}
		var mu sync.Mutex
		seen := make(map[string]int)
		var all sync.WaitGroup
		for _, s := range []*kit.Server{one, two} {
			all.Go(func() { takeAll(s.T.Context(), operator.New(s.Control), &mu, seen) })
		}
		all.Wait()
		for uid, times := range seen {
			if times != 1 {
				t.Errorf("mail %s was taken %d times", uid, times)
			}
		}
		if len(seen) != 10 {
			t.Errorf("%d mails", len(seen))
		}
		// Without a result, they are retried after the lease.
		one.Clock.Advance(2 * time.Minute)
		ctx, operator := t.Context(), operator.New(one.Control)
		one.Exec("UPDATE mails SET done = 1 WHERE id > (SELECT MIN(id) FROM mails)")
		waited, attempts := []time.Duration{}, 0
		for pause := time.Duration(0); pause < 3*time.Hour; {
			m, found, err := operator.NextMail(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				one.Clock.Advance(time.Minute)
				pause += time.Minute
				continue
			}
			if attempts > 0 && seen[m.UID] == 0 {
				t.Errorf("another id: %+v", m)
			}
			waited, pause, attempts = append(waited, pause), 0, m.Attempts
			if err := operator.MailDone(ctx, m, context.DeadlineExceeded, false); err != nil {
				t.Fatal(err)
			}
		}
		if attempts != 12 || waited[1] >= waited[4] || waited[len(waited)-1] > time.Hour {
			t.Errorf("%d attempts, after %v", attempts, waited)
		}
		if got := fmt.Sprint(one.Rows("SELECT done, secret FROM mails ORDER BY id LIMIT 1")); got != "[[2 ]]" {
			t.Errorf("what was given up: %s", got)
		}
	})
}

func takeAll(ctx context.Context, operator operator.Operator, mu *sync.Mutex, seen map[string]int) {
	for {
		m, found, err := operator.NextMail(ctx)
		if err != nil || !found {
			return
		}
		mu.Lock()
		seen[m.UID]++
		mu.Unlock()
	}
}
