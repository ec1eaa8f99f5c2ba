package load

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what a request asks for.
type Kind string

// The kinds of requests.
const (
	Migrate Kind = "migrate" // a real run
	Preview Kind = "preview" // a dry run
	Patch   Kind = "patch"   // of a SIM's status
	Plug    Kind = "plug"    // a SIM into a device, or out of it
)

// Request is what a client wants, over all its attempts.
type Request struct {
	Client  int    `json:"client"`
	Kind    Kind   `json:"kind"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Key     string `json:"key,omitempty"`
	IfMatch string `json:"if_match,omitempty"`
	Body    string `json:"body"`
	Target  int64  `json:"-"` // of a migration
	SIM     int64  `json:"-"` // of a patch or a plug; 0 detaches
	Status  int64  `json:"-"` // of a patch
	Device  int64  `json:"-"` // of a plug

	attempts []*Attempt
}

// Attempt is one sending of a request.
type Attempt struct {
	Request *Request
	Sent    time.Time
	Ended   time.Time // with or without a reply
	Err     error     // there was no reply
	Status  int
	Header  http.Header
	Body    []byte

	entries []*Entry // that it made, judging by time and user
}

// Settled reports whether the reply is final: it was not lost, and it does not say to try
// again.
func (a *Attempt) Settled() bool {
	return a.Err == nil && a.Status < http.StatusInternalServerError && a.Header.Get("Retry-After") == ""
}

// Replayed reports whether the reply repeats an earlier one.
func (a *Attempt) Replayed() bool { return a.Header.Get("Idempotent-Replayed") == "true" }

// Journal is what the clients know. Every attempt is on disk before it is sent, and its reply
// afterwards. Its methods may be called concurrently.
type Journal struct {
	file    *os.File
	mu      sync.Mutex
	all     []*Request
	lines   int64 // written
	syncing sync.Mutex
	synced  int64

	acked atomic.Int64
}

// Open begins a journal in a file.
func Open(file string) (*Journal, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &Journal{file: f}, err
}

// Close ends the journal.
func (j *Journal) Close() error { return j.file.Close() }

// Acknowledged returns the number of changes acknowledged with a 2xx so far.
func (j *Journal) Acknowledged() int { return int(j.acked.Load()) }

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

// Begin records an attempt and returns when it is on disk.
func (j *Journal) Begin(r *Request) (*Attempt, error) {
	a := &Attempt{Request: r}
	now := time.Now()
	n, err := j.write(line{Sent: &now, Request: r, Client: r.Client}, func() {
		if len(r.attempts) == 0 {
			j.all = append(j.all, r)
		}
		r.attempts = append(r.attempts, a)
	})
	if err == nil {
		err = j.sync(n)
	}
	a.Sent = time.Now()
	return a, err
}

// End records the outcome of an attempt.
func (j *Journal) End(a *Attempt) error {
	a.Ended = time.Now()
	l := line{Ended: &a.Ended, Client: a.Request.Client, Status: a.Status, Body: string(a.Body)}
	if a.Err != nil {
		l.Err = a.Err.Error()
	} else {
		l.Location, l.Replayed = a.Header.Get("Location"), a.Replayed()
	}
	if a.Settled() && a.Status < 300 && a.Request.Kind != Preview {
		j.acked.Add(1)
	}
	_, err := j.write(l, func() {})
	return err
}

func (j *Journal) write(l line, also func()) (n int64, err error) {
	text, err := json.Marshal(l)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	also()
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
