package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// ruleCache has the rule set that was used last. A version never changes.
type ruleCache struct{ last atomic.Pointer[fleet.RuleSet] }

func (c *ruleCache) copy() *ruleCache {
	var made ruleCache
	made.last.Store(c.last.Load())
	return &made
}

// ruleVersion returns the statement that reads the newest version of the rule set.
func ruleVersion(version *int64) statement {
	return statement{"SELECT COALESCE(MAX(version), 0) FROM rule_sets", nil, func(r rows) error { return r.Scan(version) }}
}

// ruleRows are the newest rules of each owner, as of a version.
const ruleRows = `SELECT r.version, COALESCE(r.workspace_id, 0), r.at, COALESCE(r.user_id, 0), r.rules FROM rule_sets r
	WHERE r.version <= $1 AND NOT EXISTS (SELECT 1 FROM rule_sets n WHERE n.version <= $1 AND n.version > r.version
		AND COALESCE(n.workspace_id, 0) = COALESCE(r.workspace_id, 0)) ORDER BY r.version`

// ruleSet returns a version of the rule set. It reads the version only if it is not the last one
// that this process has read.
func (tx *Tx) ruleSet(ctx context.Context, version int64) (*fleet.RuleSet, error) {
	if last := tx.rules.last.Load(); last != nil && last.Version == version {
		return last, nil
	}
	var rules []fleet.Rule
	err := tx.queryEach(ctx, ruleRows, []any{version}, func(r rows) error {
		v, err := scanRuleVersion(r)
		rules = append(rules, fleet.ReadRules(v.Workspace, []byte(v.Rules))...)
		return err
	})
	if err != nil {
		return nil, err
	}
	set := fleet.NewRuleSet(version, rules)
	tx.rules.last.Store(set)
	return set, nil
}

// RuleSet returns the newest version of the rule set.
func (tx *Tx) RuleSet(ctx context.Context) (*fleet.RuleSet, error) {
	var version int64
	if err := tx.batch(ctx, ruleVersion(&version)); err != nil {
		return nil, err
	}
	return tx.ruleSet(ctx, version)
}

// AddRules adds to a snapshot the newest rules and the facts about its SIMs that they need.
func (tx *Tx) AddRules(ctx context.Context, snap *fleet.Snapshot) error {
	set, err := tx.RuleSet(ctx)
	if err != nil {
		return err
	}
	return tx.addRules(ctx, snap, set)
}

// withRules completes a snapshot that was read together with the version of the rule set.
func (tx *Tx) withRules(ctx context.Context, snap fleet.Snapshot, version int64) (fleet.Snapshot, error) {
	set, err := tx.ruleSet(ctx, version)
	if err == nil {
		err = tx.addRules(ctx, &snap, set)
	}
	return snap, err
}

func (tx *Tx) addRules(ctx context.Context, snap *fleet.Snapshot, set *fleet.RuleSet) error {
	snap.Rules.Set, snap.Rules.Now = set, tx.now
	if !set.Needs.Any() || len(snap.SIMs) == 0 {
		return nil
	}
	var reads []statement
	if set.Needs.Facts || set.Needs.Moved {
		reads = append(reads, tx.simFacts(snap, set.Needs.Moved))
	}
	if set.Needs.Today {
		reads = append(reads, tx.movedToday(snap))
	}
	return tx.batch(ctx, reads...)
}

// simFacts returns the statement that reads the facts about SIMs that conditions need.
func (tx *Tx) simFacts(snap *fleet.Snapshot, moved bool) statement {
	snap.Rules.Facts = make(map[fleet.SIMID]fleet.SIMFacts, len(snap.SIMs))
	ids := make([]fleet.SIMID, len(snap.SIMs))
	for i := range snap.SIMs {
		ids[i] = snap.SIMs[i].ID
	}
	last := "0"
	if moved {
		last = `COALESCE((SELECT MAX(m.at) FROM ledger_lines l JOIN ledger m ON m.id = l.ledger_id WHERE l.sim_id = s.id AND m.kind = ` + migrationEntry + `), 0)`
	}
	w := where{tx: tx}
	w.and(w.in("s.id", arrayParam(tx, ids)))
	text := "SELECT s.id, s.model_id, s.issuer_id, COALESCE(s.bic, ''), " + last + " FROM sims s WHERE " + w.String()
	return statement{text, w.args, func(r rows) error {
		var id fleet.SIMID
		var f fleet.SIMFacts
		var at int64
		err := r.Scan(&id, &f.Model, &f.Issuer, &f.Batch, &at)
		if at != 0 {
			f.Moved = fromMicros(at)
		}
		snap.Rules.Facts[id] = f
		return err
	}}
}

// movedToday returns the statement that counts the SIMs that have left the Workspaces of a snapshot
// since midnight (UTC).
func (tx *Tx) movedToday(snap *fleet.Snapshot) statement {
	snap.Rules.Today = make(map[fleet.WorkspaceID]int, len(snap.Workspaces))
	ids := make([]fleet.WorkspaceID, 0, len(snap.Workspaces))
	for id := range snap.Workspaces {
		ids = append(ids, id)
	}
	w := where{tx: tx}
	w.and("m.kind = " + migrationEntry)
	w.and("m.at >= " + w.arg(micros(tx.now.Truncate(24*time.Hour))))
	w.and("v.side = " + sourceSide)
	w.and(w.in("v.workspace_id", arrayParam(tx, ids)))
	text := "SELECT v.workspace_id, SUM(v.sims) FROM ledger m JOIN ledger_sides v ON v.ledger_id = m.id WHERE " + w.String() + " GROUP BY v.workspace_id"
	return statement{text, w.args, func(r rows) error {
		var id fleet.WorkspaceID
		var n int
		err := r.Scan(&id, &n)
		snap.Rules.Today[id] = n
		return err
	}}
}

// RuleVersion is a version of the rules of one owner.
type RuleVersion struct {
	Version   int64
	Workspace fleet.WorkspaceID // 0 for the installation
	At        time.Time
	User      fleet.UserID // 0 for the operator
	Rules     string       // JSON
}

func scanRuleVersion(r rows) (v RuleVersion, err error) {
	var at int64
	err = r.Scan(&v.Version, &v.Workspace, &at, &v.User, &v.Rules)
	v.At = fromMicros(at)
	return v, err
}

// InsertRules stores the rules of an owner as the next version of the rule set. The caller has
// called LockRules in the same transaction.
func (tx *Tx) InsertRules(ctx context.Context, v RuleVersion) error {
	return tx.exec(ctx, "INSERT INTO rule_sets (version, workspace_id, at, user_id, rules) VALUES ($1, $2, $3, $4, $5)",
		v.Version, orNull(v.Workspace), micros(tx.now), orNull(v.User), v.Rules)
}

// LockRules keeps other transactions from adding a version, so that versions are committed in their
// order: a process must never read a version before an earlier one is there. It returns the newest.
func (tx *Tx) LockRules(ctx context.Context) (*fleet.RuleSet, error) {
	if tx.d == Postgres {
		if err := tx.exec(ctx, "LOCK TABLE rule_sets IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return nil, err
		}
	}
	return tx.RuleSet(ctx)
}

// RuleHistory reads the newest versions of an owner, the newest first.
func (tx *Tx) RuleHistory(ctx context.Context, owner fleet.WorkspaceID, most int) (list []RuleVersion, err error) {
	const text = `SELECT r.version, COALESCE(r.workspace_id, 0), r.at, COALESCE(r.user_id, 0), r.rules FROM rule_sets r
		WHERE COALESCE(r.workspace_id, 0) = $1 ORDER BY r.version DESC LIMIT $2`
	err = tx.queryEach(ctx, text, []any{int64(owner), most}, func(r rows) error {
		v, err := scanRuleVersion(r)
		list = append(list, v)
		return err
	})
	return list, err
}

// RuleOrigin is where a version of the rules of an owner comes from.
type RuleOrigin struct {
	Owner    string    // the name of the Workspace, "" for the installation
	At       time.Time // zero for the rules that came with the program
	Username string    // "" for the operator
}

// RuleOrigins reads when versions were made, and by which user.
func (tx *Tx) RuleOrigins(ctx context.Context, versions []int64) (map[int64]RuleOrigin, error) {
	w := where{tx: tx}
	w.and(w.in("r.version", arrayParam(tx, versions)))
	found := make(map[int64]RuleOrigin, len(versions))
	err := tx.queryEach(ctx, `SELECT r.version, r.at, COALESCE(o.name, ''), `+shownUsername+` FROM rule_sets r
		LEFT JOIN workspaces o ON o.id = r.workspace_id LEFT JOIN users u ON u.id = r.user_id WHERE `+w.String(), w.args, func(r rows) error {
		var version, at int64
		var o RuleOrigin
		err := r.Scan(&version, &at, &o.Owner, &o.Username)
		o.At = fromMicros(at)
		found[version] = o
		return err
	})
	return found, err
}
