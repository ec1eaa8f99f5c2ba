package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Rules returns the rules of the installation, and those of the Workspaces that the caller is a
// member of; an application token sees those of its Workspace.
//
// Permission: ReadMigrations.
func (c *Control) Rules(ctx context.Context, caller identity.Principal) (list []fleet.Rule, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		list, err = seenRules(ctx, tx, caller)
		return err
	})
	return list, err
}

// seenRules reads the rules that the caller may see.
func seenRules(ctx context.Context, tx *store.Tx, caller identity.Principal) (list []fleet.Rule, err error) {
	set, err := tx.RuleSet(ctx)
	if err != nil {
		return nil, err
	}
	mine := map[fleet.WorkspaceID]bool{0: true, caller.Workspace: true}
	if caller.User != 0 {
		var owners []fleet.WorkspaceID
		for _, r := range set.Rules {
			owners = append(owners, r.Workspace)
		}
		standings, err := tx.Standings(ctx, caller.User, fleet.Once(owners))
		if err != nil {
			return nil, err
		}
		for id, s := range standings {
			mine[id] = s.Role != fleet.NoRole
		}
	}
	for _, r := range set.Rules {
		if mine[r.Workspace] {
			list = append(list, r)
		}
	}
	return list, nil
}

// MadeRule is a rule with the origin of its contents.
type MadeRule struct {
	fleet.Rule
	Owner string    // the name of its Workspace, "" for the installation
	Made  time.Time // zero if it came with the program
	By    string    // the user, "" for the operator
}

// MadeRules returns what Rules returns, with the origin of each rule.
//
// Permission: ReadMigrations.
func (c *Control) MadeRules(ctx context.Context, caller identity.Principal) (list []MadeRule, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		list = nil
		rules, err := seenRules(ctx, tx, caller)
		if err != nil {
			return err
		}
		versions := make([]int64, len(rules))
		for i, r := range rules {
			versions[i] = r.Version
		}
		origins, err := tx.RuleOrigins(ctx, fleet.Once(versions))
		for _, r := range rules {
			o := origins[r.Version]
			list = append(list, MadeRule{Rule: r, Owner: o.Owner, Made: o.At, By: o.Username})
		}
		return err
	})
	return list, err
}

// NewRules are rules that replace all rules of an owner.
type NewRules struct {
	Rules []json.RawMessage
	Tag   string // If-Match: the entity tag of the rules that they replace; "" for any
}

// SetRules replaces the rules of the caller's Workspace. They can only restrict it: the rules of
// the installation and of other Workspaces apply as well.
//
// Permission: ManageWorkspace. Errors: BadRequest that names the rule and its property;
// PreconditionStale if the rules are not those of Tag any more; those of once.
func (c *Control) SetRules(ctx context.Context, caller identity.Principal, n NewRules, w Write[[]fleet.Rule]) (Reply, error) {
	rules, err := fleet.CheckRules(caller.Workspace, n.Rules)
	if err != nil {
		return Reply{}, err
	}
	return once(ctx, c, caller, guard{need: identity.ManageWorkspace}, w, func(tx *store.Tx, caller identity.Principal) (done result[[]fleet.Rule], err error) {
		version := RuleChange{Owner: caller.Workspace, User: caller.User, Rules: rules, Tag: n.Tag}
		if done.value, err = version.Store(ctx, tx); err != nil {
			return done, err
		}
		return done, audit(ctx, tx, caller, version.Audit())
	})
}

// RuleChange is a new version of the rules of an owner.
type RuleChange struct {
	Owner   fleet.WorkspaceID // 0 for the installation
	User    fleet.UserID      // 0 for the operator
	Rules   []fleet.Rule
	Tag     string // the entity tag of the rules before, "" for any
	version int64
}

// Store writes the version, and returns the rules as they are stored.
//
// Errors: PreconditionStale if the rules before are not those of Tag.
func (r *RuleChange) Store(ctx context.Context, tx *store.Tx) ([]fleet.Rule, error) {
	set, err := tx.LockRules(ctx)
	if err != nil {
		return nil, err
	}
	before := set.Of(r.Owner)
	if err := fleet.MatchRules(r.Tag, before); err != nil {
		return nil, err
	}
	r.version = set.Version + 1
	rules := fleet.NextRules(before, r.Rules, r.version)
	text, err := json.Marshal(rules)
	if err != nil {
		return nil, err
	}
	return rules, tx.InsertRules(ctx, store.RuleVersion{Version: r.version, Workspace: r.Owner, User: r.User, Rules: string(text)})
}

// Audit returns the audit entry of the version.
func (r *RuleChange) Audit() fleet.AuditEntry {
	e := fleet.AuditEntry{Action: fleet.AuditRulesChanged, Subject: fleet.Subject("rule_set", r.version)}
	if r.Owner != 0 {
		e.Workspaces = []fleet.WorkspaceID{r.Owner}
	}
	return e
}
