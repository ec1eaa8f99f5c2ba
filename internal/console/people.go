package console

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var peopleRoutes = []route{
	{pattern: "GET /people", need: identity.ReadUsers, handle: peoplePage},
	{pattern: "POST /people/invite", need: identity.ManageUsers, handle: invite},
	{pattern: "POST /people/tokens", need: identity.ManageTokens, handle: createToken},
	{pattern: "POST /people/tokens/{token}/revoke", need: identity.ManageTokens, handle: revokeToken},
}

// peoplePer is the number of members on a page, maxTokens the number of tokens that are shown.
const (
	peoplePer = 50
	maxTokens = 200
)

// grantable are the roles that an Administrator can give, the least one first.
var grantable = []fleet.Role{fleet.Observer, fleet.Member, fleet.Administrator}

// peopleData is the template data of the page of people.
type peopleData struct {
	Text        string
	Found       fleet.Page[control.UserRecord]
	At          pager
	Roles       []fleet.Role
	Tokens      []control.ApplicationToken
	TokensTotal int
	Invite      inviteForm
	Token       tokenForm
	Shown       string // a new token or activation key, which is shown once
	ShownFor    string
}

// inviteForm is the form of an invitation.
type inviteForm struct {
	Problems    []string
	Email, Name string
	Role        fleet.Role
}

// tokenForm is the form of a new application token.
type tokenForm struct {
	Problems             []string
	Description, Network string
	Expires              string // a day, as a browser sends it; "" for never
}

func peoplePage(r *request) (reply, error) { return r.people(peopleData{}) }

// people shows the page, with what a form adds to it.
func (r *request) people(d peopleData) (reply, error) {
	v := r.URL.Query()
	d.Text, d.Roles = strings.TrimSpace(v.Get("q")), grantable
	page := cmp.Or(digits(v.Get("page")), "1")
	for _, filter := range peopleSearches(d.Text) {
		l, err := fleet.ParseList(fleet.UserList, filter, "id", page, strconv.Itoa(peoplePer))
		if err == nil {
			d.Found, err = r.control().ListUsers(r.Context(), r.caller, l)
		}
		if err != nil {
			return reply{}, err
		}
		if d.Found.Total > 0 {
			break
		}
	}
	d.At = numberedPager(d.Found.Page, d.Found.PerPage, len(d.Found.Items), d.Found.Total, d.address)
	if r.caller.May(identity.ManageTokens) {
		l, err := fleet.ParseList(fleet.ApplicationTokenList, "", "-id", "1", strconv.Itoa(maxTokens))
		if err != nil {
			return reply{}, err
		}
		found, err := r.control().ListApplicationTokens(r.Context(), r.caller, l)
		if err != nil {
			return reply{}, err
		}
		d.Tokens, d.TokensTotal = found.Items, found.Total
	}
	res, err := r.page("people", "people", text("people.title"), d)
	if len(d.Invite.Problems)+len(d.Token.Problems) > 0 {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}

// address returns the address of a page of the members.
func (d peopleData) address(page int) string {
	return "/people?" + query("q", d.Text, "page", strconv.Itoa(page))
}

// peopleSearches returns filters, one of which the people that a person looks for may have.
func peopleSearches(words string) []string {
	switch {
	case words == "":
		return []string{""}
	case strings.ContainsAny(words, ",|"):
		return nil
	}
	return []string{"name:" + anyCase(words), "username:" + strings.ToLower(words)}
}

// roleOf reads a role that an Administrator can give.
func roleOf(f url.Values) (fleet.Role, error) {
	n, err := strconv.Atoi(f.Get("role"))
	for _, role := range grantable {
		if err == nil && int(role) == n {
			return role, nil
		}
	}
	return fleet.NoRole, fleet.Invalid("role", "choose one of the list")
}

// invite invites a person to the Workspace. If the server sends no mail, the page shows the key
// that the inviter passes on, once.
func invite(r *request) (reply, error) {
	role, err := roleOf(r.PostForm)
	if err != nil {
		return reply{}, err
	}
	d := peopleData{Invite: inviteForm{Email: strings.TrimSpace(r.PostForm.Get("email")), Name: strings.TrimSpace(r.PostForm.Get("name")), Role: role}}
	n := control.Invitation{Username: d.Invite.Email, Name: d.Invite.Name, Roles: []fleet.Role{role}}
	res, err := r.invited(func(w control.Write[control.Invited]) (control.Reply, error) {
		return r.control().Invite(r.Context(), r.caller, n, w)
	})
	if d.Invite.Problems = problemsOf(err); len(d.Invite.Problems) > 0 {
		return r.people(d)
	}
	return res, err
}

// inviteAgain sends an invitation again, with another activation key.
func inviteAgain(r *request) (reply, error) {
	if _, err := r.id("id"); err != nil {
		return reply{}, err
	}
	res, err := r.invited(func(w control.Write[control.Invited]) (control.Reply, error) {
		return r.control().InviteAgain(r.Context(), r.caller, r.of(), w)
	})
	if problems := problemsOf(err); len(problems) > 0 {
		return r.member(problems)
	}
	return res, err
}

// invited runs a rule that invites, and shows the key, if the inviter passes it on.
func (r *request) invited(rule func(control.Write[control.Invited]) (control.Reply, error)) (reply, error) {
	var made control.Invited
	res, err := write(r, "console "+r.route.pattern, rule, func(i control.Invited) string {
		made = i
		return done("/people", "invited")
	})
	if err == nil && made.Key != "" {
		return r.people(peopleData{Shown: made.Key, ShownFor: made.Username})
	}
	return res, err
}

// createToken makes an application token and shows its text, once.
func createToken(r *request) (reply, error) {
	f := r.PostForm
	d := peopleData{Token: tokenForm{Description: strings.TrimSpace(f.Get("description")), Network: strings.TrimSpace(f.Get("network")), Expires: f.Get("expires")}}
	n := control.NewToken{Description: d.Token.Description, CIDR: d.Token.Network}
	if d.Token.Expires != "" {
		day, err := time.Parse(time.DateOnly, d.Token.Expires)
		if err != nil {
			d.Token.Problems = []string{text("token.expires.wrong")}
			return r.people(d)
		}
		n.Expires = day.AddDate(0, 0, 1).Add(-time.Second) // it works on that day
	}
	var made control.CreatedToken
	_, err := write(r, "console "+r.route.pattern, func(w control.Write[control.CreatedToken]) (control.Reply, error) {
		return r.control().MakeApplicationToken(r.Context(), r.caller, n, w)
	}, func(t control.CreatedToken) string {
		made = t
		return "/people"
	})
	if d.Token.Problems = problemsOf(err); len(d.Token.Problems) > 0 {
		return r.people(d)
	}
	if err != nil {
		return reply{}, err
	}
	return r.people(peopleData{Shown: made.Text, ShownFor: cmp.Or(n.Description, text("token.number", made.ID))})
}

// revokeToken ends an application token at once.
func revokeToken(r *request) (reply, error) {
	id, err := r.id("token")
	if err != nil {
		return reply{}, err
	}
	revoked := true
	return write(r, "console "+r.route.pattern, func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().PatchApplicationToken(r.Context(), r.caller, control.TokenPatch{Token: fleet.TokenID(id), Revoked: &revoked}, w)
	}, func(control.None) string { return done("/people", "token.revoked") })
}
