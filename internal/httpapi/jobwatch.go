package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

const (
	watchCheck = 30 * time.Second // that a check of the rights may take
	watchRetry = 2 * time.Second  // after which a client reconnects
	watchEvery = time.Second      // the least time between two events, but the last comes at once
)

// watchJob implements GET /api/v1/migration_job/{job_id}/watch and the same for sim_status_job.
func (a *api) watchJob(r *request) (res response, err error) {
	id, err := jobID(r)
	if err != nil {
		return res, err
	}
	j, err := a.control.Job(r.Context(), r.caller, id)
	if err != nil {
		return res, err
	}
	last := strings.TrimSpace(r.Header.Get("Last-Event-ID"))
	if j.State.Ended() && last == watchID(j) {
		return response{Status: http.StatusNoContent}, nil // the client must not reconnect
	}
	res = response{Status: http.StatusOK, ContentType: httpx.EventStream}
	res.Set("Cache-Control", "no-store")
	res.Set("X-Accel-Buffering", "no")
	err = r.Streamed(&res, func(ctx context.Context, out *httpx.Stream) error {
		w, err := a.control.WatchJob(ctx, r.caller, id)
		if err != nil {
			return err
		}
		defer w.Close()
		e := jobEvents{api: a, request: r, watch: w, out: out, last: last}
		if _, err := fmt.Fprintf(out, "retry: %d\n\n", watchRetry.Milliseconds()); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		return e.send(ctx)
	})
	return res, err
}

func watchID(j fleet.Job) string { return strconv.FormatInt(j.Version, 10) }

// jobEvents sends the states of a job to one client.
type jobEvents struct {
	api     *api
	request *request
	watch   *control.JobWatch
	out     *httpx.Stream
	last    string // id of the last event
	sent    time.Time
}

// send sends events until the job has ended, the caller may no longer see it, the client
// disconnects, the server stops or the stream is too old. It returns an error only if the
// connection is of no more use.
func (e *jobEvents) send(ctx context.Context) error {
	check, ping, end := time.NewTicker(e.out.Check), time.NewTicker(e.out.Ping), time.NewTimer(e.out.Lifetime)
	defer check.Stop()
	defer ping.Stop()
	defer end.Stop()
	for {
		j, complete, changed := e.watch.Job()
		if !complete {
			if !e.allowed(ctx) {
				return nil
			}
			j, _, changed = e.watch.Job()
		}
		soon, err := e.due(j)
		if err != nil || j.State.Ended() {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.out.Stopping:
			return nil // the client reconnects, to another server or the next one
		case <-end.C:
			return nil
		case <-changed:
		case <-soon:
		case <-check.C:
			if !e.allowed(ctx) {
				return nil
			}
		case <-ping.C:
			if err := e.write(": ping\n\n"); err != nil {
				return err
			}
		}
	}
}

// due sends the job if it has changed, or returns when that is possible.
func (e *jobEvents) due(j fleet.Job) (soon <-chan time.Time, err error) {
	if watchID(j) == e.last {
		return nil, nil
	}
	if wait := watchEvery - time.Since(e.sent); wait > 0 && !j.State.Ended() {
		return time.After(wait), nil
	}
	return nil, e.event(j)
}

// allowed checks again whether the caller is signed in and may see the job.
func (e *jobEvents) allowed(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, watchCheck)
	defer cancel()
	r := e.request
	err := e.api.verifyBearer(r)
	if err == nil {
		r.caller, err = e.api.control.Authenticate(ctx, r.claims, r.origin())
	}
	if err == nil {
		err = e.watch.Check(ctx, r.caller)
	}
	if code := fleet.CodeOf(err); code == 0 || code == fleet.Unavailable {
		return true // if the database does not respond, nothing is sent either
	}
	r.LogError(err)
	return false
}

func (e *jobEvents) event(j fleet.Job) error {
	data, err := json.Marshal(jobBody(j))
	if err != nil {
		return err
	}
	e.last, e.sent = watchID(j), time.Now()
	return e.write(fmt.Sprintf("id: %s\nevent: job\ndata: %s\n\n", e.last, data))
}

func (e *jobEvents) write(text string) error {
	if _, err := e.out.Write([]byte(text)); err != nil {
		return err
	}
	return e.out.Flush()
}
