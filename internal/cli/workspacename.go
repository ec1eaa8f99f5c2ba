package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/profile"
	"github.com/simferry/simferry/internal/termtext"
)

// named are the Workspaces that the caller belongs to.
type named []api.UserWorkspace

// memberships reads the Workspaces of the caller. Other servers list only those that the caller
// administers: all is false then. They differ in whether they know "my".
func memberships(ctx context.Context, c *client.Client, known profile.Profile) (list named, all bool, err error) {
	unknown := func(err error) bool {
		e, ok := errors.AsType[*client.APIError](err)
		return client.IsNotFound(err) || client.IsInvalid(err) || ok && e.Status == http.StatusMethodNotAllowed
	}
	list, err = c.Memberships(ctx)
	if err == nil || !unknown(err) {
		return list, true, err
	}
	list, err = c.UserWorkspaces(ctx, "my")
	if user := client.BearerUser(known.Bearer); user != "" && unknown(err) {
		list, err = c.UserWorkspaces(ctx, user)
	}
	return list, false, err
}

// idPrefix marks a number as an id: a Workspace may be called 200, too.
const idPrefix = "id:"

// find returns the Workspace that a flag names, by id or by name. A text that could mean two
// Workspaces is refused. An id that is not listed may still exist: the server decides.
func (n named) find(flag, text, unknown string) (api.NamedRef, error) {
	if number, ok := strings.CutPrefix(text, idPrefix); ok {
		id, ok := workspaceID(number)
		if !ok {
			return api.NamedRef{}, usagef("%s: %q must be id: and a number, such as id:200", flag, text)
		}
		return n.byID(id), nil
	}
	id, numeric := workspaceID(text)
	called := n.called(text)
	switch {
	case numeric && slices.ContainsFunc(called, func(w api.UserWorkspace) bool { return w.ID != id }):
		return api.NamedRef{}, usagef("%s: %s is the id of one Workspace and the name of another: write id:%d for the id, or %s for the name",
			flag, text, id, idsOf(called, id))
	case numeric:
		return n.byID(id), nil
	case len(called) == 1:
		return api.NamedRef{ID: called[0].ID, Name: called[0].Name}, nil
	case len(called) > 1:
		return api.NamedRef{}, usagef("%s: several Workspaces are called %q: write %s", flag, text, idsOf(called, 0))
	}
	return api.NamedRef{}, fmt.Errorf("%s: "+unknown, flag, text)
}

// notAMember reports that the caller has no Workspace with a name.
const notAMember = "you belong to no Workspace called %q: 'simferry workspaces' lists yours"

// workspaceID reads an id as lists print it: +200 and 0200 are not ids, but may be names.
func workspaceID(text string) (id int64, ok bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}

func (n named) byID(id int64) api.NamedRef {
	if i := slices.IndexFunc(n, func(w api.UserWorkspace) bool { return w.ID == id }); i >= 0 {
		return api.NamedRef{ID: id, Name: n[i].Name}
	}
	return api.NamedRef{ID: id, Name: fmt.Sprintf("Workspace %d", id)}
}

// called returns the Workspaces of a name. If none has exactly this name, case does not count.
func (n named) called(name string) (found []api.UserWorkspace) {
	for _, same := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), strings.TrimSpace(name)) },
	} {
		for _, w := range n {
			if same(w.Name) {
				found = append(found, w)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// idsOf lists how to name Workspaces without doubt, all but one.
func idsOf(list []api.UserWorkspace, but int64) string {
	var ids []string
	for _, w := range list {
		if w.ID != but {
			ids = append(ids, idPrefix+strconv.FormatInt(w.ID, 10))
		}
	}
	return strings.Join(ids, " or ")
}

// workspace returns what a flag names.
func (s *migrateRun) workspace(ctx context.Context, flag, text string) (api.NamedRef, error) {
	if s.workspaces == nil {
		err := s.throttle.Persist(ctx, func(ctx context.Context) (err error) {
			s.workspaces, _, err = memberships(ctx, s.client, s.session)
			return err
		})
		if err != nil && !listNotNeeded(text, err) {
			return api.NamedRef{}, err
		}
	}
	return s.workspaces.find(flag, text, notAMember)
}

// listNotNeeded reports whether a text is an id although the server gives no list of
// Workspaces: a program, for one, may not belong to any.
func listNotNeeded(text string, err error) bool {
	if strings.HasPrefix(text, idPrefix) {
		return true
	}
	_, refused := errors.AsType[*client.APIError](err)
	_, numeric := workspaceID(text)
	return refused && numeric
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
	list, _, err := memberships(ctx, c, known)
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = termtext.Escape(w.Name) + "\t" + strconv.FormatInt(w.ID, 10)
	}
	return names
}
