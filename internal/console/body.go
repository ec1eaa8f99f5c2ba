package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
)

// The most bytes of a form with a session and without one. The first freeForm bytes do not count
// against the memory for bodies.
const (
	maxForm      = 256 << 10
	maxAnonymous = 8 << 10
	freeForm     = 8 << 10
)

// The slowest accepted transfer of a form, and of a form with a file. The API has the same for
// files.
var (
	formPace = limit.Pace{Rate: 4 << 10, Most: 30 * time.Second}
	filePace = limit.Pace{Rate: 32 << 10, Most: 10 * time.Minute}
)

// fileMemory is how much of the files of a form is in memory; the rest is in temporary files.
const fileMemory = 64 << 10

// readForm reads a form. A form with a file needs a route with a larger body. Forms share the
// memory for bodies with the API, and files its gate for uploads.
//
// Errors: TooLarge; BadRequest; Unavailable if the memory for bodies is used up; TooManyRequests if
// too many files arrive.
func (r *request) readForm() error {
	if r.PostForm != nil {
		return nil // read by signInFirst
	}
	most := int64(maxForm)
	if r.caller.User == 0 {
		most = maxAnonymous
	}
	files := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
	if files && r.caller.User != 0 && r.route.body != 0 {
		return r.readFiles(r.route.body)
	}
	body := http.MaxBytesReader(r.writer, r.Body, most)
	r.Body = io.NopCloser(&metered{Reader: formPace.Reader(r.writer, body), request: r})
	if files {
		return r.formError(r.ParseMultipartForm(most))
	}
	return r.formError(r.ParseForm())
}

// readFiles reads a form with files. The time limit of the request starts again after the upload.
func (r *request) readFiles(most int64) error {
	leave, err := r.wait(r.console.gates.Uploads, r.party)
	if err != nil {
		return err
	}
	r.leave = append(r.leave, leave)
	r.Body = io.NopCloser(filePace.Reader(r.writer, http.MaxBytesReader(r.writer, r.Body, most)))
	err = r.ParseMultipartForm(fileMemory)
	if form := r.MultipartForm; form != nil {
		r.leave = append(r.leave, func() { _ = form.RemoveAll() })
	}
	if err := r.formError(err); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), r.console.o.RequestTimeout)
	r.leave = append(r.leave, cancel)
	r.Request = r.WithContext(ctx)
	_ = http.NewResponseController(r.writer).SetWriteDeadline(time.Now().Add(2 * r.console.o.RequestTimeout)) // some test writers do not support deadlines
	return r.holdLists()
}

// holdLists waits until no other list of ICCIDs is in memory.
func (r *request) holdLists() error {
	leave, err := r.wait(r.console.gates.Lists, r.party)
	if err == nil {
		r.leave = append(r.leave, limit.TightGC(), leave)
	}
	return err
}

// formError explains why a form was not read.
func (r *request) formError(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		r.takeWorkspace()
		limit.ReadDone(r.writer)
		return nil
	case errors.As(err, &large):
		return fleet.Errorf(fleet.TooLarge, "%s", text("error.large.cure"))
	case fleet.CodeOf(err) != 0:
		return err
	}
	return fleet.Invalid("form", "it could not be read; go back and send it again")
}

// metered takes memory for a form while it is read: twice its size, for the text and the fields.
type metered struct {
	io.Reader
	request *request
	read    int64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.read += int64(n)
	if more := min(int64(n), m.read-freeForm) * 2; more > 0 {
		memory, party := m.request.console.gates.Memory, m.request.party
		if !memory.Take(party, more) {
			return n, &fleet.Error{Code: fleet.Unavailable, Message: text("error.busy.cure"), RetryAfter: time.Second}
		}
		m.request.leave = append(m.request.leave, func() { memory.Give(party, more) })
	}
	return n, err
}
