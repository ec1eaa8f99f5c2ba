package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

func TestFailure(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
		header http.Header
	}{
		{fleet.Invalid("name", "it is required"), 400, refusal("1000", "BadRequest", "name: it is required"), nil},
		{fleet.Errorf(fleet.Failed, "x"), 422, refusal("1002", "Failed", "x"), nil},
		{fleet.Errorf(fleet.BadCredentials, "x"), 401, "", nil},
		{fleet.Errorf(fleet.InvalidToken, "x"), 401, `{"message":"x"}`, http.Header{"Www-Authenticate": {"Bearer"}}},
		{fleet.Errorf(fleet.TokenExpired, "x"), 401, `{"message":"x"}`, http.Header{"Www-Authenticate": {"Bearer"}}},
		{fleet.Errorf(fleet.Forbidden, "x"), 403, refusal("1104", "Forbidden", "x"), nil},
		{fleet.Errorf(fleet.NotFound, "x"), 404, refusal("1201", "NotFound", "x"), nil},
		{fleet.Errorf(fleet.BadQuery, "x"), 422, refusal("1301", "InvalidQueryCriteria", "x"), nil},
		{fleet.Errorf(fleet.BadSort, "x"), 422, refusal("1302", "InvalidSortCriteria", "x"), nil},
		{fleet.Errorf(fleet.ValidationFailed, "x"), 422, refusal("1400", "InputValidationFailed", "x"), nil},
		{fleet.Errorf(fleet.InvalidReference, "x"), 404, refusal("1401", "InvalidReference", "x"), nil},
		{fleet.Errorf(fleet.Required, "x"), 422, refusal("1402", "Required", "x"), nil},
		{fleet.Errorf(fleet.InvalidFormat, "x"), 422, refusal("1403", "InvalidFormat", "x"), nil},
		{fleet.Errorf(fleet.OutOfRange, "x"), 422, refusal("1404", "OutOfRange", "x"), nil},
		{fleet.Errorf(fleet.Duplicated, "x"), 409, refusal("1405", "Duplicated", "x"), nil},
		{fleet.Errorf(fleet.NotAllowed, "x"), 403, refusal("1406", "NotAllowed", "x"), nil},
		{fleet.Errorf(fleet.InUse, "x"), 409, refusal("1406", "NotAllowed", "x"), nil},
		{fleet.Errorf(fleet.KeyReused, "x"), 422, refusal("1406", "NotAllowed", "x"), nil},
		{fleet.Errorf(fleet.KeyBusy, "x"), 409, refusal("1406", "NotAllowed", "x"), nil},
		{fleet.Errorf(fleet.TooLarge, "x"), 413, refusal("1000", "BadRequest", "x"), nil},
		{fleet.Errorf(fleet.PreconditionStale, "x"), 412, refusal("4120", "PreconditionFailed", "x"), nil},
		{fleet.Errorf(fleet.Unavailable, "x"), 503, refusal("1000", "Unavailable", "x"), http.Header{"Retry-After": {"1"}}},
		{
			&fleet.Error{Code: fleet.TooManyRequests, Message: "x", RetryAfter: 1500 * time.Millisecond}, 429,
			refusal("1105", "TooManyRequests", "x"), http.Header{"Retry-After": {"2"}},
		},
		{
			&fleet.Error{Code: fleet.LockedOut, Message: "x", RetryAfter: time.Minute}, 401,
			refusal("1105", "TooManyRequests", "x"), http.Header{"Retry-After": {"60"}},
		},
		{fmt.Errorf("a step: %w", fleet.Errorf(fleet.NotFound, "x")), 404, refusal("1201", "NotFound", "x"), nil},
		{
			fmt.Errorf("a query: %w", context.DeadlineExceeded), 503,
			refusal("1000", "Unavailable", "The request took too long; try again"), http.Header{"Retry-After": {"1"}},
		},
		{
			errors.New("a secret of the server"), 500,
			refusal("1000", "InternalError", "Internal server error. Details are in the server log under this request ID."), nil,
		},
		{
			&fleet.Error{Code: fleet.NotFound, Message: "two", Problems: []fleet.Problem{{Code: fleet.NotFound, Message: "one"}}}, 404,
			`{"error_code":1201,"error_token":"NotFound","message":"two","errors":[{"error_code":1201,"error_token":"NotFound","message":"one"}]}`, nil,
		},
	} {
		t.Run(fmt.Sprint(test.err, " ", test.status), func(t *testing.T) {
			res := serve(t, httpx.Options{}, newRequest(t, "GET", "", ""), func(*httpx.Server, *httpx.Request) (httpx.Response, error) {
				return httpx.Response{}, test.err
			})
			for name := range test.header {
				if got := res.Header().Get(name); got != test.header.Get(name) {
					t.Errorf("%s: %q, want %q", name, got, test.header.Get(name))
				}
			}
			if got := res.Header().Get("Retry-After"); got != "" && test.header.Get("Retry-After") == "" {
				t.Errorf("Retry-After: %q, want none", got)
			}
			wantResponse(t, res, test.status, test.body)
		})
	}
}

// A code that a rule can return has a row, so no refusal becomes a status 0.
func TestWireCode(t *testing.T) {
	if code, token := httpx.WireCode(fleet.PreconditionStale); code != 4120 || token != "PreconditionFailed" {
		t.Errorf("%d %s", code, token)
	}
}

func TestUnready(t *testing.T) {
	res := serve(t, httpx.Options{}, newRequest(t, "GET", "", ""), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
		return httpx.Unready(r, errors.New("the database is away"), map[string]string{"status": "unavailable"}), nil
	})
	if res.Header().Get("Retry-After") != "1" {
		t.Errorf("%v", res.Header())
	}
	wantResponse(t, res, http.StatusServiceUnavailable, `{"status":"unavailable"}`)
}
