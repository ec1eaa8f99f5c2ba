package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strings"
	"time"
)

// WatchJob reads a job from a server that sends no events every firstPoll at first, and less and
// less often, down to every watchPoll.
const (
	firstPoll = 50 * time.Millisecond
	watchPoll = time.Second
)

// watchSilence is how long a stream of events may be silent. The server sends a ping every 15
// seconds.
const watchSilence = 45 * time.Second

// WatchJob iterates over the states of a job, from the present one to its end. It reads the
// events that the server sends, and reconnects if the connection is lost; without events it reads
// the job again and again, in the end every second. It yields an error once no attempt of the
// client's Retry succeeds, and stops.
//
// Errors: those of Job; the error of ctx when it ends. The job goes on in any case.
func (c *Client) WatchJob(ctx context.Context, id int64) iter.Seq2[*Job, error] {
	return func(yield func(*Job, error) bool) {
		w := jobWatch{client: c, id: id, poll: firstPoll}
		for {
			j, err := c.Job(ctx, id) // with its own retries
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(j, nil) || j.Ended() {
				return
			}
			if w.wait(ctx) != nil {
				yield(nil, ctx.Err())
				return
			}
		}
	}
}

// jobWatch is the stream of events of a job.
type jobWatch struct {
	client *Client
	id     int64
	last   string // id of the last event
	silent bool   // the server sends no events
	lines  *bufio.Reader
	events int // read from lines
	close  func()
	failed int           // attempts to read an event, in a row
	poll   time.Duration // until the job is read without an event
}

// wait returns when the job may have changed, or with the error of ctx when it ends.
func (w *jobWatch) wait(ctx context.Context) error {
	err := w.next(ctx)
	pause := w.poll
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && !w.silent:
		w.failed, w.poll = 0, firstPoll
		return nil
	case err == nil, errors.Is(err, errEnded):
		w.failed = 0
	default:
		w.failed++
		pause = max(watchPoll, w.client.retry.backoff(w.failed))
	}
	w.poll = min(2*w.poll, watchPoll)
	return w.client.clock.Sleep(ctx, pause)
}

// next waits for the next event.
func (w *jobWatch) next(ctx context.Context) error {
	if w.silent {
		return nil
	}
	if w.lines == nil {
		if err := w.open(ctx); err != nil || w.silent {
			return err
		}
	}
	err := w.event()
	if err == nil {
		w.events++
		return nil
	}
	w.close()
	w.lines = nil
	if errors.Is(err, io.EOF) && w.events > 0 {
		return errEnded
	}
	return err
}

// errEnded means that the stream has ended: the job has, or the server stops.
var errEnded = errors.New("the stream of events has ended")

// errSilent means that nothing arrived for watchSilence, not even a ping.
var errSilent = errors.New("the server has stopped sending events")

// open begins the stream, after the last event that was read.
func (w *jobWatch) open(ctx context.Context) error {
	s := sending{client: w.client, call: call{method: http.MethodGet, path: jobPath(w.id) + "/watch"}}
	if source := w.client.tokens; source != nil {
		var err error
		if s.bearer, err = source.Token(ctx, ""); err != nil {
			return &signInError{err}
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	req, err := s.request(ctx)
	if err != nil {
		stop(nil)
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	if w.last != "" {
		req.Header.Set("Last-Event-ID", w.last)
	}
	endless := *w.client.http
	endless.Timeout = 0
	watchdog := time.AfterFunc(watchSilence, func() { stop(errSilent) })
	resp, err := endless.Do(req) //nolint:bodyclose // close closes it
	if err != nil {
		watchdog.Stop()
		stop(nil)
		return err
	}
	w.close = func() {
		watchdog.Stop()
		stop(nil)
		_ = resp.Body.Close()
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" if it is malformed
	switch {
	case resp.StatusCode == http.StatusOK && kind == "text/event-stream":
		w.lines, w.events = bufio.NewReader(alive{resp.Body, watchdog}), 0
		return nil
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusMethodNotAllowed, resp.StatusCode == http.StatusNotAcceptable:
		w.silent = true // the job exists: it was read before
	}
	w.close()
	if w.silent {
		return nil
	}
	return fmt.Errorf("GET %s/watch: %s", jobPath(w.id), resp.Status)
}

// alive restarts a watchdog whenever something arrives.
type alive struct {
	io.Reader
	watchdog *time.Timer
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.watchdog.Reset(watchSilence)
	}
	return n, err
}

// event reads up to the end of an event that has data. A ping is a comment, and has none.
func (w *jobWatch) event() error {
	data := false
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" && data {
			return nil
		}
		field, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimPrefix(value, " "); field {
		case "id":
			w.last = value
		case "data":
			data = true
		}
	}
}
