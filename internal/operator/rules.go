package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// Rules returns every rule: those of the installation first, then those of Workspaces.
func (o Operator) Rules(ctx context.Context) (list []fleet.Rule, err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		set, err := tx.RuleSet(ctx)
		if err == nil {
			list = set.Rules
		}
		return err
	})
	return list, err
}

// ApplyRules replaces the rules of the installation, and returns them as they are stored.
func (o Operator) ApplyRules(ctx context.Context, rules []fleet.Rule) (stored []fleet.Rule, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		change := control.RuleChange{Rules: rules}
		if stored, err = change.Store(ctx, tx); err != nil {
			return err
		}
		return o.audit(ctx, tx, change.Audit())
	})
	return stored, err
}

// maxRuleHistory is how many versions RuleHistory returns.
const maxRuleHistory = 100

// RuleVersion is a version of the rules of the installation.
type RuleVersion struct {
	Version int64
	At      time.Time
	Rules   string // JSON, as stored
}

// RuleHistory returns the newest versions of the rules of the installation, the newest first.
func (o Operator) RuleHistory(ctx context.Context) (list []RuleVersion, err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		list = nil
		stored, err := tx.RuleHistory(ctx, 0, maxRuleHistory)
		for _, v := range stored {
			list = append(list, RuleVersion{v.Version, v.At, v.Rules})
		}
		return err
	})
	return list, err
}
