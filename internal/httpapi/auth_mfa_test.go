package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
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

const mfaURL = "/api/v1/user/mfa"

// step is the interval between an authenticator's codes.
const step = 30 * time.Second

func keyURL(id int64) string { return mfaURL + "/" + strconv.FormatInt(id, 10) }

func activate(c *kit.Client, id int64, code string) *kit.Answer {
	c.T.Helper()
	return c.Patch(keyURL(id), object{"status": object{"id": 1}, "code": code})
}

// withFactor gives a user an active second factor; the code that activated it is a step old.
func withFactor(s *kit.Server, username string) (api.NewMFAKey, kit.Authenticator) {
	s.T.Helper()
	c := s.As(username)
	key, app := c.NewFactor()
	activate(c, key.ID, app.Code()).Is(http.StatusNoContent)
	s.Clock.Advance(step)
	return key, app
}

// pending returns the mfa_token for a correct password.
func pending(a *kit.Answer) string {
	a.T.Helper()
	got := tokensOf(a)
	if got.MFAToken == "" || got.AuthToken != "" || got.RefreshToken != "" {
		a.T.Fatalf("%s: no code was asked for: %s", a.Request, a.Body)
	}
	return got.MFAToken
}

func sendCode(c *kit.Client, mfaToken, code string) *kit.Answer {
	c.T.Helper()
	return c.Post(authenticate, object{"mfa_token": mfaToken, "code": code})
}

// notCode returns six digits other than the code.
func notCode(code string) string {
	n, _ := strconv.Atoi(code)
	return fmt.Sprintf("%06d", (n+1)%1_000_000)
}

func TestContract_MFASignIn(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		_, app := withFactor(one, "user@example.com")
		waiting := pending(signIn(one.Anonymous(), "user@example.com", kit.Password))
		withBearer(one, waiting).Get(whoami).Is(http.StatusUnauthorized) // it is not a bearer
		refresh(one, waiting).Is(http.StatusUnauthorized)
		if got := sendCode(one.Anonymous(), waiting, notCode(app.Code())).Is(http.StatusUnauthorized); len(got.Body) != 0 {
			t.Errorf("a wrong code is answered %s", got.Body)
		}
		for _, code := range []string{"", "12345", "1234567", "12345a", "１２３４５６", " 12345", "-12345"} {
			wantCode(t, sendCode(one.Anonymous(), waiting, code), http.StatusBadRequest, 1000)
		}
		got := tokensOf(sendCode(two.Anonymous(), waiting, app.Code()))
		withBearer(one, got.AuthToken).Get(whoami).Is(http.StatusOK)
		tokensOf(refresh(one, got.RefreshToken)) // which needs no code again

		one.Clock.Advance(step)
		sendCode(one.Anonymous(), waiting, app.Code()).Is(http.StatusUnauthorized) // one sign-in each
		sendCode(one.Anonymous(), "nothing", app.Code()).Is(http.StatusUnauthorized)

		expired := pending(signIn(one.Anonymous(), "user@example.com", kit.Password))
		one.Clock.Advance(5 * time.Minute)
		sendCode(one.Anonymous(), expired, app.Code()).Is(http.StatusUnauthorized)

		changed := pending(signIn(one.Anonymous(), "user@example.com", kit.Password))
		if err := operator.New(one.Control).SetPassword(t.Context(), "user@example.com", "battery staple"); err != nil {
			t.Fatal(err)
		}
		sendCode(one.Anonymous(), changed, app.Code()).Is(http.StatusUnauthorized)
		suspended := pending(signIn(one.Anonymous(), "user@example.com", "battery staple"))
		one.SetStatus(kit.PlainUserID, fleet.UserSuspended)
		sendCode(one.Anonymous(), suspended, app.Code()).Is(http.StatusUnauthorized)
		tokensOf(signIn(one.Anonymous(), "admin@example.com", kit.Password)) // others need none
	})
}

// Each code works once: neither again, nor at another server, nor an older one.
func TestTOTPReplay(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, two := twoServers(t, e)
		c := one.As("user@example.com")
		key, app := c.NewFactor()
		first := app.Code()
		activate(c, key.ID, first).Is(http.StatusNoContent)
		sendCode(one.Anonymous(), pending(signIn(one.Anonymous(), "user@example.com", kit.Password)), first).Is(http.StatusUnauthorized)
		for range 3 {
			one.Clock.Advance(2 * step)
			code, before := app.Code(), app.CodeAt(-step)
			waiting := [2]string{}
			for i, s := range []*kit.Server{one, two} {
				waiting[i] = pending(signIn(fromAddress(s, "203.0.113.7"), "user@example.com", kit.Password))
			}
			var answers [2]*kit.Answer
			var wg sync.WaitGroup
			for i, s := range []*kit.Server{one, two} {
				wg.Go(func() { answers[i] = sendCode(fromAddress(s, "203.0.113.7"), waiting[i], code) })
			}
			wg.Wait()
			if answers[0].Status+answers[1].Status != 200+401 {
				t.Fatalf("one code, two servers: %d and %d", answers[0].Status, answers[1].Status)
			}
			expired := pending(signIn(fromAddress(two, "203.0.113.8"), "user@example.com", kit.Password))
			sendCode(fromAddress(two, "203.0.113.8"), expired, before).Is(http.StatusUnauthorized)
		}
	})
}

func TestContract_MFAWindow(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		_, app := withFactor(s, "user@example.com")
		s.Clock.Advance(3 * step)
		for i, test := range []struct {
			shift time.Duration
			want  int
		}{{2 * step, 401}, {-2 * step, 401}, {-step, 200}, {0, 200}, {step, 200}} {
			here := fromAddress(s, fmt.Sprintf("203.0.113.%d", i))
			sendCode(here, pending(signIn(here, "user@example.com", kit.Password)), app.CodeAt(test.shift)).Is(test.want)
			if test.want == 200 {
				s.Clock.Advance(3 * step)
			}
		}
	})
}

// Wrong codes are limited like wrong passwords, and a correct password between two wrong codes
// does not reset the count.
func TestContract_MFALockout(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		_, app := withFactor(one, "user@example.com")
		for i := range 3 {
			s := []*kit.Server{one, two}[i%2]
			sendCode(s.Anonymous(), pending(signIn(s.Anonymous(), "user@example.com", kit.Password)), notCode(app.Code())).Is(http.StatusUnauthorized)
		}
		locked := signIn(two.Anonymous(), "user@example.com", kit.Password)
		wantCode(t, locked, http.StatusUnauthorized, 1105)
		if locked.Header.Get("Retry-After") != "300" {
			t.Errorf("Retry-After: %s", locked.Header.Get("Retry-After"))
		}
		there := fromAddress(one, "203.0.113.9") // the lock is this address's
		waiting := pending(signIn(there, "user@example.com", kit.Password))
		wantCode(t, sendCode(two.Anonymous(), waiting, app.Code()), http.StatusUnauthorized, 1105)
		tokensOf(sendCode(there, waiting, app.Code()))
		one.Clock.Advance(5 * time.Minute)
		tokensOf(sendCode(one.Anonymous(), pending(signIn(one.Anonymous(), "user@example.com", kit.Password)), app.Code()))

		// From however many addresses: 100 in an hour, passwords and codes together.
		one.Clock.Advance(time.Hour)
		for i := range 50 {
			here := fromAddress(one, fmt.Sprintf("198.51.100.%d", i))
			sendCode(here, pending(signIn(here, "user@example.com", kit.Password)), notCode(app.Code())).Is(http.StatusUnauthorized)
		}
		wantCode(t, signIn(fromAddress(one, "198.51.100.200"), "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
	})
}

// trust signs the User in with a code and trusts the device.
func trust(c *kit.Client, app kit.Authenticator) {
	c.T.Helper()
	trustFor(c, "user@example.com", app)
}

func trustFor(c *kit.Client, username string, app kit.Authenticator) {
	c.T.Helper()
	waiting := pending(signIn(c, username, kit.Password))
	tokensOf(c.Post(authenticate, object{"mfa_token": waiting, "code": app.Code(), "trusted_device": laptop}))
}

func signInOn(c *kit.Client, username, password, fingerprint string) *kit.Answer {
	c.T.Helper()
	body := credentials(username, password)
	body["fingerprint"] = fingerprint
	return c.Post(authenticate, body)
}

var laptop = object{"fingerprint": "0d6b2f9c1a5e4f77", "operating_system": "Linux", "browser": "Firefox", "name": "Laptop", "colour": "grey"}

func TestContract_TrustedDevice(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		_, app := withFactor(one, "user@example.com")
		waiting := pending(signIn(one.Anonymous(), "user@example.com", kit.Password))
		for _, bad := range []any{object{}, object{"fingerprint": ""}, object{"fingerprint": "x\r\ny"}, object{"fingerprint": string(make([]byte, 256))}, object{"fingerprint": "x", "name": "a\nb"}, "x"} {
			got := one.Anonymous().Post(authenticate, object{"mfa_token": waiting, "code": app.Code(), "trusted_device": bad})
			wantCode(t, got, http.StatusBadRequest, 1000)
		}
		trust(one.Anonymous(), app)
		fingerprint := fmt.Sprint(laptop["fingerprint"])
		session := tokensOf(signInOn(two.Anonymous(), "user@example.com", kit.Password, fingerprint))
		if session.AuthToken == "" {
			t.Fatal("the trusted device is asked for a code")
		}
		pending(signInOn(one.Anonymous(), "user@example.com", kit.Password, "another"))
		signInOn(one.Anonymous(), "user@example.com", wrong, fingerprint).Is(http.StatusUnauthorized)
		withFactor(one, "target@example.com") // another user's device is not trusted
		pending(signInOn(one.Anonymous(), "target@example.com", kit.Password, fingerprint))

		me := withBearer(one, session.AuthToken)
		list := func() (devices []api.TrustedDevice) {
			t.Helper()
			me.Get("/api/v1/user/my/mfa/trusted_device").Is(http.StatusOK).JSON(&devices)
			return devices
		}
		devices := list()
		if len(devices) != 1 || devices[0].Name != "Laptop" || devices[0].OperatingSystem != "Linux" || devices[0].Browser != "Firefox" ||
			devices[0].ExpiryDate.Sub(devices[0].CreationDate.Time) != 90*24*time.Hour {
			t.Fatalf("the devices are %+v", devices)
		}
		gone := fmt.Sprintf("/api/v1/user/my/mfa/trusted_device/%d", devices[0].ID)
		onServer(two, me).Do("DELETE", gone, nil).Is(http.StatusNoContent)
		wantCode(t, me.Do("DELETE", gone, nil), http.StatusNotFound, 1201)
		pending(signInOn(one.Anonymous(), "user@example.com", kit.Password, fingerprint))

		one.Clock.Advance(step)
		trust(one.Anonymous(), app)
		one.Clock.Advance(90*24*time.Hour - time.Second)
		tokensOf(signInOn(one.Anonymous(), "user@example.com", kit.Password, fingerprint))
		one.Clock.Advance(time.Second)
		pending(signInOn(one.Anonymous(), "user@example.com", kit.Password, fingerprint))
	})
}

// Attackers who use up the attempts at an account do not lock its owner out; a copied
// fingerprint has its own limit.
func TestContract_TrustedDeviceCeiling(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		_, app := withFactor(s, "user@example.com")
		trust(s.Anonymous(), app)
		fingerprint := fmt.Sprint(laptop["fingerprint"])
		guess := func(n int, fingerprint string) {
			t.Helper()
			for i := range n {
				signInOn(fromAddress(s, fmt.Sprintf("203.0.113.%d", i)), "user@example.com", wrong, fingerprint).Is(http.StatusUnauthorized)
			}
		}
		guess(101, "another")
		wantCode(t, signIn(fromAddress(s, "198.51.100.1"), "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
		tokensOf(signInOn(fromAddress(s, "198.51.100.1"), "user@example.com", kit.Password, fingerprint))
		guess(100, fingerprint)
		wantCode(t, signInOn(fromAddress(s, "198.51.100.2"), "user@example.com", kit.Password, fingerprint), http.StatusUnauthorized, 1105)
	})
}

func TestContract_MFAKeys(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		me := s.As("user@example.com")
		ask := func(body object) *kit.Answer { return me.Post(mfaURL, body) }
		digest := identity.WireDigest(kit.Password)
		for _, bad := range []object{
			{"password": digest}, {"type": nil, "password": digest}, {"type": object{"id": 1}, "password": digest}, {"type": object{"id": 0}},
			{"type": object{"id": 0}, "password": kit.Password}, {"type": object{"id": 0}, "password": digest, "status": object{"id": 1}},
		} {
			wantCode(t, ask(bad), http.StatusBadRequest, 1000)
		}
		refused := wantCode(t, ask(object{"type": object{"id": 0}, "password": identity.WireDigest(wrong)}), http.StatusUnprocessableEntity, 1002)
		if len(refused.Errors) != 1 || refused.Errors[0].ErrorCode != 1400 {
			t.Errorf("a wrong password: %+v", refused)
		}
		unused, _ := me.NewFactor()
		if want := (api.Ref{ID: 0, Description: "Activation Pending"}); unused.Status != want || unused.Type.ID != 0 || !unused.CreationDate.Equal(s.Clock.Now()) {
			t.Errorf("the key is %+v", unused)
		}
		key, app := me.NewFactor() // in its place
		wantCode(t, activate(me, unused.ID, app.Code()), http.StatusNotFound, 1201)
		for _, bad := range []object{{}, {"code": app.Code()}, {"status": object{"id": 0}, "code": app.Code()}, {"status": object{"id": 1}}, {"status": object{"id": 1}, "code": 287082}, {"status": object{"id": 1}, "code": "12"}} {
			wantCode(t, me.Patch(keyURL(key.ID), bad), http.StatusBadRequest, 1000)
		}
		if got := wantCode(t, activate(me, key.ID, notCode(app.Code())), http.StatusUnprocessableEntity, 1002); len(got.Errors) != 1 || got.Errors[0].ErrorCode != 1400 {
			t.Errorf("a wrong code: %+v", got)
		}
		tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password)) // not active yet
		wantCode(t, activate(s.As("admin@example.com"), key.ID, app.Code()), http.StatusNotFound, 1201)
		activate(me, key.ID, app.Code()).Is(http.StatusNoContent)
		s.Clock.Advance(step)
		wantCode(t, activate(me, key.ID, app.Code()), http.StatusConflict, 1405)
		wantCode(t, ask(object{"type": object{"id": 0}, "password": digest}), http.StatusConflict, 1405)
		me.Get(whoami).Is(http.StatusOK) // the session continues

		var list []api.MFAKey
		text := me.Get("/api/v1/user/my/mfa").Is(http.StatusOK).JSON(&list)
		if diff := cmp.Diff([]api.MFAKey{{ID: key.ID, Status: api.Ref{ID: 1, Description: "Active"}, Type: key.Type, CreationDate: key.CreationDate}}, list); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text.Body, diff)
		}
		me.Do("DELETE", fmt.Sprintf("/api/v1/user/4/mfa/%d", key.ID+1), nil).Is(http.StatusNotFound)
		me.Do("DELETE", fmt.Sprintf("/api/v1/user/4/mfa/%d", key.ID), nil).Is(http.StatusNoContent)
		tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		var events []api.Event
		me.Get("/api/v1/event?q=event_type:14").Is(http.StatusOK).JSON(&events)
		if len(events) != 2 || events[0].Severity.ID != 1 || events[1].Severity.ID != 0 {
			t.Errorf("the events are %+v", events)
		}
		// A wrong password counts, and a stolen bearer has three attempts.
		for range 3 {
			ask(object{"type": object{"id": 0}, "password": identity.WireDigest(wrong)}).Is(http.StatusUnprocessableEntity)
		}
		locked := ask(object{"type": object{"id": 0}, "password": digest})
		wantCode(t, locked, http.StatusTooManyRequests, 1105)
		if locked.Header.Get("Retry-After") != "300" {
			t.Errorf("Retry-After: %q", locked.Header.Get("Retry-After"))
		}
		wantCode(t, signIn(s.Anonymous(), "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
	})
}

// Only an Administrator of all Workspaces of a user can remove the user's second factor.
func TestContract_MFAOfOthers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		key, app := withFactor(s, "user@example.com") // of 100 and 200
		trust(s.Anonymous(), app)
		url := fmt.Sprintf("/api/v1/user/4/mfa/%d", key.ID)
		elsewhere := s.As("admin@example.com").In(kit.FleetUS)
		for _, name := range []string{"target@example.com", "observer@example.com", "stranger@example.com"} {
			s.As(name) // signed in beforehand
		}
		s.Untouched("what is refused", func() {
			for name, test := range map[string]struct {
				c    *kit.Client
				want int
			}{
				"an Administrator of one of them": {s.As("target@example.com"), http.StatusNotFound}, // Observer in 100
				"an Observer":                     {s.As("observer@example.com"), http.StatusForbidden},
				"a stranger":                      {s.As("stranger@example.com"), http.StatusNotFound},
				"from another Workspace":          {elsewhere, http.StatusNotFound},
			} {
				for _, path := range []string{url, fmt.Sprintf("/api/v1/user/%d/mfa/trusted_device/1", kit.PlainUserID)} {
					if got := test.c.Do("DELETE", path, nil); got.Status != test.want {
						t.Errorf("%s: %s: %d, want %d", name, path, got.Status, test.want)
					}
				}
				if got := test.c.Get(fmt.Sprintf("/api/v1/user/%d/mfa", kit.PlainUserID)); got.Status != test.want {
					t.Errorf("%s: list: %d", name, got.Status)
				}
			}
		})
		s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Administrator) // of both now, but not of the next
		s.SetRole(kit.PlainUserID, kit.FleetUS, fleet.Observer)
		s.SignOut()
		both := s.As("target@example.com")
		both.Do("DELETE", url, nil).Is(http.StatusNotFound)
		s.SetRole(kit.PlainUserID, kit.FleetUS, fleet.NoRole)
		both.Do("DELETE", url, nil).Is(http.StatusNoContent)
		tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		var devices []api.TrustedDevice
		both.Get(fmt.Sprintf("/api/v1/user/%d/mfa/trusted_device", kit.PlainUserID)).Is(http.StatusOK).JSON(&devices)
		if len(devices) != 0 {
			t.Errorf("its trusted devices are there still: %+v", devices)
		}
		root, _ := withFactor(s, "root@example.com")
		s.As("admin@example.com").Do("DELETE", fmt.Sprintf("/api/v1/user/8/mfa/%d", root.ID), nil).Is(http.StatusNotFound)
		if err := operator.New(s.Control).ResetSecondFactor(t.Context(), "Root@example.com"); err != nil {
			t.Fatal(err)
		}
		tokensOf(signIn(s.Anonymous(), "root@example.com", kit.Password))
		if err := operator.New(s.Control).ResetSecondFactor(t.Context(), "root@example.com"); fleet.CodeOf(err) != fleet.NotFound {
			t.Error(err)
		}
	})
}

// A user who must have a second factor and has none can only add one.
func TestContract_MFAEnrolment(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		free := kit.StartFerry(t, e)
		strict := kit.StartWith(t, free.DB, free.Clock, control.Options{RequireMFA: control.DemandAdministrators})
		before := free.As("admin@example.com")
		session := tokensOf(signIn(strict.Anonymous(), "admin@example.com", kit.Password))
		if !session.MFAEnrolment || session.AuthToken == "" {
			t.Fatalf("the sign-in does not tell: %+v", session)
		}
		me := withBearer(strict, session.AuthToken)
		for _, c := range []*kit.Client{me, onServer(strict, before)} { // an older bearer does not bypass it
			for _, path := range []string{whoami, "/api/v1/sim", "/api/v1/event", "/api/v2/user/my/workspace", "/api/v1/application_token"} {
				wantCode(t, c.Get(path), http.StatusForbidden, 1104)
			}
			wantCode(t, c.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.ActivatedSIM)), http.StatusForbidden, 1104)
			wantCode(t, c.Post(authenticate+"/workspace", fmt.Sprintf(`{"target_organisation": {"id": %d}}`, kit.FleetFR)), http.StatusForbidden, 1104)
			wantCode(t, c.Get(fmt.Sprintf("/api/v1/user/%d/mfa", kit.ObserverID)), http.StatusForbidden, 1104)
		}
		renewed := tokensOf(refresh(strict, session.RefreshToken))
		if !renewed.MFAEnrolment {
			t.Error("the renewal does not tell")
		}
		wantCode(t, withBearer(strict, renewed.AuthToken).Get(whoami), http.StatusForbidden, 1104)
		// Administrators of any Workspace need it, whatever the token's Workspace; a User of
		// two does not.
		target := tokensOf(signIn(strict.Anonymous(), "target@example.com", kit.Password))
		withBearer(free, target.AuthToken).In(kit.FleetDE).Get(whoami).Is(http.StatusOK)
		wantCode(t, onServer(strict, withBearer(free, target.AuthToken).In(kit.FleetDE)).Get(whoami), http.StatusForbidden, 1104)
		if user := tokensOf(signIn(strict.Anonymous(), "user@example.com", kit.Password)); user.MFAEnrolment {
			t.Error("a User must enrol")
		}
		strict.As("user@example.com").Get(whoami).Is(http.StatusOK)
		onServer(strict, application(free, newApplicationToken(free, control.NewToken{}))).Get(whoami).Is(http.StatusOK)

		me.Get("/api/v1/user/mfa/type").Is(http.StatusOK)
		key, app := me.NewFactor()
		wantCode(t, me.Get(whoami), http.StatusForbidden, 1104)
		activate(me, key.ID, app.Code()).Is(http.StatusNoContent)
		me.Get(whoami).Is(http.StatusOK) // which was the proof
		strict.Clock.Advance(step)
		done := tokensOf(sendCode(strict.Anonymous(), pending(signIn(strict.Anonymous(), "admin@example.com", kit.Password)), app.Code()))
		if done.MFAEnrolment {
			t.Error("enrolled, but asked to enrol")
		}
		me.Do("DELETE", fmt.Sprintf("/api/v1/user/my/mfa/%d", key.ID), nil).Is(http.StatusNoContent)
		wantCode(t, withBearer(strict, done.AuthToken).Get(whoami), http.StatusForbidden, 1104)

		everybody := kit.StartWith(t, free.DB, free.Clock, control.Options{RequireMFA: control.DemandEverybody})
		observer := everybody.As("observer@example.com")
		wantCode(t, observer.Get(whoami), http.StatusForbidden, 1104)
		logout(observer, nil).Is(http.StatusNoContent)
	})
}
