package operator_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
)

const clockWorld = `
workspaces: [{id: 10, name: A, type: enterprise}]
users: [{id: 1, username: a@example.com, name: A, password: correct horse, default_workspace: 10, roles: {10: administrator}}]
`

// serverAt starts a server whose clock is ahead of the real time.
func serverAt(t *testing.T, url string, ahead time.Duration) (*control.Control, *bytes.Buffer) {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{
		MaxConns: 4, CompareClock: true, Clock: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var log bytes.Buffer
	c, err := control.New(t.Context(), s, control.Options{Password: cheap, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return c, &log
}

func signInForClock(ctx context.Context, c *control.Control) (control.Tokens, error) {
	sent := control.Credentials{Username: "a@example.com", Password: identity.WireDigest("correct horse")}
	return c.SignIn(ctx, sent, identity.Origin{Address: anywhere})
}

// A server whose clock is wrong by weeks removes nothing, on either engine, because nothing has
// really expired. One whose clock is right removes what has expired.
func TestWrongClockDeletesNothing(t *testing.T) {
	t.Parallel()
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		t.Parallel()
		url := e.URL(t)
		right, _ := serverAt(t, url, 0)
		if _, err := operator.New(right).ApplyWorld(t.Context(), parseWorld(t, clockWorld)); err != nil {
			t.Fatal(err)
		}
		tokens, err := signInForClock(t.Context(), right)
		if err != nil {
			t.Fatal(err)
		}
		wrong, _ := serverAt(t, url, 40*24*time.Hour)
		for range 2 { // also once it has been used
			err = operator.New(wrong).Sweep(t.Context())
			if err == nil || !strings.Contains(err.Error(), "expired data was not removed") || !strings.Contains(err.Error(), "clock is ") {
				t.Errorf("sweep: %v", err)
			}
			_, _ = signInForClock(t.Context(), wrong) // refused on PostgreSQL
		}
		if _, err := right.Refresh(t.Context(), tokens.Refresh, identity.Origin{Address: anywhere}); err != nil {
			t.Errorf("a refresh token was removed: %v", err)
		}
		if err := operator.New(right).Sweep(t.Context()); err != nil {
			t.Errorf("with the right clock: %v", err)
		}
	})
}

// dueWork inserts a job that needs a server, and a mail that has not expired.
func dueWork(t *testing.T, url string) {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.InsertJob(t.Context(), fleet.Job{Kind: fleet.JobMigration, State: fleet.JobPlanning, User: 1, Workspace: 10}); err != nil {
			return err
		}
		return tx.InsertMail(t.Context(), fleet.Mail{UID: "1", Kind: fleet.MailInvitation, Recipient: "b@example.com", Secret: "key", Expires: tx.Now().Add(time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A server whose clock is wrong leaves jobs and mails to the others: it would take their leases,
// start jobs before their time, and give up mails that have not expired.
func TestWrongClockTakesNoWork(t *testing.T) {
	t.Parallel()
	url := kit.Postgres.URL(t)
	right, _ := serverAt(t, url, 0)
	if _, err := operator.New(right).ApplyWorld(t.Context(), parseWorld(t, clockWorld)); err != nil {
		t.Fatal(err)
	}
	dueWork(t, url)
	for _, ahead := range []time.Duration{40 * 24 * time.Hour, 61 * time.Minute, -61 * time.Minute, 0} {
		c, _ := serverAt(t, url, ahead)
		lease, took, err := c.ClaimJob(t.Context(), "a server")
		if err != nil || took != (ahead == 0) {
			t.Errorf("%v ahead: it takes the job %v: %t, %v", ahead, lease, took, err)
		}
		mail, took, err := operator.New(c).NextMail(t.Context())
		if err != nil || took != (ahead == 0) {
			t.Errorf("%v ahead: it takes the mail %v: %t, %v", ahead, mail.UID, took, err)
		}
	}
}

// The size of the difference decides what the server does.
func TestClockAgainstPostgres(t *testing.T) {
	t.Parallel()
	url := kit.Postgres.URL(t)
	right, _ := serverAt(t, url, 0)
	if _, err := operator.New(right).ApplyWorld(t.Context(), parseWorld(t, clockWorld)); err != nil {
		t.Fatal(err)
	}
	tokens, err := signInForClock(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ahead  time.Duration
		log    string
		refuse bool
	}{
		{0, "", false},
		{30 * time.Second, "", false},
		{3 * time.Minute, "level=WARN", false},
		{-3 * time.Minute, "level=WARN", false},
		{61 * time.Minute, "level=ERROR", true},
		{-61 * time.Minute, "level=ERROR", true},
	} {
		t.Run(tt.ahead.String(), func(t *testing.T) {
			c, log := serverAt(t, url, tt.ahead)
			if err := operator.New(c).CheckClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := log.String(); tt.log == "" && got != "" || !strings.Contains(got, tt.log) {
				t.Errorf("it logs %q, want %q", got, tt.log)
			}
			_, bearer := c.VerifyToken(t.Context(), tokens.Bearer)
			for what, err := range map[string]error{
				"a bearer": bearer, "an authentication": c.CountAttempt(t.Context(), identity.Origin{Address: anywhere}), "readiness": c.Ready(t.Context()),
			} {
				if refused := fleet.CodeOf(err) == fleet.Unavailable; refused != tt.refuse {
					t.Errorf("%s: %v, want Unavailable: %t", what, err, tt.refuse)
				}
			}
		})
	}
}

// An entry that was written with a fast clock prevents sign-ins, until the operator does what
// the message says.
func TestAnEntryOfTheFuture(t *testing.T) {
	t.Parallel()
	url := kit.SQLite.URL(t)
	fast, _ := serverAt(t, url, 2*time.Hour)
	if _, err := operator.New(fast).ApplyWorld(t.Context(), parseWorld(t, clockWorld)); err != nil {
		t.Fatal(err)
	}
	if _, err := signInForClock(t.Context(), fast); err != nil {
		t.Fatal(err)
	}
	right, log := serverAt(t, url, 0)
	if err := right.CountAttempt(t.Context(), identity.Origin{Address: anywhere}); fleet.CodeOf(err) != fleet.Unavailable {
		t.Errorf("an authentication: %v", err)
	}
	if err := operator.New(right).CheckClock(t.Context()); err != nil || !strings.Contains(log.String(), "run `simferry keys rotate`") {
		t.Errorf("%v, log %s", err, log)
	}
	if _, err := operator.New(right).RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, _ := serverAt(t, url, 0)
	if _, err := signInForClock(t.Context(), again); err != nil || again.Ready(t.Context()) != nil {
		t.Errorf("after the restart: %v, %v", err, again.Ready(t.Context()))
	}
}

// SQLite has no clock, so the audit log is compared: a database without recent writes is not an
// error, and a clock that is behind the last entry by an hour is.
func TestClockAgainstSQLite(t *testing.T) {
	t.Parallel()
	url := kit.SQLite.URL(t)
	right, _ := serverAt(t, url, 0)
	if _, err := operator.New(right).ApplyWorld(t.Context(), parseWorld(t, clockWorld)); err != nil {
		t.Fatal(err)
	}
	tokens, err := signInForClock(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	for ahead, refuse := range map[time.Duration]bool{5 * 24 * time.Hour: false, -50 * time.Minute: false, -61 * time.Minute: true} {
		c, log := serverAt(t, url, ahead)
		if err := operator.New(c).CheckClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if refuse != strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%v: it logs %q", ahead, log)
		}
		_, bearer := c.VerifyToken(t.Context(), tokens.Bearer)
		for what, err := range map[string]error{
			"a bearer": bearer, "an authentication": c.CountAttempt(t.Context(), identity.Origin{Address: anywhere}), "readiness": c.Ready(t.Context()),
		} {
			if refused := fleet.CodeOf(err) == fleet.Unavailable; refused != refuse {
				t.Errorf("%v: %s: %v, want Unavailable: %t", ahead, what, err, refuse)
			}
		}
		if err := operator.New(c).Sweep(t.Context()); (err != nil) != refuse {
			t.Errorf("%v: sweep: %v", ahead, err)
		}
	}
}

// A clock that is set back while the server runs is found, even if entries have been written
// since.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	var back atomic.Int64
	s, err := store.Open(t.Context(), kit.SQLite.URL(t), store.Options{CompareClock: true, Clock: func() time.Time {
		return time.Now().Add(-time.Duration(back.Load()))
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := control.New(t.Context(), s, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	rotateAndCheck := func() error {
		if _, err := operator.New(c).RotateKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := operator.New(c).CheckClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.ClockWorks()
	}
	if err := rotateAndCheck(); err != nil {
		t.Errorf("the right clock: %v", err)
	}
	back.Store(int64(2 * time.Hour))
	if err := rotateAndCheck(); err == nil {
		t.Error("two hours back are not found")
	}
}

// A clock that is set ahead while the server runs is found, whatever rows the database had at the
// start: none, or rows of the future, which an earlier clock has left.
func TestClockIsSetAhead(t *testing.T) {
	t.Parallel()
	url := kit.SQLite.URL(t)
	for _, before := range []string{"no rows", "rows of the future"} {
		var ahead atomic.Int64
		s, err := store.Open(t.Context(), url, store.Options{CompareClock: true, Clock: func() time.Time {
			return time.Now().Add(time.Duration(ahead.Load()))
		}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := control.New(t.Context(), s, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		o := operator.New(c)
		if err := o.Sweep(t.Context()); err != nil {
			t.Errorf("with the right clock: %v", err)
		}
		ahead.Store(int64(40 * 24 * time.Hour))
		if err := o.Sweep(t.Context()); err == nil {
			t.Errorf("a clock that was set ahead by 40 days is trusted, after %s", before)
		}
		ahead.Store(int64(20 * 365 * 24 * time.Hour))
		_, err = o.ApplyWorld(t.Context(), parseWorld(t, clockWorld+`sims: [{id: 250, iccid: "8988303000000000129", workspace: 10}]`))
		ahead.Store(0)
		_, rotated := o.RotateKey(t.Context()) // as the log says
		if err := errors.Join(err, rotated, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
