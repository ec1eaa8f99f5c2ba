package console

import (
	"bytes"
	"html/template"
	"strconv"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// frameData is the template data of the template "frame": the bar and the navigation around every
// page.
type frameData struct {
	Nav        string // the entry of the navigation that is current
	Caller     identity.Principal
	Workspaces []fleet.Membership // of the user, to switch to
	Waiting    waiting
}

// key returns a text that differs if the frame does. The template gets no other values.
func (f *frameData) key() string {
	var b strings.Builder
	number := func(n int64) { b.WriteString(strconv.FormatInt(n, 10)); b.WriteByte(0) }
	word := func(s string) { b.WriteString(strconv.Quote(s)); b.WriteByte(0) }
	flag := func(v bool) { b.WriteString(strconv.FormatBool(v)); b.WriteByte(0) }
	word(f.Nav)
	number(int64(f.Caller.User))
	word(f.Caller.Username)
	number(int64(f.Caller.Workspace))
	word(f.Caller.WorkspaceName)
	number(int64(f.Caller.Role))
	flag(f.Caller.SuperAdmin)
	flag(f.Caller.Enrolling)
	number(int64(f.Waiting.Offers))
	number(int64(f.Waiting.Approvals))
	for _, m := range f.Workspaces {
		number(int64(m.Workspace.ID))
		word(m.Workspace.Name)
		number(int64(fleet.Best(m.Roles)))
	}
	return b.String()
}

// frame returns the frame of a page.
func (r *request) frame(nav string) (template.HTML, error) {
	f := frameData{Nav: nav, Caller: identity.Principal{
		User: r.caller.User, Username: r.caller.Username, Workspace: r.caller.Workspace, WorkspaceName: r.caller.WorkspaceName,
		Role: r.caller.Role, SuperAdmin: r.caller.SuperAdmin, Enrolling: r.caller.Enrolling,
	}}
	if r.caller.User != 0 {
		f.Workspaces, f.Waiting = r.joined, r.waits
	}
	return r.console.fragment("", "frame", f.key(), f)
}

// maxFragments is how many fragments are kept. A frame has about 6 kB.
const maxFragments = 500

// fragments keeps parts of pages that many pages share, because templates are slow: a page would
// spend more time on its frame than in the database.
type fragments struct {
	mu   sync.Mutex
	kept map[[3]string]template.HTML
}

// fragment returns the template name of a page, "" for one of the shared parts, with the data. key
// must differ if the result does.
func (c *console) fragment(page, name, key string, data any) (template.HTML, error) {
	f, at := &c.fragments, [3]string{page, name, key}
	f.mu.Lock()
	made, ok := f.kept[at]
	f.mu.Unlock()
	if ok {
		return made, nil
	}
	var out bytes.Buffer
	if err := c.templates[page].ExecuteTemplate(&out, name, data); err != nil {
		return "", err
	}
	made = template.HTML(out.String()) //nolint:gosec // of a template, which has escaped it
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil || len(f.kept) >= maxFragments {
		f.kept = make(map[[3]string]template.HTML)
	}
	f.kept[at] = made
	return made, nil
}
