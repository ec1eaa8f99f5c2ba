package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/simferry/simferry/internal/fleet"
)

// response is an answer before it is written.
type response struct {
	status int
	header http.Header
	kind   string // content type; JSON where empty
	body   []byte // nil for none

	refusal fleet.Code // of a refusal that a rule has worded, else 0
	ended   bool       // it refuses because the caller's session ended meanwhile
}

// ok is an answer with a JSON body.
func ok(v any) (response, error) {
	body, err := json.Marshal(v)
	return response{status: http.StatusOK, body: body}, err
}

// done is an answer without a body.
func done(err error) (response, error) { return response{status: http.StatusNoContent}, err }

// set adds a header.
func (r *response) set(name, value string) {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
}

// The time that a client has to read an answer: some at the start, and what its size needs at
// this rate, in bytes a second. One that does not read does not hold memory for long.
const (
	answerStart = 15 * time.Second
	answerRate  = 64 << 10
)

// send writes an answer to a client that may be slow.
func send(w http.ResponseWriter, r response) {
	most := answerStart + time.Duration(len(r.body))*time.Second/answerRate
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most)) // some writers of tests have none
	write(w, r)
}

// largeAnswer is from which size on an answer is packed before its request's place is free.
const largeAnswer = 64 << 10

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}

// packed compresses a large answer at once if its client takes gzip; otherwise the middleware
// would do it while it is sent, when other requests have their turn.
func packed(r *request, res response) response {
	z, ok := packers.Get().(*gzip.Writer)
	if !ok || len(res.body) < largeAnswer || !takesGzip(r.Request) {
		return res
	}
	defer packers.Put(z)
	var out bytes.Buffer
	out.Grow(len(res.body) / 8)
	z.Reset(&out)
	if _, err := z.Write(res.body); err != nil || z.Close() != nil {
		return res
	}
	res.body = out.Bytes()
	res.set("Content-Encoding", "gzip")
	return res
}

func takesGzip(r *http.Request) bool {
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, quality, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(item), " ", ""), ";")
		if coding == "gzip" && strings.Trim(strings.TrimPrefix(quality, "q="), "0.") != "" || coding == "gzip" && quality == "" {
			return true
		}
	}
	return false
}

func write(w http.ResponseWriter, r response) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	if len(r.body) > 0 {
		if r.kind == "" {
			r.kind = "application/json"
		}
		h.Set("Content-Type", r.kind)
	}
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // the client has gone: nobody is left to tell
}
