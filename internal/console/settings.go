package console

import (
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var settingsRoutes = []route{
	{pattern: "GET /settings", need: identity.ReadWorkspace, handle: settingsPage},
	{pattern: "POST /settings", need: identity.ManageWorkspace, handle: changeSettings},
}

// settingsPage shows the settings of the Workspace, with a form if the caller may change them.
func settingsPage(r *request) (reply, error) {
	ws, err := r.control().OwnWorkspace(r.Context(), r.caller)
	if err != nil {
		return reply{}, err
	}
	return r.page("settings", "settings", text("settings.title"), ws)
}

// changeSettings saves the form. A box that is not ticked is not sent.
func changeSettings(r *request) (reply, error) {
	required := r.PostForm.Get("reason_required") == "1"
	return write(r, "console "+r.route.pattern, func(w control.Write[fleet.Workspace]) (control.Reply, error) {
		return r.control().ChangeWorkspaceSettings(r.Context(), r.caller, control.WorkspaceSettings{ReasonRequired: &required}, w)
	}, func(fleet.Workspace) string { return done("/settings", "settings.saved") })
}
