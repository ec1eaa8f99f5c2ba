package client

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/api"
)

// refusalBody can decode the body of every refusal: the common one, the 409 of a migration (whose
// errors list SIMs), its 412, and the one of the readiness check.
type refusalBody struct {
	ErrorCode  int             `json:"error_code"`
	ErrorToken string          `json:"error_token"`
	Message    string          `json:"message"`
	Reason     string          `json:"reason"`
	StatusCode int             `json:"status_code"` // of the migration's 409 only
	Errors     json.RawMessage `json:"errors"`
	SIMs       []api.StaleSIM  `json:"sims"`
}

// refusal turns a response into an error. If the body is not that of the API, such as a proxy's
// page, the error has only the status.
func refusal(got *answer, now time.Time) error {
	var body refusalBody
	if json.Unmarshal(got.body, &body) != nil {
		body = refusalBody{}
	}
	if got.status >= 300 && got.status < 400 {
		return redirected(got)
	}
	e := APIError{
		Status: got.status, Code: body.ErrorCode, Token: body.ErrorToken, Message: message(body, got.status),
		RequestID: got.header.Get("X-Request-Id"), RetryAfter: retryAfter(got.header, now),
	}
	switch {
	case got.status == http.StatusConflict && body.StatusCode != 0:
		var groups []api.ConflictReason
		if json.Unmarshal(body.Errors, &groups) == nil {
			return &ConflictError{e, groups}
		}
	case got.status == http.StatusPreconditionFailed:
		return &StaleError{e, body.SIMs}
	case len(body.Errors) > 0 && json.Unmarshal(body.Errors, &e.Problems) != nil:
		e.Problems = nil
	}
	return &e
}

// redirected builds the error for a redirect.
func redirected(got *answer) error {
	e := &RedirectError{APIError: APIError{Status: got.status, RequestID: got.header.Get("X-Request-Id")}}
	e.Message = "the server redirects without a destination; check the server's address"
	sentTo := got.sentTo
	if sentTo == nil {
		return e
	}
	to, err := sentTo.Parse(got.header.Get("Location"))
	if err != nil || got.header.Get("Location") == "" {
		return e
	}
	to.User = nil
	e.Location = to.String()
	e.Message = "the server redirects to " + e.Location + "; the redirect is not followed, because the request contains credentials"
	if base, same := strings.CutSuffix(to.EscapedPath(), got.path); same && to.RawQuery == sentTo.RawQuery {
		e.BaseURL = to.Scheme + "://" + to.Host + base
		e.Message += ". If you trust that address, use " + e.BaseURL
	}
	return e
}

func message(b refusalBody, status int) string {
	for _, text := range []string{b.Message, b.Reason, http.StatusText(status)} {
		if text != "" {
			return text
		}
	}
	return "status " + strconv.Itoa(status)
}

// retryAfter reads both forms, seconds and a date; 0 if the header is absent or invalid. A date
// is compared with the server's Date, if the response has one.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		const most = math.MaxInt64 / uint64(time.Second)
		return time.Duration(min(n, most)) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if serverTime, err := http.ParseTime(h.Get("Date")); err == nil {
		now = serverTime
	}
	return max(0, at.Sub(now))
}
