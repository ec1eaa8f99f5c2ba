package outbox

import (
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// gone begins the addresses that the office refuses for good.
const gone = "gone-"

// Of so many letters one is put off before or after its text was read, and one is taken
// without saying so.
const roughly = 8

// office is the mail server at which the letters arrive. What it says to each is drawn.
type office struct {
	url    string
	server *smtp.Server
	done   chan struct{}

	// committed tells whether there is a row for a letter.
	committed func(uid string) (bool, error)

	mu      sync.Mutex
	random  *rand.Rand
	rough   bool // it puts letters off, and loses its answers
	trap    *trap
	letters []letter
	broken  error // committed could not be asked
}

// letter is one that was taken, whether or not the sender could be told.
type letter struct {
	uid, recipient, key string
	early               bool // nobody had committed that it is to be sent
}

// point is how far the delivery of a letter is.
type point int

// The points.
const (
	addressed point = iota // its recipient is known
	read                   // its text has come
	taken                  // it counts as delivered, and the sender does not know
	answered               // the sender has been told, if it is still there
	points
)

func (p point) String() string { return [...]string{"addressed", "read", "taken", "answered"}[p] }

// trap holds up a delivery at a point, after having let some pass.
type trap struct {
	at      point
	pass    int
	sprung  chan struct{} // closed when a delivery is held up
	release chan struct{}
}

func openOffice(seed uint64, committed func(uid string) (bool, error)) (*office, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &office{
		url: "smtp://" + l.Addr().String() + "?starttls=off", done: make(chan struct{}),
		random: rand.New(rand.NewPCG(seed, 1)), rough: true, committed: committed,
	}
	o.server = smtp.NewServer(o)
	o.server.Domain, o.server.ErrorLog = "localhost", log.New(io.Discard, "", 0) // its clients are killed all the time
	go func() { defer close(o.done); _ = o.server.Serve(l) }()                   // until it is closed
	return o, nil
}

func (o *office) close() error {
	o.release()
	err := o.server.Close()
	<-o.done
	return err
}

// set lays a trap; the one before it is gone.
func (o *office) set(at point, pass int) *trap {
	o.release()
	t := &trap{at: at, pass: pass, sprung: make(chan struct{}), release: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trap = t
	return t
}

// release takes the trap away, and lets go what is in it.
func (o *office) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trap != nil {
		close(o.trap.release)
		o.trap = nil
	}
}

// reach is called by every delivery at every point.
func (o *office) reach(p point) {
	o.mu.Lock()
	t := o.trap
	held := t != nil && t.at == p
	if held {
		t.pass--
		held = t.pass == -1
	}
	o.mu.Unlock()
	if held {
		close(t.sprung)
		<-t.release
	}
}

// calm ends what is drawn: from now on every letter is taken.
func (o *office) calm() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rough = false
}

func (o *office) draw() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rough && o.random.IntN(roughly) == 0
}

// keyLine is where the letters have their key.
var keyLine = regexp.MustCompile(`(?m)^ {4}([0-9A-Za-z_-]{40,})\r?$`)

// take keeps a letter. What is in it must have been committed by now.
func (o *office) take(recipient, text string) error {
	parsed, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	uid, _, _ := strings.Cut(strings.Trim(parsed.Header.Get("Message-Id"), "<>"), "@")
	l := letter{uid: uid, recipient: recipient}
	if m := keyLine.FindStringSubmatch(strings.ReplaceAll(text, "=\r\n", "")); m != nil {
		l.key = m[1]
	}
	known, err := o.committed(uid)
	l.early = !known
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = errors.Join(o.broken, err)
	o.letters = append(o.letters, l)
	return nil
}

// got are the letters, and why one could not be judged.
func (o *office) got() ([]letter, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter(nil), o.letters...), o.broken
}

type session struct {
	office    *office
	conn      *smtp.Conn
	recipient string
	told      bool // the present letter was taken and answered
}

// NewSession takes a connection.
func (o *office) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{office: o, conn: c}, nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

var (
	errGone  = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	errLater = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come later"}
)

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.office.reach(addressed)
	s.recipient = to
	switch {
	case strings.HasPrefix(to, gone):
		return errGone
	case s.office.draw():
		return errLater
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err // whoever sent it is gone
	}
	s.office.reach(read)
	if s.office.draw() {
		return errLater
	}
	if err := s.office.take(s.recipient, string(text)); err != nil {
		return err
	}
	s.office.reach(taken)
	if s.office.draw() {
		return s.conn.Conn().Close() // the sender will never know
	}
	s.told = true
	return nil
}

// Reset comes behind the answer to a letter, among others.
func (s *session) Reset() {
	if s.told {
		s.told = false
		s.office.reach(answered)
	}
}

func (s *session) Logout() error { return nil }

// await waits until a delivery is in the trap; false where none comes.
func (t *trap) await(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-t.sprung:
		return true
	case <-ctx.Done():
		return false
	}
}
