package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// EventRecord is an event with what the wire shows of the things it names.
type EventRecord = store.EventRecord

// ListEvents reads one page of the events of the caller's Workspace. With sim not 0 it is
// that SIM's events there; a foreign or unknown SIM has none.
//
// Permission: ReadEvents.
func (c *Control) ListEvents(ctx context.Context, who identity.Principal, sim fleet.SIMID, l fleet.List) (page fleet.Page[EventRecord], err error) {
	if err := who.Require(identity.ReadEvents); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Events(ctx, who.Workspace, sim, l)
		return err
	})
	return page, err
}
