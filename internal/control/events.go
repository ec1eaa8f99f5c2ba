package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// EventRecord is an event with the names of what it refers to.
type EventRecord = store.EventRecord

// EventsOf limits a list of events to those of one object; 0 does not limit it.
type EventsOf = store.EventsOf

// ListEvents reads one page of the events of the caller's Workspace, or of one SIM, device or user
// there. The list is empty if that object is unknown or in another Workspace.
//
// Permission: ReadEvents.
func (c *Control) ListEvents(ctx context.Context, caller identity.Principal, of EventsOf, l fleet.List) (page fleet.Page[EventRecord], err error) {
	if err := caller.Require(identity.ReadEvents); err != nil {
		return page, err
	}
	if l, err = c.store.Settle(ctx, store.EventFeed, l); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Events(ctx, caller.Workspace, of, l)
		return err
	})
	return page, err
}
