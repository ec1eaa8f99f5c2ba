package store

import (
	"context"
	"strings"
)

// What planted bugs need; without their tags nothing of it is in the program.

// split commits what was done so far and goes on in another transaction.
func (tx *Tx) split(ctx context.Context) {
	for _, text := range []string{"COMMIT", tx.pick("BEGIN IMMEDIATE", "BEGIN")} {
		_ = tx.exec(ctx, text) // noted: the transaction fails
	}
}

// unguarded moves SIMs as they are now, wherever that is.
func unguarded(text string) string {
	return strings.NewReplacer(
		" AND s.workspace_id = l.workspace_before AND s.version = l.version - 1", "",
		"t.sim_id, t.version, t.ordinal", "t.sim_id, (SELECT n.version + 1 FROM sims n WHERE n.id = t.sim_id) AS version, t.ordinal",
	).Replace(text)
}
