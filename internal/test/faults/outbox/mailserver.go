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

// gone is the prefix of addresses that the mail server refuses permanently.
const gone = "gone-"

// One of faultOdds messages is deferred before its text was read, one after it, and one is accepted
// without a confirmation.
const faultOdds = 8

// mailServer is the mail server that receives the messages. Its replies are drawn at random.
type mailServer struct {
	url    string
	server *smtp.Server
	done   chan struct{}

	// committed reports whether a message's row is committed.
	committed func(uid string) (bool, error)

	mu         sync.Mutex
	random     *rand.Rand
	isFaulty   bool // it defers messages and loses its replies
	breakpoint *breakpoint
	messages   []message
	broken     error // committed failed
}

// message is an accepted message, whether or not the sender got the confirmation.
type message struct {
	uid, recipient, key string
	isBeforeCommit      bool // its row was not committed yet
}

// point is a stage of a delivery.
type point int

// The stages.
const (
	addressed point = iota // its recipient is known
	read                   // its text has arrived
	accepted               // it counts as delivered, and the sender does not know yet
	confirmed              // the sender has the confirmation, if it is still alive
	points
)

func (p point) String() string { return [...]string{"addressed", "read", "accepted", "confirmed"}[p] }

// breakpoint stops a delivery at a stage, after letting some pass.
type breakpoint struct {
	at      point
	pass    int
	reached chan struct{} // closed when a delivery is stopped
	release chan struct{}
}

func openMailServer(seed uint64, committed func(uid string) (bool, error)) (*mailServer, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &mailServer{
		url: "smtp://" + l.Addr().String() + "?starttls=off", done: make(chan struct{}),
		random: rand.New(rand.NewPCG(seed, 1)), isFaulty: true, committed: committed,
	}
	o.server = smtp.NewServer(o)
	o.server.Domain, o.server.ErrorLog = "localhost", log.New(io.Discard, "", 0) // its clients are killed all the time
	go func() { defer close(o.done); _ = o.server.Serve(l) }()                   // until it is closed
	return o, nil
}

func (o *mailServer) close() error {
	o.release()
	err := o.server.Close()
	<-o.done
	return err
}

// set replaces the breakpoint.
func (o *mailServer) set(at point, pass int) *breakpoint {
	o.release()
	t := &breakpoint{at: at, pass: pass, reached: make(chan struct{}), release: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.breakpoint = t
	return t
}

// release removes the breakpoint and lets the stopped delivery continue.
func (o *mailServer) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.breakpoint != nil {
		close(o.breakpoint.release)
		o.breakpoint = nil
	}
}

// reach is called at each stage of a delivery. It blocks if the breakpoint is due, until release.
func (o *mailServer) reach(p point) {
	o.mu.Lock()
	t := o.breakpoint
	stops := t != nil && t.at == p
	if stops {
		t.pass--
		stops = t.pass == -1
	}
	o.mu.Unlock()
	if stops {
		close(t.reached)
		<-t.release
	}
}

// acceptAll ends the random replies: from now on every message is accepted.
func (o *mailServer) acceptAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.isFaulty = false
}

func (o *mailServer) drawFault() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.isFaulty && o.random.IntN(faultOdds) == 0
}

// keyLine matches the line of a message that has its key.
var keyLine = regexp.MustCompile(`(?m)^ {4}([0-9A-Za-z_-]{40,})\r?$`)

// accept keeps a message. Its row must be committed by now.
func (o *mailServer) accept(recipient, text string) error {
	parsed, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	uid, _, _ := strings.Cut(strings.Trim(parsed.Header.Get("Message-Id"), "<>"), "@")
	l := message{uid: uid, recipient: recipient}
	if m := keyLine.FindStringSubmatch(strings.ReplaceAll(text, "=\r\n", "")); m != nil {
		l.key = m[1]
	}
	known, err := o.committed(uid)
	l.isBeforeCommit = !known
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = errors.Join(o.broken, err)
	o.messages = append(o.messages, l)
	return nil
}

// received returns the messages, and the errors of committed.
func (o *mailServer) received() ([]message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]message(nil), o.messages...), o.broken
}

type session struct {
	mailServer *mailServer
	conn       *smtp.Conn
	recipient  string
	confirmed  bool // the current message was accepted and confirmed
}

// NewSession accepts a connection.
func (o *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{mailServer: o, conn: c}, nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

var (
	errGone  = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	errLater = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
)

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mailServer.reach(addressed)
	s.recipient = to
	switch {
	case strings.HasPrefix(to, gone):
		return errGone
	case s.mailServer.drawFault():
		return errLater
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err // the sender is gone
	}
	s.mailServer.reach(read)
	if s.mailServer.drawFault() {
		return errLater
	}
	if err := s.mailServer.accept(s.recipient, string(text)); err != nil {
		return err
	}
	s.mailServer.reach(accepted)
	if s.mailServer.drawFault() {
		return s.conn.Conn().Close() // the sender never gets this reply
	}
	s.confirmed = true
	return nil
}

// Reset ends a transaction; it is also called after the reply to a mail.
func (s *session) Reset() {
	if s.confirmed {
		s.confirmed = false
		s.mailServer.reach(confirmed)
	}
}

func (s *session) Logout() error { return nil }

// await waits until a delivery has reached the breakpoint. It returns false if none does in time.
func (t *breakpoint) await(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-t.reached:
		return true
	case <-ctx.Done():
		return false
	}
}
