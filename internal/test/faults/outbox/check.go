package outbox

import (
	"context"
	"net/http"
	"strings"
)

// How the delivery of a mail can end.
const (
	delivered = 1
	givenUp   = 2
)

// compare compares the replies to the people, the rows and the messages.
func (a *fixture) compare(ctx context.Context) error {
	rows, err := a.rows(ctx)
	if err != nil {
		return err
	}
	messages, err := a.mailServer.received()
	if err != nil {
		return err
	}
	a.useKeys(ctx, a.judge(rows, messages))
	return nil
}

// judge runs the checks that need no server. It returns the messages by their ids.
func (a *fixture) judge(rows map[string]row, messages []message) map[string][]message {
	a.checkRows(rows)
	byID := a.checkMessages(rows, messages)
	a.checkOutcomes(rows, byID)
	return byID
}

// exclusiveInvite is what invitations share of which only one can succeed.
type exclusiveInvite struct{ recipient, place string }

// checkRows: an acknowledged invitation has one row, a refused one none; a person who was not
// invited is not a member; each request for a new password has a row.
func (a *fixture) checkRows(rows map[string]row) {
	have, granted := make(map[exclusiveInvite]int), make(map[exclusiveInvite]int)
	for _, r := range rows {
		have[exclusiveInvite{r.recipient, r.place}]++
	}
	unknown := make(map[exclusiveInvite]int)
	acknowledged := 0
	for _, r := range a.people.all {
		w := exclusiveInvite{r.recipient, r.place}
		if r.done() {
			granted[w]++
			acknowledged++
		} else if r.workspace == 0 {
			unknown[w]++
		}
	}
	a.res.Record("mails acknowledged", acknowledged, len(a.people.all)/4)
	for w, n := range have {
		if n < granted[w] || n > granted[w]+unknown[w] {
			a.res.Fail("I7: there are %d mails to %s about %q, and %d requests for one were acknowledged", n, w.recipient, w.place, granted[w])
		}
	}
	for _, r := range a.people.all {
		w := exclusiveInvite{r.recipient, r.place}
		switch {
		case have[w] < granted[w]:
			a.res.Fail("I10: a mail to %s about %q was acknowledged, and does not exist", r.recipient, r.place)
		case r.status == http.StatusConflict && granted[w] == 0:
			a.res.Fail("I6: the invitation of %s to %q was refused (%s), after %d attempts without an answer", r.recipient, r.place, r.why, r.unknown)
		}
	}
}

// arrived: every message belongs to a row that was committed before, goes to its recipient, and
// is the same each time.
func (a *fixture) checkMessages(rows map[string]row, messages []message) map[string][]message {
	byID := make(map[string][]message)
	again := 0
	for _, l := range messages {
		r, known := rows[l.uid]
		before := byID[l.uid]
		switch {
		case !known:
			a.res.Fail("I10: a message to %s has the id %s, which no mail has: either it was never committed, or a retry has another id", l.recipient, l.uid)
		case l.isBeforeCommit:
			a.res.Fail("I10: the message %s to %s came before its transaction had committed", l.uid, l.recipient)
		case r.recipient != l.recipient:
			a.res.Fail("I10: the message %s for %s went to %s", l.uid, r.recipient, l.recipient)
		case len(before) > 0 && before[0].key != l.key:
			a.res.Fail("I10: the message %s to %s came with two keys", l.uid, l.recipient)
		}
		if len(before) > 0 {
			again++
		}
		byID[l.uid] = append(before, l)
	}
	a.res.Record("messages", len(messages), 1)
	a.res.Record("of them not for the first time", again, a.cut/4)
	return byID
}

// outcomes: a mail that counts as delivered was delivered, one that was given up could not be,
// and neither keeps its key.
func (a *fixture) checkOutcomes(rows map[string]row, byID map[string][]message) {
	for uid, r := range rows {
		undeliverable := strings.HasPrefix(r.recipient, gone) // these go wrong without a kill as well
		switch {
		case r.done == delivered && len(byID[uid]) == 0 && !undeliverable:
			a.res.Fail("I10: the mail %s to %s counts as delivered, and never arrived", uid, r.recipient)
		case r.done == givenUp && !undeliverable:
			a.res.Fail("I10: the mail %s to %s was given up", uid, r.recipient)
		case r.done != 0 && r.secret != "":
			a.res.Fail("the mail %s to %s is done, and keeps its key", uid, r.recipient)
		}
	}
}

// keysTried is how many keys from messages are used: the server bounds how many keys can be
// tried in five minutes.
const keysTried = 20

// useKeys: the key in a message works for what the message says. Each person is tried once,
// because one key voids the others.
func (a *fixture) useKeys(ctx context.Context, byID map[string][]message) {
	used := make(map[string]bool)
	for _, copies := range byID {
		l := copies[a.random.IntN(len(copies))]
		if l.key == "" || used[l.recipient] || len(used) == keysTried {
			continue
		}
		used[l.recipient] = true
		if err := a.people.guest.Activate(ctx, l.key, "battery staple of "+l.recipient, ""); err != nil {
			a.res.Fail("I10: the key of the message %s to %s, which came %d times: %v", l.uid, l.recipient, len(copies), err)
		}
	}
	a.res.Record("keys of messages used", len(used), 1)
}
