package client

import (
	"context"
	"iter"
	"strconv"

	"github.com/simferry/simferry/api"
)

const eventsPath = "/api/v1/event"

// ListEvents reads one page of the events of the bearer's Workspace, latest first by default;
// 100 per page by default.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) ListEvents(ctx context.Context, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, eventsPath, o)
}

// AllEvents iterates over all pages of ListEvents, one request per page. It stops at the first
// error.
func (c *Client) AllEvents(ctx context.Context, o ListOptions) iter.Seq2[api.Event, error] {
	return all[api.Event](ctx, c, eventsPath, o)
}

// SIMEvents reads one page of the events of one SIM in the bearer's Workspace: events in other
// Workspaces are not included. An unknown or foreign SIM has none, which is not an error.
//
// Permission and errors: those of ListEvents.
func (c *Client) SIMEvents(ctx context.Context, sim int64, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, simPath(sim)+"/event", o)
}

// AllSIMEvents iterates over all pages of SIMEvents, one request per page. It stops at the
// first error.
func (c *Client) AllSIMEvents(ctx context.Context, sim int64, o ListOptions) iter.Seq2[api.Event, error] {
	return all[api.Event](ctx, c, simPath(sim)+"/event", o)
}

// UserEvents reads one page of the events that a user caused in the bearer's Workspace; 0 means
// the bearer's own user. An unknown user has none, which is not an error.
//
// Permission and errors: those of ListEvents.
func (c *Client) UserEvents(ctx context.Context, user int64, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, userEventsPath(user), o)
}

// AllUserEvents iterates over all pages of UserEvents, one request per page. It stops at the
// first error.
func (c *Client) AllUserEvents(ctx context.Context, user int64, o ListOptions) iter.Seq2[api.Event, error] {
	return all[api.Event](ctx, c, userEventsPath(user), o)
}

func userEventsPath(user int64) string {
	if user == 0 {
		return "/api/v1/user/my/event"
	}
	return "/api/v1/user/" + strconv.FormatInt(user, 10) + "/event"
}

// EventTypes lists the types of events.
//
// Permission: any role in the Workspace.
func (c *Client) EventTypes(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, eventsPath+"/type")
}
