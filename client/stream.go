package client

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"
)

// streamSilence is how long a stream may be silent. A stream of events has a ping every 15 seconds.
const streamSilence = 45 * time.Second

// errSilent means that nothing arrived for streamSilence.
var errSilent = errors.New("the server has stopped sending")

// stream is a response that is read while it is sent. Nothing bounds how long it takes, only how
// long it is silent.
type stream struct {
	status int
	kind   string    // media type, without parameters
	body   io.Reader // until close
	close  func()
}

// stream performs a GET once, without retries.
func (c *Client) stream(ctx context.Context, path, accept string, header http.Header) (*stream, error) {
	s := sending{client: c, call: call{method: http.MethodGet, path: path, header: header}}
	if c.tokens != nil {
		var err error
		if s.bearer, err = c.tokens.Token(ctx, ""); err != nil {
			return nil, &signInError{err}
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	req, err := s.request(ctx)
	if err != nil {
		stop(nil)
		return nil, err
	}
	req.Header.Set("Accept", accept)
	endless := *c.http
	endless.Timeout = 0
	watchdog := time.AfterFunc(streamSilence, func() { stop(errSilent) })
	resp, err := endless.Do(req) //nolint:bodyclose // close closes it
	if err != nil {
		watchdog.Stop()
		stop(nil)
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" if it is malformed
	return &stream{status: resp.StatusCode, kind: kind, body: alive{resp.Body, watchdog}, close: func() {
		watchdog.Stop()
		stop(nil)
		_ = resp.Body.Close()
	}}, nil
}

// alive restarts a watchdog whenever something arrives.
type alive struct {
	io.Reader
	watchdog *time.Timer
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.watchdog.Reset(streamSilence)
	}
	return n, err
}
