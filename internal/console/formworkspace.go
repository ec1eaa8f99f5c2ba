package console

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// workspaceField is the hidden field of every form with the Workspace that its page showed. A user
// who has switched in another tab meanwhile must not change the wrong Workspace.
const workspaceField = "of-workspace"

// anywhere are the permissions of forms that do the same in every Workspace: they are about the
// user, or lead to another Workspace.
var anywhere = []identity.Permission{public, identity.WriteOwn, identity.SwitchWorkspace}

var (
	formStart = []byte("<form ")
	postForm  = []byte(` method="post"`)
)

// withWorkspace adds the field workspaceField to each form of a rendered page that is sent by POST.
// Templates escape "<" and ">" in texts and attributes, so only tags have them.
func withWorkspace(page []byte, ws fleet.WorkspaceID) []byte {
	field := fmt.Appendf(nil, `<input type="hidden" name="%s" value="%d">`, workspaceField, ws)
	out := make([]byte, 0, len(page)+len(page)/8)
	for {
		at := bytes.Index(page, formStart)
		if at < 0 {
			return append(out, page...)
		}
		end := at + bytes.IndexByte(page[at:], '>') + 1
		out = append(out, page[:end]...)
		if bytes.Contains(page[at:end], postForm) {
			out = append(out, field...)
		}
		page = page[end:]
	}
}

// otherWorkspace is what the page about a form of another Workspace shows.
type otherWorkspace struct {
	Workspace fleet.WorkspaceID // of the form, 0 if the user is not a member of it any more
	Name      string
	Back      string // the page of the form, "" for none
}

// takeWorkspace removes the Workspace from a form that has been read: handlers keep and repeat the
// other fields.
func (r *request) takeWorkspace() {
	r.formOf = r.PostForm.Get(workspaceField)
	r.PostForm.Del(workspaceField)
	r.Form.Del(workspaceField)
}

// ofThisWorkspace requires that the form comes from a page of the Workspace of the session.
// Otherwise the reply says which Workspace it was for, and offers to switch back. A form without
// the field is accepted: its page may be older than this server.
func (r *request) ofThisWorkspace() (reply, error) {
	of := r.formOf
	if of == "" || slices.Contains(anywhere, r.route.need) || of == strconv.FormatInt(int64(r.caller.Workspace), 10) {
		return reply{}, nil
	}
	d := otherWorkspace{Back: r.referer()}
	for _, m := range r.joined {
		if strconv.FormatInt(int64(m.Workspace.ID), 10) == of {
			d.Workspace, d.Name = m.Workspace.ID, m.Workspace.Name
		}
	}
	return r.render(http.StatusConflict, "layout", "otherworkspace", page{Title: text("other.title"), Data: d})
}
