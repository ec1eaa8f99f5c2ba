package traffic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Journal is what clients sent and what they got back. Its zero value is kept in memory only. Its
// methods may be called concurrently.
type Journal struct {
	file      *os.File // nil for none
	mu        sync.Mutex
	requests  []*Request
	anomalies []string // replies that no client should get
	lines     int64    // written
	syncing   sync.Mutex
	synced    int64

	acked atomic.Int64
}

// Open begins a journal in a file. Every attempt is on disk before it is sent, and its reply
// afterwards.
func Open(file string) (*Journal, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &Journal{file: f}, err
}

// Close ends the journal.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// Acknowledged returns the number of writes acknowledged with a 2xx so far.
func (j *Journal) Acknowledged() int { return int(j.acked.Load()) }

// Requests returns the requests so far, in the order in which they were first sent.
func (j *Journal) Requests() []*Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.requests[:len(j.requests):len(j.requests)]
}

// TakeAnomalies returns the replies that no client should get, and forgets them.
func (j *Journal) TakeAnomalies() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := j.anomalies
	j.anomalies = nil
	return list
}

// line is one line of the file.
type line struct {
	Sent     *time.Time `json:"sent,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	Request  *Request   `json:"request,omitempty"`
	Client   int        `json:"client"`
	Err      string     `json:"err,omitempty"`
	Status   int        `json:"status,omitempty"`
	Location string     `json:"location,omitempty"`
	Replayed bool       `json:"replayed,omitempty"`
	Body     string     `json:"body,omitempty"`
}

// begin records an attempt and returns when it is on disk.
func (j *Journal) begin(r *Request, server string) (*Attempt, error) {
	a := &Attempt{Request: r, Server: server}
	now := time.Now()
	n, err := j.write(line{Sent: &now, Request: r, Client: r.Client}, func() {
		if len(r.attempts) == 0 {
			j.requests = append(j.requests, r)
		}
		r.attempts = append(r.attempts, a)
	})
	if err == nil {
		err = j.sync(n)
	}
	a.Sent = time.Now()
	return a, err
}

// end records the outcome of an attempt. expires says that bearers expire.
func (j *Journal) end(a *Attempt, expires bool) error {
	a.Ended = time.Now()
	l := line{Ended: &a.Ended, Client: a.Request.Client, Status: a.Status, Body: string(a.Body)}
	if a.Err != nil {
		l.Err = a.Err.Error()
	} else {
		l.Location, l.Replayed = a.Location(), a.Replayed()
	}
	if a.succeeded() && a.Request.Kind != Preview {
		j.acked.Add(1)
	}
	_, err := j.write(l, func() {
		if text := a.anomaly(expires); text != "" {
			j.anomalies = append(j.anomalies, text)
		}
	})
	return err
}

// anomaly describes a reply that no client should get; "" for any other. The only failure that a
// server may report is a 503 with Retry-After.
func (a *Attempt) anomaly(expires bool) string {
	r, later := a.Request, a.Header.Get("Retry-After")
	switch {
	case a.Err != nil:
	case a.Status >= http.StatusInternalServerError && (a.Status != http.StatusServiceUnavailable || later == ""):
		return fmt.Sprintf("I12: %v was answered %d, Retry-After %q: %s", r, a.Status, later, clip(a.Body))
	case r.mustFail && a.succeeded():
		return fmt.Sprintf("I7: %v must be refused, and was answered %d: %s", r, a.Status, clip(a.Body))
	case a.Status == http.StatusUnauthorized && !expires,
		a.Status == http.StatusBadRequest && !r.mustFail && r.Kind != Patch, // an issued SIM cannot be suspended
		a.Status == http.StatusNotFound && !r.mustFail && r.Kind != Plug:    // the SIM may be in another Workspace
		return fmt.Sprintf("%v was answered %d: %s", r, a.Status, clip(a.Body))
	}
	return ""
}

func (j *Journal) write(l line, also func()) (n int64, err error) {
	var text []byte
	if j.file != nil {
		if text, err = json.Marshal(l); err != nil {
			return 0, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	also()
	if j.file == nil {
		return 0, nil
	}
	j.lines++
	_, err = j.file.Write(append(text, '\n'))
	return j.lines, err
}

// sync returns when line n is on disk. One sync covers all lines written before it.
func (j *Journal) sync(n int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= n {
		return nil
	}
	j.mu.Lock()
	written := j.lines
	j.mu.Unlock()
	err := j.file.Sync()
	if err == nil {
		j.synced = written
	}
	return err
}
