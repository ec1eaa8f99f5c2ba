package control

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/store"
)

// Counter is a row that counts attempts. Counters are rows because the next attempt may
// reach another server.
//
// Every counter is made by one of the functions below, each of which has a kind of its own.
// A key contains at most one text that the caller chooses, so two counters never share a row.
type Counter struct{ kind, key string }

// failuresAt counts failures in a row of an account at an address. It is per address, so that
// strangers cannot lock the owner out.
func failuresAt(username string, from netip.Addr) Counter {
	return Counter{"failures", username + " " + network(from)}
}

// deviceFailures counts failures in a row on a trusted device, wherever it is: strangers at
// the same address cannot lock it.
func deviceFailures(device int64) Counter {
	return Counter{"device failures", strconv.FormatInt(device, 10)}
}

// guessesAt counts guesses at an account that were evaluated, over all addresses.
func guessesAt(username string) Counter { return Counter{"guesses", username} }

// deviceGuesses counts guesses on a trusted device. It is bounded too: the fingerprint may
// have been copied.
func deviceGuesses(device int64) Counter {
	return Counter{"device guesses", strconv.FormatInt(device, 10)}
}

// confirmations counts guesses of a signed-in user, who confirms the password or a code.
func confirmations(user fleet.UserID) Counter {
	return Counter{"confirmations", strconv.FormatInt(int64(user), 10)}
}

// admittedFrom exists while an address counts on its own at an account.
func admittedFrom(username string, from netip.Addr) Counter {
	return Counter{"admitted", username + " " + network(from)}
}

// admittedGuesses counts guesses at an account from an address that counts on its own.
func admittedGuesses(username string, from netip.Addr) Counter {
	return Counter{"admitted guesses", username + " " + network(from)}
}

// underWay counts the attempts against a budget that are being evaluated.
func (c Counter) underWay() Counter { return Counter{c.kind + " under way", c.key} }

// attemptsFrom counts authentications from an address.
func attemptsFrom(from netip.Addr) Counter { return Counter{"attempts", network(from)} }

// resetsOf counts requests for a mail that resets the password of an account.
func resetsOf(username string) Counter { return Counter{"resets", username} }

// invitationsTo counts invitations to a Workspace.
func invitationsTo(ws fleet.WorkspaceID) Counter {
	return Counter{"invitations", strconv.FormatInt(int64(ws), 10)}
}

// terminalCodesOf counts wrong codes of terminals that a user typed.
func terminalCodesOf(user fleet.UserID) Counter {
	return Counter{"terminal codes", strconv.FormatInt(int64(user), 10)}
}

// codeGuessesOf counts wrong receiving codes that a user tried.
func codeGuessesOf(user fleet.UserID) Counter {
	return Counter{"receiving codes", strconv.FormatInt(int64(user), 10)}
}

// simRequestsOf counts the requests for SIMs that a Workspace has made.
func simRequestsOf(ws fleet.WorkspaceID) Counter {
	return Counter{"sim requests", strconv.FormatInt(int64(ws), 10)}
}

// batchGuessesIn counts codes of SIM batches that members of a Workspace tried in vain.
func batchGuessesIn(ws fleet.WorkspaceID) Counter {
	return Counter{"bic", strconv.FormatInt(int64(ws), 10)}
}

// OperatorGuessesFrom counts wrong tokens of the operator API from an address.
func OperatorGuessesFrom(from netip.Addr) Counter {
	return Counter{"operator_guesses", network(from)}
}

// Read returns the present count.
func (c Counter) Read(ctx context.Context, tx *store.Tx) (store.Counter, error) {
	return tx.Counter(ctx, c.kind, c.key)
}

// Add counts one more; the first count starts the period ttl.
func (c Counter) Add(ctx context.Context, tx *store.Tx, ttl time.Duration) (store.Counter, error) {
	return tx.Count(ctx, c.kind, c.key, ttl)
}

func (c Counter) takeBack(ctx context.Context, tx *store.Tx) error {
	return tx.Uncount(ctx, c.kind, c.key)
}

func (c Counter) expire(ctx context.Context, tx *store.Tx, ttl time.Duration) error {
	return tx.ExpireCounter(ctx, c.kind, c.key, ttl)
}

func (c Counter) clear(ctx context.Context, tx *store.Tx) error {
	return tx.ClearCounter(ctx, c.kind, c.key)
}

// network returns what counts as one address. It contains no space.
func network(from netip.Addr) string { return netaddr.Network(from) }
