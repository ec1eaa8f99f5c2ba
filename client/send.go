package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// call is one operation to perform.
type call struct {
	method string
	path   string // escaped, with its query
	body   any    // sent as JSON, or unchanged if csv; nil for none
	header http.Header
	repeat bool // is safe to send twice
	probe  bool // checks the current state: never retried
}

// csv is a list that is sent unchanged.
type csv []byte

// kind returns the content type of the body.
func (c call) kind() string {
	if _, ok := c.body.(csv); ok {
		return "text/csv"
	}
	return "application/json"
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	sentTo *url.URL // the address of the request
	path   string   // of the operation, without the query
}

// maxAnswer bounds the size of a response. The largest page, 2,500 SIMs, takes 2 MB.
const maxAnswer = 64 << 20

// errNotSent marks a failure before the connection was established: the server has not seen the
// request.
var errNotSent = errors.New("no connection")

// do performs a call. It returns a refusal as its typed error.
func (c *Client) do(ctx context.Context, what call) (*answer, error) {
	s := sending{client: c, call: what}
	if list, ok := what.body.(csv); ok {
		s.body = list
	} else if what.body != nil {
		var err error
		if s.body, err = json.Marshal(what.body); err != nil {
			return nil, err
		}
	}
	got, err := s.send(ctx)
	if err != nil {
		return nil, &CallError{what.method, what.path, err}
	}
	return got, nil
}

// one performs a call whose response is one JSON value.
func one[T any](ctx context.Context, c *Client, what call) (*T, error) {
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	return decode[T](what, got)
}

func decode[T any](what call, got *answer) (*T, error) {
	var v T
	if err := json.Unmarshal(got.body, &v); err != nil {
		return nil, &CallError{what.method, what.path, fmt.Errorf("cannot decode the response (%d): %w", got.status, err)}
	}
	return &v, nil
}

// sending is one call with all its attempts.
type sending struct {
	client  *Client
	call    call
	body    []byte
	bearer  string
	renewed bool // once per call
}

// send makes attempts as the retry policy allows.
func (s *sending) send(ctx context.Context) (*answer, error) {
	for attempt := 1; ; attempt++ {
		got, err := s.authorized(ctx)
		if err == nil {
			return got, nil
		}
		wait, again := s.client.retry.after(attempt, s.call, err)
		if !again || !inTime(ctx, wait) {
			return nil, err
		}
		if tell := s.client.retry.Waiting; tell != nil {
			tell(wait, err)
		}
		if s.client.clock.Sleep(ctx, wait) != nil {
			return nil, err // the original error is more useful than a timeout
		}
	}
}

// authorized sends once, or twice if the first bearer is refused and there is another: a
// request refused with 401 has not been processed.
func (s *sending) authorized(ctx context.Context) (*answer, error) {
	source := s.client.tokens
	if source == nil {
		return s.attempt(ctx)
	}
	var err error
	if s.bearer, err = source.Token(ctx, ""); err != nil {
		return nil, &signInError{err}
	}
	got, err := s.attempt(ctx)
	if err == nil || s.renewed || !IsUnauthorized(err) {
		return got, err
	}
	s.renewed = true
	next, failed := source.Token(ctx, s.bearer)
	switch {
	case failed != nil:
		return nil, &signInError{failed}
	case next == s.bearer:
		return nil, err
	}
	s.bearer = next
	return s.attempt(ctx)
}

// attempt sends once and reads the whole answer.
func (s *sending) attempt(ctx context.Context) (*answer, error) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	req, err := s.request(httptrace.WithClientTrace(ctx, trace))
	if err != nil {
		return nil, err
	}
	got, err := exchange(s.client.http, req)
	switch {
	case err != nil:
		return nil, &connectionError{err: err, sent: connected.Load(), ended: ctx.Err() != nil}
	case got.status >= 200 && got.status < 300:
		return got, nil
	}
	got.path, _, _ = strings.Cut(s.call.path, "?")
	return nil, refusal(got, s.client.clock.Now())
}

func (s *sending) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, s.call.method, s.client.base+s.call.path, bytes.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	if s.client.retry.Attempts < 2 {
		// Without GetBody, net/http cannot resend a request with an Idempotency-Key
		// automatically.
		req.GetBody = nil
	}
	for name, values := range s.call.header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", s.client.userAgent)
	if s.body != nil {
		req.Header.Set("Content-Type", s.call.kind())
	}
	if s.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	return req, nil
}

func exchange(h *http.Client, req *http.Request) (*answer, error) {
	resp, err := h.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the response is larger than %d bytes", maxAnswer)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body, sentTo: req.URL}, err
}
