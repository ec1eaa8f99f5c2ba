package profile_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/profile"
)

// authority rotates refresh tokens and treats a spent one as theft.
type authority struct {
	mu      sync.Mutex
	n       int
	thefts  int
	err     error // of the next renewal
	granted bool  // whether that renewal was made anyway
}

func (a *authority) AuthenticateRefresh(_ context.Context, token string) (*api.AuthResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.err; err != nil {
		a.err = nil
		if a.granted {
			a.n++
		}
		return nil, err
	}
	if token != fmt.Sprintf("refresh-%d", a.n) {
		a.thefts++
		return nil, &client.APIError{Status: http.StatusUnauthorized, Message: "no"}
	}
	a.n++
	return &api.AuthResponse{AuthToken: fmt.Sprintf("bearer-%d", a.n), RefreshToken: fmt.Sprintf("refresh-%d", a.n)}, nil
}

func (a *authority) AuthenticateApplication(_ context.Context, token string) (*api.AuthResponse, error) {
	if token != "app" {
		return nil, &client.APIError{Status: http.StatusUnauthorized, Message: "no"}
	}
	return &api.AuthResponse{AuthToken: "program"}, nil
}

type wallClock struct{ client.Clock }

func (wallClock) Now() time.Time { return time.Now() }

func signedIn(t *testing.T) profile.Store {
	t.Helper()
	store := profile.Store{Dir: filepath.Join(t.TempDir(), "profiles")}
	if err := store.Save("p", profile.Profile{Server: "https://sims.example.com", Username: "u", Bearer: "bearer-0", RefreshToken: "refresh-0"}); err != nil {
		t.Fatal(err)
	}
	return store
}

// Each session simulates a process. All find the bearer refused, again and again; each refresh
// token is used once.
func TestProcessesTakeTurns(t *testing.T) {
	store, a := signedIn(t), &authority{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s := profile.Session{Store: store, Name: "p", Auth: a, Clock: wallClock{}}
			bearer := ""
			for range 20 {
				next, err := s.Token(t.Context(), bearer)
				if err != nil || next == bearer {
					t.Errorf("%q after %q, %v", next, bearer, err)
					return
				}
				bearer = next
			}
		})
	}
	group.Wait()
	kept, err := store.Load("p")
	if err != nil || a.thefts > 0 || kept.RefreshToken != fmt.Sprintf("refresh-%d", a.n) || a.n < 19 {
		t.Errorf("%d thefts, %d renewals, kept %+v, %v", a.thefts, a.n, kept, err)
	}
}

func TestOnlyForItsOwner(t *testing.T) {
	store := signedIn(t)
	file := filepath.Join(store.Dir, "p.json")
	for name, want := range map[string]os.FileMode{file: 0o600, store.Dir: 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load("p"); err == nil {
		t.Error("a profile that others may read was read")
	}
}

func TestNames(t *testing.T) {
	store := signedIn(t)
	for _, name := range []string{"", ".", "../p", "a/b", "a b", ".hidden", string(make([]byte, 70))} {
		if _, err := store.Load(name); err == nil || errors.Is(err, profile.ErrNone) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := store.Load("lab"); !errors.Is(err, profile.ErrNone) {
		t.Error(err)
	}
	if err := errors.Join(store.Save("lab-2.x", profile.Profile{}), store.Remove("p"), store.Remove("p")); err != nil {
		t.Error(err)
	}
	if names, err := store.Names(); err != nil || len(names) != 1 || names[0] != "lab-2.x" {
		t.Errorf("%v %v", names, err)
	}
}

// A renewal without a reply may not have been made: it is tried again. If it was made, the
// session is over, and the error says so.
func TestLostRenewal(t *testing.T) {
	for _, granted := range []bool{false, true} {
		store, a := signedIn(t), &authority{err: errors.New("connection reset"), granted: granted}
		s := profile.Session{Store: store, Name: "p", Auth: a, Clock: wallClock{}}
		if _, err := s.Token(t.Context(), "bearer-0"); err == nil || errors.Is(err, client.ErrSessionEnded) {
			t.Errorf("lost: %v", err)
		}
		got, err := s.Token(t.Context(), "bearer-0")
		if granted != errors.Is(err, client.ErrSessionEnded) || !granted && got != "bearer-1" {
			t.Errorf("granted %t: %q, %v", granted, got, err)
		}
	}
}

func TestApplicationToken(t *testing.T) {
	store := signedIn(t)
	if err := store.Save("app", profile.Profile{Server: "https://sims.example.com", ApplicationToken: "app"}); err != nil {
		t.Fatal(err)
	}
	s := profile.Session{Store: store, Name: "app", Auth: &authority{}, Clock: wallClock{}}
	if got, err := s.Token(t.Context(), ""); err != nil || got != "program" {
		t.Errorf("%q %v", got, err)
	}
	if kept, err := store.Load("app"); err != nil || kept.ApplicationToken != "app" || kept.Bearer != "program" {
		t.Errorf("%+v %v", kept, err)
	}
}

// If a server returns no new refresh token, the old one stays valid.
func TestKeepWithoutRotation(t *testing.T) {
	p := profile.Profile{RefreshToken: "old"}
	p.Keep(&api.AuthResponse{AuthToken: "b"}, time.Now())
	if p.RefreshToken != "old" || p.Bearer != "b" {
		t.Errorf("%+v", p)
	}
}

// The command is killed after the server has renewed the session and before, or after, the new
// tokens are on disk. The next command continues the session.
func TestKilledDuringRenewal(t *testing.T) {
	for _, saved := range []bool{false, true} {
		store, a := signedIn(t), &lenient{}
		killed := profile.Session{Store: store, Name: "p", Auth: dying{a}, Clock: wallClock{}}
		if saved {
			killed.Auth = a
		}
		_, _ = killed.Token(t.Context(), "bearer-0") // and nothing more of this process
		next := profile.Session{Store: store, Name: "p", Auth: a, Clock: wallClock{}}
		bearer, err := next.Token(t.Context(), "bearer-0")
		if err != nil || bearer != "bearer-1" || a.ended {
			t.Fatalf("saved %t: %q, %v, ended %t", saved, bearer, err, a.ended)
		}
		if bearer, err = next.Token(t.Context(), bearer); err != nil || bearer != "bearer-2" {
			t.Errorf("saved %t: the renewal after that: %q, %v", saved, bearer, err)
		}
	}
}

// A server that has failed over does not know the last renewal: the refresh token before it is
// accepted instead. A server that has ended the session is asked at most twice.
func TestServerWithoutTheSession(t *testing.T) {
	store, a := signedIn(t), &lenient{}
	s := profile.Session{Store: store, Name: "p", Auth: a, Clock: wallClock{}}
	if _, err := s.Token(t.Context(), "bearer-0"); err != nil {
		t.Fatal(err)
	}
	a.issued = 0 // as before the renewal
	bearer, err := s.Token(t.Context(), "bearer-1")
	if err != nil || bearer != "bearer-1" && bearer != "bearer-2" {
		t.Errorf("%q %v", bearer, err)
	}
	a.ended, a.asked = true, 0
	if _, err := s.Token(t.Context(), bearer); !errors.Is(err, client.ErrSessionEnded) || a.asked > 2 {
		t.Errorf("asked %d times: %v", a.asked, err)
	}
}

// lenient is a server for which a refresh token is spent once its successor has been used.
type lenient struct {
	authority

	issued int // the last token issued; the one before it is valid, too
	ended  bool
	asked  int
}

func (a *lenient) AuthenticateRefresh(_ context.Context, token string) (*api.AuthResponse, error) {
	a.asked++
	var n int
	if _, err := fmt.Sscanf(token, "refresh-%d", &n); err != nil || a.ended || n > a.issued {
		return nil, &client.APIError{Status: http.StatusUnauthorized, Message: "no"}
	}
	if n < a.issued-1 {
		a.ended = true
		return nil, &client.APIError{Status: http.StatusUnauthorized, Message: "stolen"}
	}
	a.issued = n + 1
	return &api.AuthResponse{AuthToken: fmt.Sprintf("bearer-%d", a.issued), RefreshToken: fmt.Sprintf("refresh-%d", a.issued)}, nil
}

// dying is a server whose reply never reaches the process.
type dying struct{ *lenient }

func (d dying) AuthenticateRefresh(ctx context.Context, token string) (*api.AuthResponse, error) {
	_, _ = d.lenient.AuthenticateRefresh(ctx, token)
	return nil, errors.New("killed")
}
