package httpapi_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// beginTransaction begins a second transaction, which the test must end.
func beginTransaction(s *kit.Server, statements ...string) *sql.Tx {
	s.T.Helper()
	tx, err := s.SQL().BeginTx(s.T.Context(), nil)
	mustNot(s.T, err)
	for _, text := range statements {
		_, err := tx.ExecContext(s.T.Context(), text)
		mustNot(s.T, err)
	}
	return tx
}

// blockedWithin is much longer than a transaction waits for a lock.
const blockedWithin = 30 * time.Second

// blocked waits until a number of transactions wait for a lock, and keep what they have locked:
// a first attempt waits for a moment only, and gives up its locks then. SQLite does not show
// this: there, every write waits while the test's transaction is open.
func awaitBlocked(s *kit.Server, e kit.Engine, n int) {
	s.T.Helper()
	if e == kit.SQLite {
		return
	}
	ctx := s.T.Context()
	conn, err := pgx.Connect(ctx, s.DB)
	mustNot(s.T, err)
	defer func() { _ = conn.Close(ctx) }()
	for waiting, since := -1, time.Now(); waiting != n; {
		if time.Since(since) > blockedWithin {
			s.T.Fatalf("%d transactions wait for a lock, want %d", waiting, n)
		}
		err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '150 ms'").Scan(&waiting)
		mustNot(s.T, err)
	}
}

// sendAsync sends a request in the background.
func sendAsync(send func() *kit.Answer) <-chan *kit.Answer {
	done := make(chan *kit.Answer, 1)
	go func() { done <- send() }()
	return done
}

// A write waits for a concurrent revocation of its permission, and is then refused.
func TestAWriteWaitsForARevocation(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		made := newApplicationToken(s, control.NewToken{})
		for name, test := range map[string]struct {
			text   string
			c      *kit.Client
			status int
		}{
			"user":       {fmt.Sprintf("UPDATE users SET status = 2 WHERE id = %d", kit.PlainUserID), s.As("user@example.com"), http.StatusUnauthorized},
			"membership": {fmt.Sprintf("UPDATE memberships SET status = 2 WHERE user_id = %d AND workspace_id = %d", kit.AdminID, kit.FleetDE), s.As("admin@example.com"), http.StatusUnauthorized},
			"token":      {fmt.Sprintf("UPDATE application_tokens SET status = 1 WHERE id = %d", made.ID), application(s, made), http.StatusUnauthorized},
		} {
			t.Run(name, func(t *testing.T) {
				before := s.Dump()["sims"]
				revoking := beginTransaction(s, test.text)
				answer := sendAsync(func() *kit.Answer { return currentWorkspace(t, test.c).Patch(simURL(kit.IssuedSIM), toStatus(1)) })
				awaitBlocked(s, e, 1)
				mustNot(t, revoking.Commit())
				if got := <-answer; got.Status != test.status {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if after := s.Dump()["sims"]; fmt.Sprint(after) != fmt.Sprint(before) {
					t.Error("a SIM has changed")
				}
			})
		}
	})
}

// What is decided stays true until it is written: a revocation waits for the writes that came
// first. Those that come later wait for the revocation, so that continuous writes cannot delay
// it.
func TestARevocationWaitsForAWrite(t *testing.T) {
	s := kit.StartFerry(t, kit.Postgres)
	other := kit.StartOn(t, s.DB, s.Clock) // a server lets two transactions wait for locks
	made := newApplicationToken(s, control.NewToken{})
	op := operator.New(s.Control)
	for name, test := range map[string]struct {
		revoke  func() error
		program bool
		later   int // the answer to a write that comes later
	}{
		"suspension": {revoke: func() error {
			suspended := fleet.UserSuspended
			_, err := op.ChangeUser(t.Context(), "user@example.com", operator.UserPatch{Status: &suspended})
			return err
		}, later: http.StatusUnauthorized},
		"password": {revoke: func() error { return op.SetPassword(t.Context(), "user@example.com", kit.Password) }, later: http.StatusUnauthorized},
		"role": {revoke: func() error {
			_, err := op.SetRole(t.Context(), "user@example.com", kit.FleetDE, fleet.Observer, fleet.UserActive)
			return err
		}, later: http.StatusForbidden},
		"membership": {revoke: func() error {
			s.As("admin@example.com").Do(http.MethodDelete, memberURL(kit.PlainUserID, kit.FleetDE), nil).Is(http.StatusNoContent)
			return nil
		}, later: http.StatusForbidden},
		"logout": {revoke: func() error {
			logout(s.As("user@example.com"), nil).Is(http.StatusNoContent)
			return nil
		}, later: http.StatusUnauthorized},
		"everywhere": {revoke: func() error {
			logout(s.As("user@example.com"), object{"everywhere": true}).Is(http.StatusNoContent)
			return nil
		}, later: http.StatusUnauthorized},
		"token": {revoke: func() error {
			s.As("admin@example.com").Patch(fmt.Sprintf("/api/v1/application_token/%d", made.ID), object{"status": object{"id": 1}}).Is(http.StatusNoContent)
			return nil
		}, program: true, later: http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			s.SetStatus(kit.PlainUserID, fleet.UserActive)
			s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Member)
			s.Exec("UPDATE sims SET status = 2 WHERE id IN (251, 253)")
			s.SignOut()
			s.As("admin@example.com")
			caller := currentWorkspace(t, s.As("user@example.com"))
			if test.program {
				caller = currentWorkspace(t, application(s, made))
			}
			holder := beginTransaction(s, "SELECT 1 FROM sims WHERE id IN (251, 253) FOR UPDATE")
			first := sendAsync(func() *kit.Answer { return caller.Patch(simURL(kit.SuspendedSIM), toStatus(1)) })
			awaitBlocked(s, kit.Postgres, 1)
			revoked := make(chan error, 1)
			go func() { revoked <- test.revoke() }()
			awaitBlocked(s, kit.Postgres, 2)
			later := sendAsync(func() *kit.Answer { return onServer(other, caller).Patch(simURL(kit.ActivatedSIM), toStatus(1)) })
			awaitBlocked(s, kit.Postgres, 3)
			mustNot(t, holder.Commit())
			(<-first).Is(http.StatusNoContent)
			mustNot(t, <-revoked)
			(<-later).Is(test.later)
		})
	}
}

// A migration comes in before its target is suspended, or changes country, or not at all.
func TestATargetChangesBeforeOrAfterAMigration(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		for name, test := range map[string]struct {
			text string
			code int
			send func(c *kit.Client) *kit.Answer
		}{
			"suspended": {fmt.Sprintf("UPDATE workspaces SET status = 1 WHERE id = %d", kit.FleetFR), 1509, func(c *kit.Client) *kit.Answer {
				return c.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)))
			}},
			"Brazilian target": {fmt.Sprintf("UPDATE workspaces SET country = 'BR' WHERE id = %d", kit.FleetFR), 1505, func(c *kit.Client) *kit.Answer {
				return c.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)))
			}},
			"Brazilian source": {fmt.Sprintf("UPDATE workspaces SET country = 'BR' WHERE id = %d", kit.FleetDE), 1505, func(c *kit.Client) *kit.Answer {
				return c.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)))
			}},
			"given away": {fmt.Sprintf("UPDATE workspaces SET status = 1 WHERE id = %d", kit.FleetFR), 1509, func(*kit.Client) *kit.Answer {
				return s.As("issuer@example.com").Patch(simURL(kit.ActivatedSIM), object{"customer_org": object{"id": kit.FleetFR}})
			}},
		} {
			t.Run(name, func(t *testing.T) {
				s.Exec("UPDATE workspaces SET status = 0, country = 'FR' WHERE id IN (100, 200)")
				changing := beginTransaction(s, test.text)
				answer := sendAsync(func() *kit.Answer { return test.send(currentWorkspace(t, admin)) })
				awaitBlocked(s, e, 1)
				mustNot(t, changing.Commit())
				got := <-answer
				var refusal api.MigrationConflict
				got.Is(http.StatusConflict).JSON(&refusal)
				if len(refusal.Errors) != 1 || refusal.Errors[0].ErrorCode != test.code {
					t.Errorf("%s", got.Body)
				}
			})
		}
	})
}

// The operator's change of a Workspace waits for an earlier migration, and sees its SIMs.
func TestAWorkspaceChangeWaitsForAMigration(t *testing.T) {
	s := kit.StartFerry(t, kit.Postgres)
	admin := s.As("admin@example.com")
	s.Exec(fmt.Sprintf("DELETE FROM sims WHERE workspace_id = %d", kit.FleetUS))
	holder := beginTransaction(s, "LOCK TABLE ledger IN SHARE MODE") // where a migration writes first
	answer := sendAsync(func() *kit.Answer { return admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.ActivatedSIM))) })
	awaitBlocked(s, kit.Postgres, 1)
	changed := make(chan error, 1)
	go func() {
		brazil := "BR"
		_, err := operator.New(s.Control).ChangeWorkspace(t.Context(), kit.FleetUS, operator.WorkspacePatch{Country: &brazil})
		changed <- err
	}()
	awaitBlocked(s, kit.Postgres, 2)
	later := sendAsync(func() *kit.Answer {
		return onServer(kit.StartOn(t, s.DB, s.Clock), admin).Post(migration, realRun(migrationTo(kit.FleetUS, 1000)))
	})
	awaitBlocked(s, kit.Postgres, 3)
	mustNot(t, holder.Commit())
	(<-answer).Is(http.StatusOK)
	if err := <-changed; fleet.CodeOf(err) != fleet.InUse {
		t.Errorf("the country of a Workspace that has just got SIMs: %v", err)
	}
	(<-later).Is(http.StatusOK)
}

// Writes that change their caller, or each other's callers, queue. A deadlock would end only
// after the request's time is up: this server looks for deadlocks very late.
func TestWritesOfTheSameCallerQueue(t *testing.T) {
	s := kit.StartOn(t, kit.Postgres.FerryURL(t)+"&deadlock_timeout=60s", kit.NewClock())
	s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Administrator)
	admin, other := s.As("admin@example.com"), s.As("user@example.com")
	role := func(c *kit.Client, user int) *kit.Answer {
		return c.Do(http.MethodPut, fmt.Sprintf("/api/v2/user/%d/workspace/100/role/2", user), nil)
	}
	var all []<-chan *kit.Answer
	for i := range 12 {
		for _, send := range []func() *kit.Answer{
			func() *kit.Answer { return admin.Patch("/api/v1/user/my", object{"name": fmt.Sprint("A", i)}) },
			func() *kit.Answer { return role(admin, kit.PlainUserID) },
			func() *kit.Answer { return role(other, kit.AdminID) },
			func() *kit.Answer {
				return admin.Do(http.MethodPut, fmt.Sprintf("/api/v2/user/my/default_organisation/%d", kit.FleetFR), nil)
			},
			func() *kit.Answer { return admin.Patch(simURL(kit.IssuedSIM), toStatus(1)) },
			func() *kit.Answer {
				return admin.Post("/api/v2/user/invitation", object{"username": fmt.Sprintf("n%d@example.com", i)})
			},
			func() *kit.Answer { return admin.In(kit.FleetFR).Get(whoami) },
		} {
			all = append(all, sendAsync(send))
		}
	}
	for _, answer := range all {
		if got := <-answer; got.Status >= http.StatusMultipleChoices {
			t.Errorf("%s: %d %s", got.Request, got.Status, got.Body)
		}
	}
}
