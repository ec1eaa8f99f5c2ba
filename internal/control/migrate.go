package control

import (
	"cmp"
	"context"
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
		caller, err := c.Authenticate(ctx, claims, from)
		return caller, nil, cmp.Or(err, caller.Require(identity.MigrateSIMs), errOnlyUsers)
	}
	session, found, snap, err := c.store.BearerPreview(ctx, bearerOf(claims), req)
	if err != nil {
		return identity.Principal{}, nil, err
	}
	caller, err := c.userPrincipal(claims, session, found)
	c.recordEnded(ctx, claims, from, err)
	caller.Origin = from
	if err == nil {
		err = caller.Require(identity.MigrateSIMs)
	}
	if err != nil {
		return caller, nil, err
	}
	plan, err := fleet.PlanMigration(req, snap)
	c.moves.count("preview", outcomeOf(err), simsOf(plan, err))
	return caller, plan, err
}

var errOnlyUsers error = fleet.Errorf(fleet.Forbidden, "Only users can migrate SIMs, not application tokens")

// Run is a request to migrate SIMs for real.
type Run struct {
	Request fleet.MigrationRequest
	Preview fleet.Previews // if set, the run moves exactly what was previewed
}

// Migrate moves all of the SIMs or none. It also releases their devices and writes their events
// and their ledger entry. A refusal by the rules is stored under an idempotency key like a
// success.
//
// Permission: MigrateSIMs. Errors: *Stale; NotFound as for fleet.PlanMigration; those of once.
func (c *Control) Migrate(ctx context.Context, caller identity.Principal, run Run, w Write[Migrated]) (Reply, error) {
	if err := run.Request.Note.Check(); err != nil {
		return Reply{}, err
	}
	m := migrationRun{run: run, uid: uuid.NewString()} // all attempts of the transaction share the uid
	g := guard{need: identity.MigrateSIMs, replay: m.mayReplay, anywhere: true, selects: &m.run.Request.Select}
	started := time.Now()
	r, err := once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[Migrated], error) {
		err := m.attempt(ctx, tx, caller)
		return result[Migrated]{value: m.done, entry: m.done.ID}, err
	})
	if err == nil && !r.Replayed && m.done.Plan != nil {
		c.logMigration(caller, m.done, time.Since(started))
	}
	switch {
	case err != nil:
		c.moves.count("run", outcomeOf(err), 0)
	case r.Replayed:
		c.moves.count("run", "repeated", 0)
	case m.done.Plan == nil:
		c.moves.count("run", "refused", 0)
	default:
		c.moves.count("run", "accepted", len(m.done.Plan.SIMs))
	}
	return r, err
}

// logMigration logs a committed migration with its counts, in one line.
func (c *Control) logMigration(caller identity.Principal, done Migrated, took time.Duration) {
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
		"target", int64(done.Plan.Target.ID), "user", int64(caller.User), "request", caller.Origin.RequestID, "took", took)
}

// migrationRun holds the state of one real run over all attempts of its transaction.
type migrationRun struct {
	run  Run
	uid  string
	done Migrated // by the last attempt; zero if that was refused
}

func (m *migrationRun) attempt(ctx context.Context, tx *store.Tx, caller identity.Principal) error {
	m.done = Migrated{}
	snap, err := tx.Snapshot(ctx, storeCaller(caller), m.run.Request, true)
	if err != nil {
		return err
	}
	plan, refusal := fleet.PlanMigration(m.run.Request, snap)
	if m.run.Preview != nil && !targetUnknown(m.run.Request, snap) {
		if err := compare(ctx, tx, storeCaller(caller), m.run, snap, plan); err != nil {
			return err
		}
	}
	if refusal != nil {
		return refusal
	}
	id, err := apply(ctx, tx, plan, caller, m.uid, about{note: m.run.Request.Note})
	if err == nil {
		m.done = Migrated{plan, id}
	}
	return err
}

// mayReplay checks a repetition like the first request. An Administrator who was removed since
// must not see the stored response; and if it is a refusal that names SIMs, the caller must
// still be a member of their Workspaces.
func (m *migrationRun) mayReplay(ctx context.Context, tx *store.Tx, caller identity.Principal, s store.Stored) (err error) {
	var sides []fleet.WorkspaceID
	switch {
	case s.Entry != 0:
		sides, err = tx.Sides(ctx, s.Entry)
	case !s.NamedKnown:
		err = usedBefore()
	}
	if err != nil {
		return err
	}
	target := m.run.Request.Target
	standings, err := tx.Standings(ctx, caller.User, slices.Concat(sides, s.Named, []fleet.WorkspaceID{target}))
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
	for _, id := range s.Named {
		if standings[id].Role == fleet.NoRole {
			return fleet.Errorf(fleet.Forbidden, "You no longer belong to a Workspace of these SIMs")
		}
	}
	return nil
}

// usedBefore refuses to repeat a refusal of an earlier version, which did not store the
// Workspaces that it names.
func usedBefore() error {
	return fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used before the server was upgraded; choose a new one")
}

// targetUnknown refuses an unknown target before the response reveals anything else.
func targetUnknown(req fleet.MigrationRequest, snap fleet.Snapshot) bool {
	return !snap.Workspaces[req.Target].Role.Administers()
}
