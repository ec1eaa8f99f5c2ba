package httpapi

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/netaddr"
)

// request is one request on its way to a rule.
type request struct {
	*http.Request
	writer http.ResponseWriter
	op     operation
	claims identity.Claims    // of the verified bearer token; zero for public operations
	who    identity.Principal // zero until the caller is known
	from   netip.Addr
	place  place
}

// id reads a path parameter that must be a whole number. As in a body, 250.0 is 250.
func (r *request) id(name string) (int64, error) {
	text := r.PathValue(name)
	n, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	if err != nil {
		return 0, fleet.Invalid(name, "it must be a whole number")
	}
	return n, nil
}

// list parses the query of a list and waits for a slot if the list may be large.
func (r *request) list(spec fleet.ListSpec) (fleet.List, error) {
	l, err := r.parseList(spec)
	if err == nil {
		err = r.holdList(l)
	}
	return l, err
}

func (r *request) parseList(spec fleet.ListSpec) (fleet.List, error) {
	q := r.URL.Query()
	l, err := fleet.ParseList(spec, q.Get("q"), q.Get("sort"), q.Get("page"), q.Get("per_page"))
	if err != nil {
		return fleet.List{}, err
	}
	return l.ReadAfter(q.Get("after"))
}

// verifyBearer checks the bearer token itself. The caller may no longer exist.
func (a *api) verifyBearer(r *request) (err error) {
	token := bearerText(r.Request)
	if token == "" {
		return fleet.Errorf(fleet.InvalidToken, "A bearer token is required: get one from POST /api/v1/authenticate")
	}
	r.claims, err = a.control.VerifyToken(r.Context(), token)
	return err
}

// authorize reads the caller of the token and requires the operation's permission.
func (a *api) authorize(r *request) error {
	who, err := a.control.Authenticate(r.Context(), r.claims, r.origin())
	if err != nil {
		return err
	}
	r.setCaller(who)
	if r.op.need != anybody {
		err = who.Require(r.op.need)
	}
	if err == nil && a.authorized != nil {
		a.authorized(r.Request)
	}
	return err
}

// setCaller sets the caller for the rule, the audit log and the log line.
func (r *request) setCaller(who identity.Principal) {
	r.who = who
	noteCaller(r.Request, who)
}

// bearerText returns the bearer token that was sent, or "".
func bearerText(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// clientAddr returns the client's address; see netaddr.Client.
func (a *api) clientAddr(r *http.Request) netip.Addr {
	return netaddr.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), a.proxies)
}
