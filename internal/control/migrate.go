package control

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Migrated is the result of a real run.
type Migrated struct {
	Plan *fleet.Plan
	ID   fleet.MigrationID
}

// PreviewMigration returns what a real run would do, and changes nothing. It reads the caller
// of a verified token together with the snapshot, in one round trip on PostgreSQL. The
// Principal is valid, for logs, if the caller is known but the plan is refused.
//
// Permission: MigrateSIMs. Errors: those of Authenticate and of fleet.PlanMigration.
func (c *Control) PreviewMigration(ctx context.Context, claims identity.Claims, from identity.Origin, req fleet.MigrationRequest) (identity.Principal, *fleet.Plan, error) {
	if claims.AppToken != 0 { // application tokens cannot move SIMs
		who, err := c.Authenticate(ctx, claims, from)
		return who, nil, cmp.Or(err, who.Require(identity.MigrateSIMs), errOnlyUsers)
	}
	session, found, snap, err := c.store.BearerPreview(ctx, bearerOf(claims), req)
	if err != nil {
		return identity.Principal{}, nil, err
	}
	who, err := c.userPrincipal(claims, session, found)
	c.recordEnded(ctx, claims, from, err)
	who.Origin = from
	if err == nil {
		err = who.Require(identity.MigrateSIMs)
	}
	if err != nil {
		return who, nil, err
	}
	plan, err := fleet.PlanMigration(req, snap)
	return who, plan, err
}

var errOnlyUsers error = fleet.Errorf(fleet.Forbidden, "Only users can migrate SIMs, not application tokens")

// Run is a request to migrate SIMs for real.
type Run struct {
	Request fleet.MigrationRequest
	Preview *fleet.Preview // if set, the run moves exactly what was previewed
	Once    Once
	// Render encodes the result: exactly one of the two is set. It runs in the transaction,
	// because the response is stored with the change.
	Render func(Migrated, *fleet.Conflicts) Reply
	// RefusedWorkspaces returns the Workspaces of the SIMs that a refusal names, read from the output of
	// Render.
	RefusedWorkspaces func(Reply) []fleet.WorkspaceID
}

// Migrate moves all of the SIMs or none. It also releases their devices and writes their events
// and their ledger entry. A refusal by the rules is a Reply as well, because it is stored under
// an idempotency key like a success.
//
// Permission: MigrateSIMs. Errors: *Stale; NotFound as for fleet.PlanMigration; those of Once.
func (c *Control) Migrate(ctx context.Context, who identity.Principal, run Run) (r Reply, replayed bool, err error) {
	if err := who.Require(identity.MigrateSIMs); err != nil {
		return Reply{}, false, err
	}
	m := migrationRun{run: run, uid: uuid.NewString()} // all attempts of the transaction share the uid
	run.Once.rights, run.Once.anywhere, run.Once.selects = m.mayReplay, true, &run.Request.Select
	started := time.Now()
	r, replayed, err = c.once(ctx, who, identity.MigrateSIMs, run.Once, func(tx *store.Tx, who identity.Principal) (answer, error) {
		m.who = who
		done, err := m.attempt(ctx, tx)
		m.done = Migrated{}
		var refusal *fleet.Conflicts
		switch {
		case err == nil:
			m.done = done
			return answer{run.Render(done, nil), done.ID, true}, nil
		case errors.As(err, &refusal):
			return answer{run.Render(Migrated{}, refusal), 0, true}, nil
		}
		return answer{}, err
	})
	if err == nil && !replayed && m.done.Plan != nil {
		c.logMigration(who, m.done, time.Since(started))
	}
	return r, replayed, err
}

// logMigration logs a committed migration with its counts, in one line.
func (c *Control) logMigration(who identity.Principal, done Migrated, took time.Duration) {
	released, suspended := 0, 0
	for _, s := range done.Plan.SIMs {
		if s.Device != 0 {
			released++
		}
		if s.Status.AfterMigration() != s.Status {
			suspended++
		}
	}
	c.log.Info("migrated", "migration", int64(done.ID), "sims", len(done.Plan.SIMs), "released", released, "suspended", suspended,
		"target", int64(done.Plan.Target.ID), "user", int64(who.User), "request", who.Origin.RequestID, "took", took)
}

// migrationRun holds the state of one real run over all attempts of its transaction.
type migrationRun struct {
	who  identity.Principal
	run  Run
	uid  string
	done Migrated // the result, once it is committed
	last Migrated // the result of the last attempt, which counts if its commit succeeded
}

func (m *migrationRun) attempt(ctx context.Context, tx *store.Tx) (Migrated, error) {
	snap, err := tx.Snapshot(ctx, caller(m.who), m.run.Request, true)
	if err != nil {
		return Migrated{}, err
	}
	// After locking: an attempt with an unknown outcome has ended by now.
	if tx.Unsure() {
		if _, happened, err := tx.EntryByUID(ctx, m.uid); err != nil || happened {
			return m.last, err
		}
	}
	plan, refusal := fleet.PlanMigration(m.run.Request, snap)
	if m.run.Preview != nil && !targetUnknown(m.run.Request, snap) {
		if err := compare(ctx, tx, caller(m.who), m.run, snap, plan); err != nil {
			return Migrated{}, err
		}
	}
	if refusal != nil {
		return Migrated{}, refusal
	}
	id, err := tx.Apply(ctx, change(plan, m.who, m.uid, about{}))
	m.last = Migrated{plan, id}
	return m.last, err
}

// mayReplay checks a repetition like the first request. An Administrator who was removed since
// must not see the stored response; and if it is a refusal that names SIMs, the caller must
// still be a member of their Workspaces.
func (m *migrationRun) mayReplay(ctx context.Context, tx *store.Tx, who identity.Principal, key store.Key, r Reply) error {
	sides, err := tx.ReplaySides(ctx, key)
	if err != nil {
		return err
	}
	var told []fleet.WorkspaceID
	if len(sides) == 0 {
		told = m.run.RefusedWorkspaces(r)
	}
	target := m.run.Request.Target
	standings, err := tx.Standings(ctx, who.User, slices.Concat(sides, told, []fleet.WorkspaceID{target}))
	if err != nil {
		return err
	}
	if !standings[target].Role.Administers() {
		missing := fleet.Missing("workspace", int64(target))
		missing.Problems = []fleet.Problem{{Code: fleet.NotFound, Message: missing.Message}} // the same response as to a first request
		return missing
	}
	for _, id := range sides {
		if !standings[id].Role.Administers() {
			return fleet.Errorf(fleet.Forbidden, "You no longer administer a Workspace of this migration")
		}
	}
	for _, id := range told {
		if standings[id].Role == fleet.NoRole {
			return fleet.Errorf(fleet.Forbidden, "You no longer belong to a Workspace of these SIMs")
		}
	}
	return nil
}

// targetUnknown is checked before the response reveals anything else.
func targetUnknown(req fleet.MigrationRequest, snap fleet.Snapshot) bool {
	return !snap.Workspaces[req.Target].Role.Administers()
}
