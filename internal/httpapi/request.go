package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
)

// request is one HTTP request with its caller.
type request struct {
	*httpx.Request
	op     operation
	claims identity.Claims    // of the verified bearer token; zero for public operations
	caller identity.Principal // zero until the caller is known
}

type response = httpx.Response

// checkQuery refuses a malformed query and misspelt parameters.
func (r *request) checkQuery() error { return r.CheckQuery("delete_sims", "workspace") }

// origin returns where a request came from.
func (r *request) origin() identity.Origin {
	return identity.Origin{Address: r.From, RequestID: r.RequestID(), Agent: r.UserAgent()}
}

// serve handles a request: a slot, the caller, the permission, the operation, the response.
func (a *api) serve(op operation) http.Handler {
	return a.Operation(0, func(hr *httpx.Request) response {
		r := &request{Request: hr, op: op}
		res, err := a.admitted(r)
		if err != nil {
			res = failure(err)
			res.Refusal = control.RefusalCode(err)
			r.LogError(err)
		}
		a.auditRefusal(r, res.Refusal, errors.Is(err, control.ErrEnded))
		return res
	})
}

// admitted waits for a slot of the caller, and then serves the request. It does not check
// permissions: a bearer with a valid signature counts for its caller, a forged one for the
// address.
func (a *api) admitted(r *request) (response, error) {
	var by control.Party
	if r.op.need != identity.Public {
		by, _ = a.control.BearerParty(r.Bearer())
	}
	if err := a.Admit(r.Request, by.Caller, by.Workspace, free[r.op.pattern]); err != nil {
		return response{}, err
	}
	return a.permitted(r)
}

// permitted calls the handler of the operation if the caller may use it.
func (a *api) permitted(r *request) (response, error) {
	public := r.op.need == identity.Public
	if !public {
		if err := a.verifyBearer(r); err != nil {
			return response{}, err
		}
	}
	if !public && r.op.auth == resolved {
		if err := a.authorize(r); err != nil {
			return response{}, err
		}
	}
	// A health check and a document ignore their query; migrate checks it before its body.
	if r.op.auth == resolved && (!public || r.op.audit != none) {
		if err := r.checkQuery(); err != nil {
			return response{}, err
		}
	}
	return r.op.handle(a, r)
}

// ifMatch returns the value of If-Match.
func (r *request) ifMatch() string { return strings.Join(r.Header.Values("If-Match"), ", ") }

// verifyBearer checks the bearer token itself. The caller may no longer exist.
func (a *api) verifyBearer(r *request) (err error) {
	token := r.Bearer()
	if token == "" {
		return fleet.Errorf(fleet.InvalidToken, "A bearer token is required: get one from POST /api/v1/authenticate")
	}
	r.claims, err = a.control.VerifyToken(r.Context(), token)
	return err
}

// authorize reads the caller of the token and requires the operation's permission.
func (a *api) authorize(r *request) error {
	caller, err := a.control.Authenticate(r.Context(), r.claims, r.origin())
	if err != nil {
		return err
	}
	r.setCaller(caller)
	if r.op.need != anybody {
		err = caller.Require(r.op.need)
	}
	if err == nil && a.authorized != nil {
		a.authorized(r.Request.Request)
	}
	return err
}

// callerAgain reads the caller again before a read that takes a body, or that waits: meanwhile the
// session may have ended. Writes do so in their transaction.
func (a *api) callerAgain(r *request) error {
	caller, err := a.control.Authenticate(r.Context(), r.claims, r.origin())
	if err == nil {
		r.setCaller(caller)
	}
	return err
}

// setCaller sets the caller for the rule, the audit log and the log line.
func (r *request) setCaller(caller identity.Principal) {
	r.caller = caller
	var attrs []slog.Attr
	if caller.User != 0 {
		attrs = append(attrs, slog.Int64("user", int64(caller.User)))
	}
	if caller.Token != 0 {
		attrs = append(attrs, slog.Int64("application_token", int64(caller.Token)))
	}
	r.LogCaller(attrs...)
}

// once reads the Idempotency-Key. canonical is the parsed request.
func (r *request) once(operation string, canonical any) (control.Once, error) {
	key, fingerprint, err := r.IdempotencyKey(canonical)
	if err != nil || key == "" {
		return control.Once{}, err
	}
	return control.Once{Key: key, Operation: operation, Fingerprint: fingerprint}, nil
}

// replied builds the response from a rule's reply.
func replied(r control.Reply) response {
	res := response{Status: r.Status, Body: r.Body}
	if !r.Replayed {
		res.Refusal = r.Refusal
	}
	if r.Location != "" {
		res.Set("Location", r.Location)
	}
	if r.ETag != "" {
		res.Set("ETag", r.ETag)
	}
	if r.Replayed {
		res.Set("Idempotent-Replayed", "true")
	}
	if r.Status == http.StatusNoContent {
		res.Body = nil
	}
	return res
}
