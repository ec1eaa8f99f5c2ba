package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/simferry/simferry/internal/fleet"
)

// Response is a response before it is sent.
type Response struct {
	Status      int
	ContentType string     // "" means JSON
	Body        []byte     // nil without a body
	Refusal     fleet.Code // code of the refusal that the body encodes, else 0; it is not sent

	header http.Header
	stream func(context.Context, *Stream) error // instead of Body; see Request.Streamed
}

// OK returns a 200 with a JSON body.
func OK(v any) (Response, error) {
	body, err := json.Marshal(v)
	return Response{Status: http.StatusOK, Body: body}, err
}

// noContent returns a 204, or the error of the rule that was called.
func noContent(err error) (Response, error) { return Response{Status: http.StatusNoContent}, err }

// JSON returns a response with a body of a type that can always be encoded.
func JSON(status int, v any) Response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of package api that encoding/json cannot encode
	}
	return Response{Status: status, Body: body}
}

// Unready returns a 503 for a server that cannot serve, and logs the reason.
func Unready(r *Request, reason error, body any) Response {
	r.LogError(reason)
	res := JSON(http.StatusServiceUnavailable, body)
	res.Set("Retry-After", "1")
	return res
}

// Set sets a header.
func (r *Response) Set(name, value string) {
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
func send(w http.ResponseWriter, r Response) {
	most := answerStart + time.Duration(len(r.Body))*time.Second/answerRate
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
func packed(r *Request, res Response) Response {
	z, ok := packers.Get().(*gzip.Writer)
	if !ok || len(res.Body) < largeAnswer || !takesGzip(r.Request) {
		return res
	}
	defer packers.Put(z)
	var out bytes.Buffer
	out.Grow(len(res.Body) / 8)
	z.Reset(&out)
	if _, err := z.Write(res.Body); err != nil || z.Close() != nil {
		return res
	}
	res.Body = out.Bytes()
	res.Set("Content-Encoding", "gzip")
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

func writeResponse(w http.ResponseWriter, r Response) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	if len(r.Body) > 0 {
		if r.ContentType == "" {
			r.ContentType = "application/json"
		}
		h.Set("Content-Type", r.ContentType)
	}
	if r.Status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // on failure the client is gone
}
