// Package operatorapi implements the operator's API, which has a listener of its own. Each
// operation decodes a request, calls one rule of package operator and encodes the result.
package operatorapi

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
)

// api implements the operations on top of the operator's rules.
type api struct {
	*httpx.Server
	operator operator.Operator
	tokens   func() identity.OperatorTokens // those valid now
	whatIfs  chan struct{}                  // holds a value while a what-if runs
}

// request is one HTTP request with the operator who sent it.
type request struct {
	*httpx.Request
	rules    operator.Operator // knows the token that was sent
	admitted bool              // the token was valid
}

type response = httpx.Response

// ImportTimeout is the longest time for sending and importing a list of SIMs. The server's
// connection timeouts must be longer.
const ImportTimeout = 10 * time.Minute

// Page is a handler for the holders of a token that is not an operation of the API, such as the
// metrics. Its response is kept in memory until it is complete.
type Page struct {
	Pattern string // as for http.ServeMux, with the method
	Handler http.Handler
}

// New returns the handler of the operator API, with more pages. Callers need one of the tokens that
// are valid now, and again when their body has arrived, so tokens may change at any time. The
// public URL of the options is ignored: it belongs to the other API.
func New(rules operator.Operator, tokens func() identity.OperatorTokens, o httpx.Options, pages ...Page) http.Handler {
	o.PublicURL = ""
	a := &api{httpx.New(o), rules, tokens, make(chan struct{}, 1)}
	routes := httpx.NewRouter("/operator")
	for _, op := range operations {
		routes.Handle(op.pattern, a.serve(op))
	}
	for _, p := range pages {
		routes.Handle(p.Pattern, a.serve(operation{p.Pattern, operatorToken, none, p.serve}))
	}
	return a.Wrap(routes)
}

// serve handles a request: token, operation, response.
func (a *api) serve(op operation) http.Handler {
	var timeout time.Duration
	switch {
	case op.pattern == importPattern, !strings.Contains(op.pattern, " /operator/"):
		timeout = ImportTimeout
	case op.pattern == whatIfPattern:
		timeout = whatIfTimeout
	}
	return a.Operation(timeout, func(r *httpx.Request) response {
		req := &request{Request: r}
		res, err := a.permitted(op, req)
		if err != nil {
			res = httpx.Failure(err)
			r.LogError(err)
			a.auditRefusal(op, req, control.RefusalCode(err))
		}
		return res
	})
}

func (a *api) permitted(op operation, r *request) (response, error) {
	if op.need == operatorToken {
		if err := a.authenticate(r); err != nil {
			return response{}, err
		}
	}
	if err := r.CheckQuery("workspace"); err != nil {
		return response{}, err
	}
	return op.handle(a, r)
}

func (a *api) authenticate(r *request) error {
	token := r.Bearer()
	if token == "" {
		return fleet.Errorf(fleet.InvalidToken, "An operator token is required, as Authorization: Bearer TOKEN")
	}
	origin := identity.Origin{Address: r.From, RequestID: r.RequestID()}
	name, err := a.operator.Admit(r.Context(), a.tokens(), token, origin)
	if err != nil {
		return err
	}
	r.LogCaller(slog.String("operator_token", name))
	r.rules, r.admitted = a.operator.From(name, origin), true
	r.Body = &admittedBody{r.Body, func() error {
		if _, valid := a.tokens().Match(token); !valid {
			return fleet.Errorf(fleet.InvalidToken, "The operator token was removed while the body arrived")
		}
		return nil
	}}
	return nil
}

// admittedBody is the body of a request whose caller was admitted before it arrived. At its end
// the caller is checked again.
type admittedBody struct {
	io.ReadCloser
	check func() error
}

func (b *admittedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		if refused := b.check(); refused != nil {
			return n, refused
		}
	}
	return n, err
}

// auditRefusal records a denied change of a token's holder in the audit log.
func (a *api) auditRefusal(op operation, r *request, code fleet.Code) {
	if r.admitted && code != 0 && op.audit != none {
		r.rules.Refused(r.Context(), op.pattern, code)
	}
}

func (a *api) document(*request) (response, error) {
	return response{Status: http.StatusOK, ContentType: "application/yaml", Body: wire.OperatorAPI}, nil
}

// ready returns 503 when requests would fail, with the reason and the sizes to watch.
func (a *api) ready(r *request) (response, error) {
	err := a.operator.Ready(r.Context())
	wal, ahead := a.operator.HealthFigures()
	health := wire.OperatorHealth{Status: "ok", WALBytes: wal, ClockAheadMS: ahead.Milliseconds()}
	if err == nil {
		return httpx.OK(health)
	}
	health.Status, health.Reason = "unavailable", err.Error()
	return httpx.Unready(r.Request, err, health), nil
}
