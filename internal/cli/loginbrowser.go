package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// inBrowser signs in without a password: the user approves the terminal in the console, in a
// browser on any machine.
func (l *login) inBrowser(ctx context.Context, c *client.Client) (*api.AuthResponse, error) {
	start, err := c.StartTerminal(ctx)
	switch {
	case client.IsNotFound(err):
		return nil, errors.New("this server does not offer a sign-in by browser: use a password")
	case err != nil:
		return nil, err
	}
	page := start.VerificationURI
	if strings.HasPrefix(page, "/") {
		page = strings.TrimRight(l.server, "/") + page
	}
	lasts := time.Duration(start.ExpiresIn) * time.Second
	_, _ = printf(l.process.Stderr, "Open this page in any browser, and type the code there:\n\n  %s\n  %s\n\nWaiting for your approval, up to %s. Ctrl-C stops.\n",
		page, start.UserCode, inWords(lasts))
	ctx, cancel := context.WithTimeoutCause(ctx, lasts, errNotApproved)
	defer cancel()
	wait := time.Duration(max(start.Interval, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(wait):
		}
		got, err := c.AuthenticateTerminal(ctx, start.DeviceCode)
		refused, busy := errors.AsType[*client.APIError](err)
		switch {
		case busy && client.IsTooManyRequests(err) && refused.RetryAfter > 0:
			wait = max(wait, refused.RetryAfter)
		case client.IsUnauthorized(err):
			return nil, errors.New("not signed in: the request was refused in the browser, or its code has expired")
		case err != nil:
			return nil, err
		case !got.AuthorizationPending:
			return got, nil
		}
	}
}

var errNotApproved = errors.New("not signed in: the terminal was not approved in time: run simferry login --browser again")

// inWords formats a time span of whole minutes, or of seconds if it is shorter.
func inWords(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return "1 second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
