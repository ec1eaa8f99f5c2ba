package client

import (
	"context"
	"iter"
	"strconv"

	"github.com/simferry/simferry/api"
)

const eventsPath = "/api/v1/event"

// ListEvents reads one page of the events of the bearer's Workspace, the latest first
// unless sorted otherwise; 100 on a page unless asked otherwise.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) ListEvents(ctx context.Context, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, eventsPath, o)
}

// AllEvents walks over all pages of ListEvents, one request per page. It ends with the
// first error.
func (c *Client) AllEvents(ctx context.Context, o ListOptions) iter.Seq2[api.Event, error] {
	return all[api.Event](ctx, c, eventsPath, o)
}

// SIMEvents reads one page of the events of one SIM in the bearer's Workspace: what
// happened to it in others stays there. An unknown or foreign SIM has none, which is no
// error.
//
// Permission and errors: those of ListEvents.
func (c *Client) SIMEvents(ctx context.Context, sim int64, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, simPath(sim)+"/event", o)
}

// AllSIMEvents walks over all pages of SIMEvents, one request per page. It ends with the
// first error.
func (c *Client) AllSIMEvents(ctx context.Context, sim int64, o ListOptions) iter.Seq2[api.Event, error] {
	return all[api.Event](ctx, c, simPath(sim)+"/event", o)
}

// UserEvents reads one page of what a user did in the bearer's Workspace; 0 is the bearer's
// own user. Who is unknown, or did nothing there, has none, which is no error.
//
// Permission and errors: those of ListEvents.
func (c *Client) UserEvents(ctx context.Context, user int64, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, userEventsPath(user), o)
}

// AllUserEvents walks over all pages of UserEvents, one request per page. It ends with the
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
