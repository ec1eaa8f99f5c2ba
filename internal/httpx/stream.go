package httpx

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
)

// Streams configures responses that are written piece by piece, for as long as they take. Zero
// values select the defaults.
type Streams struct {
	Total     int           // concurrent streams; 500
	PerCaller int           // of one user or application token; 16
	Check     time.Duration // how often a stream checks the caller's rights again; 5 s
	Ping      time.Duration // the longest silence of a stream of events; 15 s
	Lifetime  time.Duration // of a stream of events, after which a client reconnects; 1 h
	// Stopping is closed when the server begins to stop. Nil means never.
	Stopping <-chan struct{}
}

func (o Streams) withDefaults() Streams {
	o.Total, o.PerCaller = cmp.Or(o.Total, 500), cmp.Or(o.PerCaller, 16)
	o.Check, o.Ping = cmp.Or(o.Check, 5*time.Second), cmp.Or(o.Ping, 15*time.Second)
	o.Lifetime = cmp.Or(o.Lifetime, time.Hour)
	return o
}

// Stream is the body of a response that is written piece by piece. The server's time limits do not
// apply to the whole, but to each piece.
type Stream struct {
	Streams // the settings
	writer  http.ResponseWriter
	control *http.ResponseController
	begun   func() // called after each piece: the request leaves the queue
}

// Write sends a piece. A client that does not read it in time loses the connection.
func (s *Stream) Write(piece []byte) (int, error) {
	most := answerStart + time.Duration(len(piece))*time.Second/answerRate
	_ = s.control.SetWriteDeadline(time.Now().Add(most)) // some test writers do not support deadlines
	defer s.begun()
	return s.writer.Write(piece)
}

// Flush sends what is buffered.
func (s *Stream) Flush() error { return s.control.Flush() }

// Streamed makes body the body of a response. It is called after the request has released its place
// in the queue; its context ends when the client disconnects. If body returns an error, the
// connection is aborted, so that the client does not take a part for the whole.
//
// Errors: TooManyRequests if the caller, or all callers together, have too many streams.
func (r *Request) Streamed(res *Response, body func(context.Context, *Stream) error) error {
	a, caller := r.place.admission, r.place.caller
	if a != nil {
		if !a.streams.Take(caller, 1) {
			_ = limit.Wait(r.Context(), floodPause) // it is refused in any case
			return &fleet.Error{
				Code: fleet.TooManyRequests, RetryAfter: 5 * time.Second,
				Message: "Too many streams are open: close one, or retry later",
			}
		}
		r.place.stream = func() { a.streams.Give(caller, 1) }
	}
	res.stream = body
	return nil
}

// stream sends a response with a streamed body.
func (s *Server) stream(hr *http.Request, r *Request, res Response) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // without its timeout
	defer cancel()
	defer context.AfterFunc(hr.Context(), cancel)()
	out := &Stream{Streams: s.streams, writer: r.writer, control: http.NewResponseController(r.writer), begun: r.leaveQueue}
	h := r.writer.Header()
	for name, values := range res.header {
		h[name] = values
	}
	h.Set("Content-Type", res.ContentType)
	if res.ContentType == EventStream {
		h.Set(gzhttp.HeaderNoCompression, "1") // it would hold events back
	}
	r.writer.WriteHeader(res.Status)
	if hr.Method == http.MethodHead {
		return
	}
	if err := res.stream(ctx, out); err != nil {
		r.LogError(err)
		panic(http.ErrAbortHandler)
	}
}

// EventStream is the content type of server-sent events.
const EventStream = "text/event-stream"

// newStreams returns the budget of streams.
func newStreams(o Streams) *limit.Budget { return limit.NewBudget(int64(o.Total), int64(o.PerCaller)) }
