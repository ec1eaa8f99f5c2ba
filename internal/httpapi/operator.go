package httpapi

import (
	"context"
	"net/http"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
)

// operatorAPI is the second table of operations, served by a listener of its own. Only it has
// access to the operator's rules. What both tables share (decoding, errors, log, paging, keys)
// is in api.
type operatorAPI struct {
	*api
	operator operator.Operator
	tokens   identity.OperatorTokens
}

// operatorOperation is one row of that table. Each needs an operator token, except open ones,
// which reveal nothing about the installation.
type operatorOperation struct {
	pattern string
	open    bool
	handle  func(*operatorAPI, *operatorRequest) (response, error)
}

// operatorRequest is an authenticated request. Its rules know the token.
type operatorRequest struct {
	request
	rules    operator.Operator
	admitted bool // the token was valid, so rules has the caller
}

var operatorOperations = []operatorOperation{
	{"GET /operator/v1/openapi.yaml", true, (*operatorAPI).document},
	{"GET /operator/v1/readyz", false, (*operatorAPI).ready},

	{"GET /operator/v1/workspace", false, (*operatorAPI).listWorkspaces},
	{"POST /operator/v1/workspace", false, (*operatorAPI).createWorkspace},
	{"GET /operator/v1/workspace/{workspace_id}", false, (*operatorAPI).getWorkspace},
	{"PATCH /operator/v1/workspace/{workspace_id}", false, (*operatorAPI).changeWorkspace},

	{"GET /operator/v1/user", false, (*operatorAPI).listUsers},
	{"POST /operator/v1/user", false, (*operatorAPI).createUser},
	{"GET /operator/v1/user/{user_id}", false, (*operatorAPI).getUser},
	{"PATCH /operator/v1/user/{user_id}", false, (*operatorAPI).changeUser},
	{"PUT /operator/v1/user/{user_id}/password", false, (*operatorAPI).setPassword},
	{"POST /operator/v1/user/{user_id}/unlock", false, (*operatorAPI).unlockUser},
	{"DELETE /operator/v1/user/{user_id}/mfa", false, (*operatorAPI).resetSecondFactor},
	{"PUT /operator/v1/user/{user_id}/workspace/{workspace_id}", false, (*operatorAPI).setRole},
	{"DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}", false, (*operatorAPI).removeRole},

	{importPattern, false, (*operatorAPI).importSIMs},
	{"POST /operator/v1/application_token", false, (*operatorAPI).makeToken},
}

const importPattern = "POST /operator/v1/sim/import"

// ImportTimeout is the longest time for sending and importing a list of SIMs. The server's
// connection timeouts must be longer.
const ImportTimeout = 10 * time.Minute

// NewOperator returns the handler of the operator API. Callers need one of the tokens.
func NewOperator(rules operator.Operator, tokens identity.OperatorTokens, o Options) http.Handler {
	a := &operatorAPI{newAPI(o), rules, tokens}
	routes := newRouter()
	for _, op := range operatorOperations {
		routes.handle(op.pattern, a.serve(op))
	}
	return a.wrap(routes)
}

// serve handles a request: token, operation, response.
func (a *operatorAPI) serve(op operatorOperation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := a.timeout
		if op.pattern == importPattern {
			limit = max(limit, ImportTimeout)
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		r = r.WithContext(ctx)
		req := &operatorRequest{request: request{Request: r, writer: w, from: a.clientAddr(r)}}
		err := a.admit(op, req)
		if err == nil {
			err = req.checkQuery()
		}
		var res response
		if err == nil {
			res, err = op.handle(a, req)
		}
		if err != nil {
			res = failure(err)
			remember(r, err)
			req.refused(op, control.RefusalCode(err))
		}
		writeResponse(w, res)
	})
}

// refused records a denied change of a token's holder in the audit log.
func (r *operatorRequest) refused(op operatorOperation, code fleet.Code) {
	if r.admitted && code != 0 && r.Method != http.MethodGet {
		r.rules.Refused(r.Context(), op.pattern, code)
	}
}

func (a *operatorAPI) admit(op operatorOperation, r *operatorRequest) error {
	if op.open {
		return nil
	}
	token := bearerText(r.Request)
	if token == "" {
		return fleet.Errorf(fleet.InvalidToken, "An operator token is required, as Authorization: Bearer TOKEN")
	}
	name, err := a.operator.Admit(r.Context(), a.tokens, token, r.origin())
	if err != nil {
		return err
	}
	noteOperator(r.Request, name)
	r.rules, r.admitted = a.operator.From(name, r.origin()), true
	return nil
}

func (a *operatorAPI) document(*operatorRequest) (response, error) {
	return response{status: http.StatusOK, kind: "application/yaml", body: wire.OperatorAPI}, nil
}
