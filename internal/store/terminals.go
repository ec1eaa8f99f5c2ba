package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// TerminalDecision is what a user has decided about the sign-in of a terminal.
type TerminalDecision int8

// The decisions.
const (
	TerminalWaits    TerminalDecision = 0
	TerminalApproved TerminalDecision = 1
	TerminalRefused  TerminalDecision = 2
)

// TerminalSignIn is a sign-in of a terminal that a user approves in the console.
type TerminalSignIn struct {
	Hash     []byte // of the secret that the terminal has
	UserCode string // that the user types
	Agent    string // what the terminal calls itself
	Address  string // of the terminal
	Created  time.Time
	Expires  time.Time
	Decision TerminalDecision
	User     fleet.UserID // that decided, 0 before the decision
	Epoch    int64        // of that user's sessions
}

var insertTerminalSignIn = insertion("terminal_sign_ins", "hash user_code agent address created_at expires_at", "")

// InsertTerminalSignIn stores a sign-in that waits. It returns ErrRaced if another one has its user
// code.
func (tx *Tx) InsertTerminalSignIn(ctx context.Context, s TerminalSignIn) error {
	taken, err := tx.queryRow(ctx, "SELECT 1 FROM terminal_sign_ins WHERE user_code = $1", []any{s.UserCode}, new(int))
	if err == nil && taken {
		err = ErrRaced
	}
	if err != nil {
		return err
	}
	return tx.execNamed(ctx, insertTerminalSignIn, params{
		"hash": s.Hash, "user_code": s.UserCode, "agent": s.Agent, "address": s.Address, "created_at": micros(tx.now), "expires_at": micros(s.Expires),
	})
}

const selectTerminalSignIn = `SELECT hash, user_code, agent, address, created_at, expires_at, decision, COALESCE(user_id, 0), COALESCE(epoch, 0)
	FROM terminal_sign_ins WHERE expires_at > $1 AND `

// TerminalSignIn finds a sign-in that has not expired by the hash of its secret.
func (tx *Tx) TerminalSignIn(ctx context.Context, hash []byte) (TerminalSignIn, bool, error) {
	return tx.terminalSignIn(ctx, "hash = $2", hash)
}

// TerminalSignInByCode finds a sign-in that waits by the code that the user types.
func (tx *Tx) TerminalSignInByCode(ctx context.Context, code string) (TerminalSignIn, bool, error) {
	return tx.terminalSignIn(ctx, "decision = 0 AND user_code = $2", code)
}

func (tx *Tx) terminalSignIn(ctx context.Context, condition string, key any) (s TerminalSignIn, found bool, err error) {
	var created, expires int64
	found, err = tx.queryRow(ctx, selectTerminalSignIn+condition, []any{micros(tx.now), key},
		&s.Hash, &s.UserCode, &s.Agent, &s.Address, &created, &expires, &s.Decision, &s.User, &s.Epoch)
	s.Created, s.Expires = fromMicros(created), fromMicros(expires)
	return s, found, err
}

// DecideTerminalSignIn stores the decision of a user. done is false if the sign-in does not wait
// any more.
func (tx *Tx) DecideTerminalSignIn(ctx context.Context, hash []byte, by TerminalSignIn) (done bool, err error) {
	n, err := tx.execRows(ctx, "UPDATE terminal_sign_ins SET decision = $2, user_id = $3, epoch = $4 WHERE hash = $1 AND decision = 0 AND expires_at > $5",
		hash, int64(by.Decision), int64(by.User), by.Epoch, micros(tx.now))
	return n > 0, err
}

// DeleteTerminalSignIn deletes a sign-in. found is false if another request has deleted it.
func (tx *Tx) DeleteTerminalSignIn(ctx context.Context, hash []byte) (found bool, err error) {
	n, err := tx.execRows(ctx, "DELETE FROM terminal_sign_ins WHERE hash = $1", hash)
	return n > 0, err
}
