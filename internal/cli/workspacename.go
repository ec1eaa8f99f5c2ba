package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/profile"
)

// named are the Workspaces that the caller administers.
type named []api.UserWorkspace

// administered asks for them. Servers differ in whether they know "my".
func administered(ctx context.Context, c *client.Client, known profile.Profile) (named, error) {
	list, err := c.UserWorkspaces(ctx, "my")
	if user := client.BearerUser(known.Bearer); user != "" && (client.IsNotFound(err) || client.IsInvalid(err)) {
		list, err = c.UserWorkspaces(ctx, user)
	}
	return list, err
}

// find is the Workspace of an id or a name. An id that is not listed may be one all the
// same: the server decides.
func (n named) find(flag, text string) (api.NamedRef, error) {
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		if i := slices.IndexFunc(n, func(w api.UserWorkspace) bool { return w.ID == id }); i >= 0 {
			return api.NamedRef{ID: id, Name: n[i].Name}, nil
		}
		return api.NamedRef{ID: id, Name: "Workspace " + text}, nil
	}
	var exact, folded []api.UserWorkspace
	for _, w := range n {
		if w.Name == text {
			exact = append(exact, w)
		}
		if strings.EqualFold(w.Name, text) {
			folded = append(folded, w)
		}
	}
	if len(exact) == 0 {
		exact = folded
	}
	switch len(exact) {
	case 1:
		return api.NamedRef{ID: exact[0].ID, Name: exact[0].Name}, nil
	case 0:
		return api.NamedRef{}, fmt.Errorf("%s: you are Administrator of no Workspace called %q: 'simferry workspaces' lists yours", flag, text)
	}
	ids := make([]string, len(exact))
	for i, w := range exact {
		ids[i] = strconv.FormatInt(w.ID, 10)
	}
	return api.NamedRef{}, fmt.Errorf("%s: several Workspaces are called %q: name one by its id, %s", flag, text, strings.Join(ids, " or "))
}

// workspace is what a flag names.
func (s *shipping) workspace(ctx context.Context, flag, text string) (api.NamedRef, error) {
	if s.known == nil {
		err := s.pace.Persist(ctx, func(ctx context.Context) (err error) {
			s.known, err = administered(ctx, s.client, s.profiled)
			return err
		})
		if _, numeric := strconv.ParseInt(text, 10, 64); err != nil && numeric != nil {
			return api.NamedRef{}, err
		}
	}
	return s.known.find(flag, text)
}

// completeWorkspaces lists names for the shell, which does not wait for long.
func (p Process) completeWorkspaces(ctx context.Context, profile string) []string {
	const patience = 3 * time.Second
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	c, known, err := p.connect(profile)
	if err != nil {
		return nil
	}
	list, err := administered(ctx, c, known)
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = w.Name + "\t" + strconv.FormatInt(w.ID, 10)
	}
	return names
}
