package console

import (
	"strconv"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var meRoutes = []route{
	{pattern: "GET /me", need: identity.WriteOwn, handle: mePage},
	{pattern: "POST /me/name", need: identity.WriteOwn, handle: setOwnName},
	{pattern: "POST /me/password", need: identity.WriteOwn, handle: setOwnPassword},
	{pattern: "POST /me/workspace", need: identity.WriteOwn, handle: setOwnWorkspace},
	{pattern: "POST /me/factor", need: identity.WriteOwn, handle: removeOwnFactor},
	{pattern: "POST /me/session", need: identity.WriteOwn, handle: endOwnSession},
	{pattern: "POST /me/browser", need: identity.WriteOwn, handle: removeOwnBrowser},
}

// myself is the id that stands for the caller in calls of rules.
const myself = "my"

// meData is the template data of the page of the caller's account.
type meData struct {
	Name       string
	Workspaces []fleet.Membership
	Default    fleet.WorkspaceID
	Factor     control.SecondFactor // the zero factor for none
	Browsers   []control.TrustedDevice
	Sessions   []ownSession
	Problem    map[string]string // by form: "name", "password" or "factor"
}

// ownSession is a session of the caller.
type ownSession struct {
	control.OpenSession
	This bool   // the session of the request
	Name string // of its client, "" if unknown
}

func mePage(r *request) (reply, error) { return r.me("", "") }

// me shows the page of the caller's account, with the problem of one of its forms.
func (r *request) me(form, problem string) (reply, error) {
	d := meData{Problem: map[string]string{form: problem}, Name: r.caller.Username}
	if r.caller.May(identity.ReadUsers) {
		user, err := r.control().User(r.Context(), r.caller, myself)
		if err != nil {
			return reply{}, err
		}
		d.Name = user.Name
	}
	all, err := r.control().Memberships(r.Context(), r.caller)
	if err != nil {
		return reply{}, err
	}
	d.Default = all.Default
	for _, m := range all.Items {
		if m.Status == fleet.UserActive && !m.Invited {
			d.Workspaces = append(d.Workspaces, m)
		}
	}
	factors, err := r.control().SecondFactors(r.Context(), r.caller, myself)
	if err != nil {
		return reply{}, err
	}
	for _, f := range factors {
		if f.Active {
			d.Factor = f
		}
	}
	if d.Browsers, err = r.control().TrustedDevices(r.Context(), r.caller, myself); err != nil {
		return reply{}, err
	}
	sessions, err := r.control().OwnSessions(r.Context(), r.caller)
	if err != nil {
		return reply{}, err
	}
	for _, s := range sessions {
		d.Sessions = append(d.Sessions, ownSession{s, s.Family == r.caller.Session, clientName(s.Agent)})
	}
	res, err := r.page("me", "me", text("me.title"), d)
	if problem != "" {
		res.status = 422
	}
	return res, err
}

func setOwnName(r *request) (reply, error) {
	name := r.PostForm.Get("name")
	res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().PatchUser(r.Context(), r.caller, control.PersonPatch{User: myself, Name: &name}, w)
	}, func(control.None) string { return done("/me", "name") })
	if problems := problemsOf(err); len(problems) > 0 {
		return r.me("name", problems[0])
	}
	return res, err
}

// setOwnPassword changes the password. It ends every session, so the person signs in again.
func setOwnPassword(r *request) (reply, error) {
	f := r.PostForm
	if problem := newPasswordProblem(f.Get("password"), f.Get("again")); problem != "" {
		return r.me("password", problem)
	}
	change := control.PasswordChange{Old: identity.WireDigest(f.Get("old")), New: identity.WireDigest(f.Get("password"))}
	err := r.control().ChangePassword(r.Context(), r.caller, change)
	switch fleet.CodeOf(err) {
	case fleet.Failed:
		return r.me("password", text("password.wrong"))
	case fleet.ValidationFailed:
		return r.me("password", text("password.guessable"))
	case fleet.TooManyRequests:
		return r.me("password", text("signin.locked"))
	}
	if err != nil {
		return reply{}, err
	}
	r.setCookie(sessionCookie, "", 0)
	return seeOther(done("/sign-in", "activated")), nil
}

// setOwnWorkspace sets the Workspace in which a sign-in begins.
func setOwnWorkspace(r *request) (reply, error) {
	id, err := strconv.ParseInt(r.PostForm.Get("workspace"), 10, 64)
	if err != nil {
		return reply{}, fleet.Invalid("workspace", "choose one of the list")
	}
	return write(r, "console "+r.route.pattern, func(w control.Write[control.None]) (control.Reply, error) {
		of := control.MemberOf{User: myself, Workspace: fleet.WorkspaceID(id)}
		return r.control().SetDefaultWorkspace(r.Context(), r.caller, of, w)
	}, func(control.None) string { return done("/me", "workspace") })
}

func removeOwnFactor(r *request) (reply, error) {
	return r.remove(r.control().RemoveSecondFactor, "/me", "factor")
}

func removeOwnBrowser(r *request) (reply, error) {
	return r.remove(r.control().RemoveTrustedDevice, "/me", "browser")
}

// endOwnSession ends one session. If it has ended already, as when the form is sent twice, that is
// not an error.
func endOwnSession(r *request) (reply, error) {
	err := r.control().EndOwnSession(r.Context(), r.caller, r.PostForm.Get("session"))
	if err != nil && fleet.CodeOf(err) != fleet.NotFound {
		return reply{}, err
	}
	return seeOther(done("/me", "session")), nil
}
