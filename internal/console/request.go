package console

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httplog"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/netaddr"
)

// queueTime is the longest time that a request waits for its turn.
const queueTime = 10 * time.Second

// request is one HTTP request, its caller and what it holds until its response.
type request struct {
	*http.Request
	console *console
	writer  http.ResponseWriter
	route   route
	caller  identity.Principal // zero without a session
	from    netip.Addr
	leave   []func()
	party   string             // that the request counts for
	joined  []fleet.Membership // Workspaces of the user
	formOf  string             // the Workspace whose page sent the form, "" if it does not say
	waits   waiting

	leavePage func()       // ends the turn of a page of a download; nil without one
	download  bytes.Buffer // what that page has written
}

// control returns the rules.
func (r *request) control() *control.Control { return r.console.control }

// origin returns the address and id of the request, as the audit log keeps them.
func (r *request) origin() identity.Origin {
	return identity.Origin{Address: r.from, RequestID: httplog.Of(r.Context()).ID, Agent: r.UserAgent()}
}

// waiting is how much waits for the user.
type waiting struct{ Offers, Approvals int }

// keep keeps what the frame of a page shows: the Workspaces that the user has joined, not those of
// open invitations, and what waits for the user.
func (r *request) keep(f control.ConsoleFrame) {
	r.joined, r.waits = nil, waiting{f.Offers, f.Approvals}
	for _, m := range f.Joined {
		if m.Status == fleet.UserActive && !m.Invited || m.Workspace.ID == r.caller.Workspace {
			r.joined = append(r.joined, m)
		}
	}
}

// id reads a path parameter that must be a whole number. Errors: NotFound.
func (r *request) id(name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		return 0, fleet.Missing("page", r.PathValue(name))
	}
	return n, nil
}

// serve runs a route: it waits for a turn, reads the session and the form, requires the
// permission, and writes the reply or an error page.
func (c *console) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		ctx, cancel := context.WithTimeout(hr.Context(), c.o.RequestTimeout)
		defer cancel()
		r := &request{Request: hr.WithContext(ctx), console: c, writer: w, route: rt}
		defer func() {
			if r.leavePage != nil {
				r.leavePage()
			}
			for _, leave := range r.leave {
				leave()
			}
		}()
		r.from = netaddr.Client(hr.RemoteAddr, hr.Header.Values("X-Forwarded-For"), c.o.TrustedProxies)
		res, err := r.run()
		if err != nil {
			res = r.failed(err)
		}
		r.send(res)
	})
}

func (r *request) run() (reply, error) {
	if err := r.admit(); err != nil {
		return reply{}, err
	}
	if err := r.checkQuery(); err != nil {
		return reply{}, err
	}
	if res, err := r.permitted(); err != nil || res.status != 0 {
		return res, err
	}
	if r.Method == http.MethodPost {
		if err := r.readForm(); err != nil {
			return reply{}, err
		}
		if err := r.resume(); err != nil {
			return reply{}, err
		}
		if res, err := r.permitted(); err != nil || res.status != 0 {
			return res, err
		}
		if res, err := r.ofThisWorkspace(); err != nil || res.status != 0 {
			return res, err
		}
	}
	return r.route.handle(r)
}

// permitted requires the permission of the route. A reply leads elsewhere.
func (r *request) permitted() (reply, error) {
	switch {
	case r.route.need == public:
		return reply{}, nil
	case r.caller.User == 0:
		return reply{}, errNoSession
	case r.caller.Enrolling && r.route.need != identity.WriteOwn:
		return seeOther("/enrol"), nil
	}
	return reply{}, r.caller.Require(r.route.need)
}

// resume reads the session again: it may have ended while a form arrived, or while a download is
// written. Errors: InvalidToken; Unavailable.
func (r *request) resume() error {
	if r.caller.User == 0 {
		return nil
	}
	caller, all, err := r.control().Console(r.Context(), r.cookie(sessionCookie), r.origin())
	r.caller = caller
	r.keep(all)
	if err != nil {
		r.caller = identity.Principal{}
	}
	if r.route.need == public && fleet.CodeOf(err) == fleet.InvalidToken {
		return nil
	}
	return err
}

// singles are the parameters of pages that have one value. Those of selections and of the wizard
// may have several.
var singles = []string{
	"q", "sort", "page", "per", "after", "before", "row", "show", "mine", "reference", "device", "source", "target", "user", "from", "until", "dir", "days",
	"action", "outcome", "state", "landing",
}

// checkQuery refuses an address whose query cannot be read, and one with two values for a parameter
// of a list: the page would show or export what was not asked for.
func (r *request) checkQuery() error {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fleet.Errorf(fleet.BadRequest, "%s", text("error.query"))
	}
	for _, name := range singles {
		if len(v[name]) > 1 {
			return fleet.Errorf(fleet.BadRequest, "%s", text("error.query.twice", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.route.choices)) {
		for _, value := range v[name] {
			if value != "" && !slices.Contains(r.route.choices[name], value) {
				return fleet.Errorf(fleet.BadRequest, "%s", text("error.choice", name))
			}
		}
	}
	return nil
}

// errNoSession leads to the sign-in page.
var errNoSession = fleet.Errorf(fleet.InvalidToken, "Sign in first")

// admit waits for a turn: of the address until the session is known, then of the user, together
// with the user's requests to the API.
func (r *request) admit() error {
	address := "address " + netaddr.Network(r.from)
	r.Request = r.WithContext(limit.WithParty(r.Context(), limit.Anonymous(address)))
	r.party = address
	leave, err := r.wait(r.console.gates.Addresses, address)
	if err != nil {
		return err
	}
	secret := r.cookie(sessionCookie)
	if secret != "" {
		var all control.ConsoleFrame
		r.caller, all, err = r.control().Console(r.Context(), secret, r.origin())
		if fleet.CodeOf(err) == fleet.InvalidToken {
			r.caller, err = identity.Principal{}, nil
		}
		r.keep(all)
	}
	if err != nil || r.caller.User == 0 {
		r.leave = append(r.leave, leave)
		return err
	}
	leave()
	httplog.Of(r.Context()).Attrs = []slog.Attr{slog.Int64("user", int64(r.caller.User))}
	caller := "user " + strconv.FormatInt(int64(r.caller.User), 10)
	r.Request, r.party = r.WithContext(limit.WithParty(r.Context(), caller)), caller
	leave, err = r.wait(r.console.gates.Callers, caller)
	if err == nil {
		r.leave = append(r.leave, leave)
	}
	return err
}

// nextPage begins the next page of a download, or of another walk through a long list: it sends
// what the last one has written, reads the session again, and waits for a turn. Pages take turns
// by Workspace, like large lists of the API.
func (r *request) nextPage() error {
	if err := r.endPage(); err != nil {
		return err
	}
	if err := r.resume(); err != nil {
		return err
	}
	leave, err := r.console.gates.Pages.Enter(r.Context(), "workspace "+strconv.FormatInt(int64(r.caller.Workspace), 10))
	r.leavePage = leave
	return err
}

// endPage ends the turn of a page, and sends what it has written.
func (r *request) endPage() error {
	if r.leavePage != nil {
		r.leavePage()
		r.leavePage = nil
	}
	if r.download.Len() == 0 {
		return nil
	}
	_, err := r.download.WriteTo(r.writer)
	return err
}

func (r *request) wait(gate *limit.Gate, party string) (func(), error) {
	ctx, cancel := context.WithTimeout(r.Context(), queueTime)
	defer cancel()
	leave, err := gate.Enter(ctx, party)
	if err != nil {
		return nil, &fleet.Error{Code: fleet.TooManyRequests, Message: text("error.busy.cure"), RetryAfter: time.Second, Err: err}
	}
	return leave, nil
}

// local returns a path of this console that a form or a query names, or fallback: never another
// site.
func local(path, fallback string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n") || strings.HasPrefix(path, "/sign-in") {
		return fallback
	}
	return path
}
