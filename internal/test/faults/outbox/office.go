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

// gone is the prefix of addresses that the office refuses for good.
const gone = "gone-"

// Of so many letters one is deferred before or after its text was read, and one is accepted
// without a confirmation.
const faultOdds = 8

// office is the mail server that receives the letters. Its replies are drawn at random.
type office struct {
	url    string
	server *smtp.Server
	done   chan struct{}

	// committed reports whether a letter's row is committed.
	committed func(uid string) (bool, error)

	mu      sync.Mutex
	random  *rand.Rand
	rough   bool // it defers letters and loses its replies
	trap    *trap
	letters []letter
	broken  error // committed failed
}

// letter is an accepted letter, whether or not the sender got the confirmation.
type letter struct {
	uid, recipient, key string
	early               bool // its row was not committed yet
}

// point is a stage of a delivery.
type point int

// The stages.
const (
	addressed point = iota // its recipient is known
	read                   // its text has arrived
	taken                  // it counts as delivered, and the sender does not know yet
	answered               // the sender has the confirmation, if it is still alive
	points
)

func (p point) String() string { return [...]string{"addressed", "read", "taken", "answered"}[p] }

// trap stops a delivery at a stage, after letting some pass.
type trap struct {
	at      point
	pass    int
	sprung  chan struct{} // closed when a delivery is stopped
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

// set sets a trap in place of the one before it.
func (o *office) set(at point, pass int) *trap {
	o.release()
	t := &trap{at: at, pass: pass, sprung: make(chan struct{}), release: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trap = t
	return t
}

// release removes the trap and lets the stopped delivery continue.
func (o *office) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trap != nil {
		close(o.trap.release)
		o.trap = nil
	}
}

// reach handles one stage of a delivery.
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

// calm ends the random replies: from now on every letter is accepted.
func (o *office) calm() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rough = false
}

func (o *office) draw() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rough && o.random.IntN(faultOdds) == 0
}

// keyLine matches the line of a letter that has its key.
var keyLine = regexp.MustCompile(`(?m)^ {4}([0-9A-Za-z_-]{40,})\r?$`)

// take keeps a letter. Its row must be committed by now.
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

// got returns the letters, and why one could not be judged.
func (o *office) got() ([]letter, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter(nil), o.letters...), o.broken
}

type session struct {
	office    *office
	conn      *smtp.Conn
	recipient string
	told      bool // the current letter was accepted and confirmed
}

// NewSession accepts a connection.
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
		return err // the sender is gone
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

// Reset ends a transaction; it is also called after the reply to a mail.
func (s *session) Reset() {
	if s.told {
		s.told = false
		s.office.reach(answered)
	}
}

func (s *session) Logout() error { return nil }

// await waits until a delivery is in the trap. It returns false if none comes.
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
