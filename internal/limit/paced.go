package limit

import (
	"io"
	"net/http"
	"time"
)

// bodyStart is the time that a body may take on top of what its size allows.
const bodyStart = 5 * time.Second

// Pace enforces a minimum rate of a request's body as well as a maximum time, so a client that
// sends a byte now and then holds neither memory nor a slot for long. ReadDone must be called at
// the end.
type Pace struct {
	Rate int64         // bytes per second
	Most time.Duration // for the whole body
}

// Reader returns the body at this pace.
func (p Pace) Reader(w http.ResponseWriter, body io.Reader) io.Reader {
	return &pacedReader{Reader: body, Pace: p, control: http.NewResponseController(w), start: time.Now()}
}

// ReadDone records that the whole body was read.
func ReadDone(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // some test writers do not support deadlines
}

type pacedReader struct {
	io.Reader
	Pace
	control *http.ResponseController
	start   time.Time
	read    int64
}

func (p *pacedReader) Read(b []byte) (int, error) {
	earned := time.Duration(p.read) * time.Second / time.Duration(p.Rate)
	_ = p.control.SetReadDeadline(p.start.Add(min(bodyStart+earned, p.Most))) // some test writers do not support deadlines
	n, err := p.Reader.Read(b)
	p.read += int64(n)
	return n, err
}
