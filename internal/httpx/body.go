package httpx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
)

// MaxBody is the maximum size of a request body, before and after decompression, in bytes.
const MaxBody = 1 << 20

const (
	// freeBody is the size up to which a body does not count against the shared memory for
	// bodies, so small requests are served even when that is used up.
	freeBody = 8 << 10
	// bodyTime is the longest time that a body takes.
	bodyTime = 30 * time.Second
)

var errNoBody = errors.New("empty body")

// byteOrderMark may precede JSON that was saved as UTF-8 on Windows.
const byteOrderMark = "\xef\xbb\xbf"

// mostBody returns the maximum body size of the caller.
func (r *Request) mostBody() int64 {
	if r.place.admission != nil && r.place.anonymous {
		return r.place.admission.limits.AnonymousBody
	}
	return MaxBody
}

// ReadBody reads the body and enforces the limit before and after decompression, so a
// decompression bomb is a 413.
//
// Errors: TooLarge; BadRequest; Unavailable if the memory for the bodies of all callers or of
// this one is used up; TooManyRequests if a large body waited too long for a slot.
func (r *Request) ReadBody() ([]byte, error) {
	most := r.mostBody()
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	plain, err := unpacked(r, r.paced(http.MaxBytesReader(r.writer, r.Body, most), 0, bodyTime))
	var sent []byte
	if err == nil {
		sent, err = r.collect(io.LimitReader(plain, most+1))
	}
	body := bytes.TrimPrefix(sent, []byte(byteOrderMark))
	if err := bodyError(err, int64(len(sent)), int64(len(body)), most); err != nil {
		return nil, err
	}
	r.arrived()
	if len(body) > largeBody && r.place.admission != nil {
		return body, r.holdLarge(r.place.admission.bodies)
	}
	return body, nil
}

// bodyError explains why a body was not read.
func bodyError(err error, sent, size, most int64) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), sent > most:
		return tooLarge(most)
	case fleet.CodeOf(err) != 0:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &fleet.Error{Code: fleet.BadRequest, Message: "The body arrives too slowly: send it faster, or in parts", Err: err}
	case err != nil:
		return &fleet.Error{Code: fleet.BadRequest, Message: "The body could not be read", Err: err}
	case size == 0:
		return &fleet.Error{Code: fleet.BadRequest, Message: "The body is empty: send a JSON object", Err: errNoBody}
	}
	return nil
}

// arrived records that the whole body was read.
func (r *Request) arrived() {
	r.place.read = true
	limit.ReadDone(r.writer)
}

// Stream returns the body for reading piece by piece, decompressed. It has at most most bytes
// before decompression.
func (r *Request) Stream(most int64) (io.Reader, error) {
	return unpacked(r, http.MaxBytesReader(r.writer, r.Body, most))
}

// unread reports whether much of the body may still be in transit.
func (r *Request) unread() bool {
	return !r.place.read && (r.ContentLength < 0 || r.ContentLength > freeBody)
}

func tooLarge(most int64) error {
	return fleet.Errorf(fleet.TooLarge, "The body is larger than %d bytes", most)
}

// collect reads to the end. Memory grows with what arrives, not with the announced length.
func (r *Request) collect(from io.Reader) ([]byte, error) {
	body := make([]byte, 0, int(min(max(r.ContentLength, 0), freeBody-bytes.MinRead))+bytes.MinRead)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		case len(body) < cap(body):
			continue
		}
		larger := min(2*cap(body), MaxBody+bytes.MinRead)
		if !r.reserve(larger - max(cap(body), freeBody)) {
			return nil, errTooMuch()
		}
		body = append(make([]byte, 0, larger), body...)
	}
}

// reserve takes memory for a body, which finish releases.
func (r *Request) reserve(bytes int) bool {
	a, n := r.place.admission, int64(bytes)
	if a == nil || n <= 0 {
		return true
	}
	if !a.memory.Take(r.place.caller, n) {
		return false
	}
	caller := r.place.caller
	r.place.releases = append(r.place.releases, func() { a.memory.Give(caller, n) })
	return true
}

// unpacked decompresses gzip bodies, from callers with a bearer only.
func unpacked(r *Request, body io.Reader) (io.Reader, error) {
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		if r.place.admission != nil && r.place.anonymous {
			return nil, fleet.Errorf(fleet.BadRequest, "Content-Encoding: send the body uncompressed; gzip requires a bearer token")
		}
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, &fleet.Error{Code: fleet.BadRequest, Message: "The body is not valid gzip, though Content-Encoding says so", Err: err}
		}
		return plain, nil
	}
	return nil, fleet.Errorf(fleet.BadRequest, "Content-Encoding: only gzip is supported")
}

// paced enforces a minimum rate as well as a maximum time.
func (r *Request) paced(body io.Reader, least int64, most time.Duration) io.Reader {
	if r.place.admission == nil {
		return body
	}
	return limit.Pace{Rate: max(r.place.admission.limits.BodyRate, least), Most: most}.Reader(r.writer, body)
}

// uploadRate is the least rate of a spooled body in bytes per second, and uploadTime the longest
// time that one takes.
const (
	uploadRate = 32 << 10
	uploadTime = 10 * time.Minute
)

// Spool reads a body of at most this number of bytes, decompressed, into a temporary file, which is
// removed when the request has been served. Few bodies are spooled at once, and one of a caller;
// one is worked on. The time limit of the request begins again when the body has arrived.
//
// Errors: those of ReadBody; Unavailable if there is no room for the file.
func (r *Request) Spool(most int64) (*io.SectionReader, error) {
	a := r.place.admission
	if a != nil && r.place.anonymous {
		most = a.limits.AnonymousBody
	}
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	if a != nil {
		if err := r.hold(a.uploads, r.place.caller); err != nil {
			return nil, err
		}
	}
	file, err := os.CreateTemp("", "simferry-upload-")
	if err != nil {
		return nil, noRoom(err)
	}
	r.place.releases = append(r.place.releases, func() { _, _ = file.Close(), os.Remove(file.Name()) })
	plain, err := unpacked(r, r.paced(http.MaxBytesReader(r.writer, r.Body, most), uploadRate, uploadTime))
	var size int64
	if err == nil {
		size, err = io.Copy(writeOnly{file}, io.LimitReader(plain, most+1))
	}
	if err := bodyError(err, size, size, most); err != nil {
		return nil, err
	}
	r.arrived()
	r.restart()
	if a != nil {
		if err := r.holdWork(); err != nil {
			return nil, err
		}
	}
	return io.NewSectionReader(file, 0, size), nil
}

// holdWork waits until no other spooled body is worked on.
func (r *Request) holdWork() error {
	leave, err := r.wait(r.place.admission.work, r.place.caller)
	if err == nil {
		r.place.releases = append(r.place.releases, limit.TightGC(), leave)
	}
	return err
}

// writeOnly marks the errors of the file, so that they are not taken for those of the client.
type writeOnly struct{ file *os.File }

func (w writeOnly) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	if err != nil {
		err = noRoom(err)
	}
	return n, err
}

func noRoom(err error) error {
	return &fleet.Error{Code: fleet.Unavailable, RetryAfter: 10 * time.Second, Err: err,
		Message: "The server has no room for the body: retry later, or ask its operator to look at the folder for temporary files"}
}
