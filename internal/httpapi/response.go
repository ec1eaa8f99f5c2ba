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

// response is a response before it is written.
type response struct {
	status int
	header http.Header
	kind   string // content type; "" means JSON
	body   []byte // nil without a body

	refusal fleet.Code // code of a refusal that a rule has encoded, else 0
	ended   bool       // refused because the caller's session ended meanwhile
}

// ok returns a response with a JSON body.
func ok(v any) (response, error) {
	body, err := json.Marshal(v)
	return response{status: http.StatusOK, body: body}, err
}

// done returns a response without a body.
func done(err error) (response, error) { return response{status: http.StatusNoContent}, err }

// set adds a header.
func (r *response) set(name, value string) {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
}

// A client has a fixed time to read a response, plus what its size needs at this rate in bytes
// per second. A client that does not read does not hold memory for long.
const (
	answerStart = 15 * time.Second
	answerRate  = 64 << 10
)

// send writes a response to a client that may be slow.
func send(w http.ResponseWriter, r response) {
	most := answerStart + time.Duration(len(r.body))*time.Second/answerRate
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most)) // some test writers do not support deadlines
	writeResponse(w, r)
}

// largeAnswer is the size from which a response is compressed before its request releases its
// slot.
const largeAnswer = 64 << 10

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}

// packed compresses a large response immediately if the client accepts gzip. Otherwise the
// middleware would compress it while sending, at the expense of other requests.
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

func writeResponse(w http.ResponseWriter, r response) {
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
	_, _ = w.Write(r.body) // on failure the client is gone
}
