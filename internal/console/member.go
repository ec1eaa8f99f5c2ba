package console

import (
	"context"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var memberRoutes = []route{
	{pattern: "GET /people/{id}", need: identity.ReadUsers, handle: memberPage},
	{pattern: "POST /people/{id}/role", need: identity.ManageUsers, handle: setRole},
	{pattern: "POST /people/{id}/access", need: identity.ManageUsers, handle: setAccess},
	{pattern: "POST /people/{id}/invite", need: identity.ManageUsers, handle: inviteAgain},
	{pattern: "POST /people/{id}/remove", need: identity.ManageUsers, handle: removeMember},
	{pattern: "POST /people/{id}/factor", need: identity.ManageUsers, handle: removeFactor},
	{pattern: "POST /people/{id}/browser", need: identity.ManageUsers, handle: removeBrowser},
}

// memberData is the template data of the page of a member.
type memberData struct {
	User     control.UserRecord
	Roles    []fleet.Role
	Self     bool
	Manage   bool // the caller administers the Workspace
	Security bool // the caller administers all Workspaces of the member
	Factor   control.SecondFactor
	Browsers []control.TrustedDevice
	Problems []string
}

func memberPage(r *request) (reply, error) { return r.member(nil) }

// member shows the page of a member, with the problems of one of its forms.
func (r *request) member(problems []string) (reply, error) {
	if _, err := r.id("id"); err != nil {
		return reply{}, err
	}
	ref := r.PathValue("id")
	user, err := r.control().User(r.Context(), r.caller, ref)
	if err != nil {
		return reply{}, err
	}
	d := memberData{User: user, Roles: grantable, Self: user.ID == r.caller.User, Manage: r.caller.May(identity.ManageUsers), Problems: problems}
	if d.Manage && !d.Self {
		if err := r.addSecurity(&d, ref); err != nil {
			return reply{}, err
		}
	}
	res, err := r.page("member", "people", user.Name, d)
	if len(problems) > 0 {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}

// addSecurity reads how the member signs in, if the caller may see it.
func (r *request) addSecurity(d *memberData, ref string) error {
	factors, err := r.control().SecondFactors(r.Context(), r.caller, ref)
	if fleet.CodeOf(err) == fleet.NotFound {
		return nil
	}
	if err == nil {
		d.Security = true
		d.Browsers, err = r.control().TrustedDevices(r.Context(), r.caller, ref)
	}
	for _, f := range factors {
		if f.Active {
			d.Factor = f
		}
	}
	return err
}

// of names the membership that the path is about.
func (r *request) of() control.MemberOf {
	return control.MemberOf{User: r.PathValue("id"), Workspace: r.caller.Workspace}
}

// manage runs a rule on the member of the path, and leads to a page.
func (r *request) manage(then string, rule func(control.Write[control.None]) (control.Reply, error)) (reply, error) {
	if _, err := r.id("id"); err != nil {
		return reply{}, err
	}
	res, err := write(r, "console "+r.route.pattern, rule, func(control.None) string { return then })
	if problems := problemsOf(err); len(problems) > 0 {
		return r.member(problems)
	}
	return res, err
}

func (r *request) memberAddress() string { return "/people/" + r.PathValue("id") }

func setRole(r *request) (reply, error) {
	role, err := roleOf(r.PostForm)
	if err != nil {
		return reply{}, err
	}
	return r.manage(done(r.memberAddress(), "role"), func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().SetRole(r.Context(), r.caller, control.MemberRole{MemberOf: r.of(), Role: role}, w)
	})
}

// setAccess suspends a member in the Workspace, or ends the suspension.
func setAccess(r *request) (reply, error) {
	status, what := fleet.UserSuspended, "suspended"
	if r.PostForm.Get("do") == "reinstate" {
		status, what = fleet.UserActive, "reinstated"
	}
	return r.manage(done(r.memberAddress(), what), func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().SetMemberStatus(r.Context(), r.caller, control.MemberStatus{MemberOf: r.of(), Status: status}, w)
	})
}

func removeMember(r *request) (reply, error) {
	return r.manage(done("/people", "removed"), func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().RemoveMember(r.Context(), r.caller, r.of(), w)
	})
}

func removeFactor(r *request) (reply, error) {
	return r.remove(r.control().RemoveSecondFactor, r.memberAddress(), "factor")
}

func removeBrowser(r *request) (reply, error) {
	return r.remove(r.control().RemoveTrustedDevice, r.memberAddress(), "browser")
}

// removal is a rule that removes something that belongs to a person.
type removal func(context.Context, identity.Principal, control.OfPerson) error

// remove removes what the form names by its id, of the person whose page has the form.
func (r *request) remove(rule removal, page, what string) (reply, error) {
	id, err := strconv.ParseInt(r.PostForm.Get("id"), 10, 64)
	if err != nil {
		return reply{}, fleet.Missing("page", r.PostForm.Get("id"))
	}
	ref := r.PathValue("id")
	if ref == "" {
		ref = myself
	}
	if err := rule(r.Context(), r.caller, control.OfPerson{User: ref, ID: id}); err != nil {
		return reply{}, err
	}
	return seeOther(done(page, what)), nil
}
