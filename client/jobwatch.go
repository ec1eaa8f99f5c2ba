package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/simferry/simferry/api"
)

// WatchJob reads a job every firstPoll at first, and less and less often, down to every watchPoll:
// a short job ends before a stream of events would help.
const (
	firstPoll = 50 * time.Millisecond
	watchPoll = time.Second
)

// WatchJob iterates over the states of a job, from the present one to its end. After a short time
// it reads the events that the server sends, and reconnects if the connection is lost; without
// events it reads the job every second. It yields an error once no attempt of the client's Retry
// succeeds, and stops. Only jobs in the state JobPlanned have their ETag.
//
// Errors: those of Job; the error of ctx when it ends. The job continues in any case.
func (c *Client) WatchJob(ctx context.Context, id int64) iter.Seq2[*Job, error] {
	return func(yield func(*Job, error) bool) {
		w := jobWatch{client: c, id: id, poll: firstPoll}
		defer w.close()
		for {
			j, err := w.job(ctx)
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
	client    *Client
	id        int64
	last      string // id of the last event
	silent    bool   // the server sends no events
	stream    *stream
	lines     *bufio.Reader // of stream; nil without
	fromEvent *Job          // the job in the last event; nil if it must be read
	failed    int           // attempts to read an event, in a row
	poll      time.Duration // until the job is read without an event
}

// job returns the job that came with an event, or reads it.
func (w *jobWatch) job(ctx context.Context) (*Job, error) {
	if j := w.fromEvent; j != nil {
		w.fromEvent = nil
		return j, nil
	}
	return w.client.Job(ctx, w.id) // with its own retries
}

// wait returns when the job may have changed, or with the error of ctx when it ends.
func (w *jobWatch) wait(ctx context.Context) error {
	pause := w.poll
	if w.poll >= watchPoll && !w.silent {
		err := w.next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && !w.silent:
			w.failed = 0
			return nil
		case err == nil, errors.Is(err, errEnded):
			w.failed = 0
		default:
			w.failed++
			pause = max(pause, w.client.retry.backoff(w.failed))
		}
	}
	w.poll = min(2*w.poll, watchPoll)
	return w.client.clock.Sleep(ctx, pause)
}

// errEnded means that the stream has ended: the job has, or the server stops.
var errEnded = errors.New("the stream of events has ended")

// next waits for the next event.
func (w *jobWatch) next(ctx context.Context) error {
	if w.lines == nil {
		if err := w.open(ctx); err != nil || w.silent {
			return err
		}
	}
	err := w.event()
	if err != nil {
		w.close()
	}
	if errors.Is(err, io.EOF) {
		return errEnded
	}
	return err
}

// open begins the stream, after the last event that was read.
func (w *jobWatch) open(ctx context.Context) (err error) {
	header := make(http.Header)
	if w.last != "" {
		header.Set("Last-Event-ID", w.last)
	}
	if w.stream, err = w.client.stream(ctx, jobPath(w.id)+"/watch", "text/event-stream", header); err != nil {
		return err
	}
	switch w.stream.status {
	case http.StatusOK:
		if w.stream.kind == "text/event-stream" {
			w.lines = bufio.NewReader(w.stream.body)
			return nil
		}
		w.silent = true
	case http.StatusNoContent:
		err = errEnded
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable:
		w.silent = true // the job exists: it was read before
	default:
		err = &CallError{"GET", jobPath(w.id) + "/watch", fmt.Errorf("unexpected status %d", w.stream.status)}
	}
	w.close()
	return err
}

func (w *jobWatch) close() {
	if w.stream != nil {
		w.stream.close()
	}
	w.stream, w.lines = nil, nil
}

// event reads up to the end of an event that has data. A ping is a comment, and has none.
func (w *jobWatch) event() error {
	var data []string
	for {
		line, err := w.lines.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" && data != nil {
			w.take(strings.Join(data, "\n"))
			return nil
		}
		field, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimPrefix(value, " "); field {
		case "id":
			w.last = value
		case "data":
			data = append(data, value)
		}
	}
}

// take keeps the job that came with an event. The ETag of a plan does not come with it.
func (w *jobWatch) take(data string) {
	var j api.Job
	if json.Unmarshal([]byte(data), &j) == nil && j.ID == w.id && j.State != "" && j.State != JobPlanned {
		w.fromEvent = &Job{Job: j}
	}
}
