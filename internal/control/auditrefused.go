package control

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Refused records that a known caller was refused. The transaction of the refused request is
// rolled back, so the entry has its own, and it is written before the response. At most
// refusalsKept entries are written per caller, minute and server; the rest are counted.
//
// If the entry cannot be written, the response stays the same and the server logs it.
func (c *Control) Refused(ctx context.Context, caller identity.Principal, action fleet.AuditAction, operation string, code fleet.Code) {
	c.WriteRefusal(ctx, caller, audited(caller, fleet.AuditEntry{Action: action, Refusal: code, Detail: fleet.AuditDetail{Operation: operation}}))
}

// WriteRefusal writes the entry of a refusal, unless the caller had too many in this minute.
func (c *Control) WriteRefusal(ctx context.Context, caller identity.Principal, e fleet.AuditEntry) {
	keep, left := c.refusals.count(caller, c.store.Now())
	if !keep {
		return
	}
	entries := []fleet.AuditEntry{e}
	if left > 0 {
		entries = append([]fleet.AuditEntry{leftOut(caller, left)}, e)
	}
	c.writeAudit(ctx, entries...)
}

// WriteLeftOut records how many refusals were not written, in the windows that have ended or in
// all.
func (c *Control) WriteLeftOut(ctx context.Context, all bool) {
	if left := c.refusals.expire(c.store.Now(), all); len(left) > 0 {
		c.writeAudit(ctx, left...)
	}
}

// writeAudit writes entries in a transaction of their own.
func (c *Control) writeAudit(ctx context.Context, entries ...fleet.AuditEntry) {
	c.writeAuditOf(ctx, func(*store.Tx) ([]fleet.AuditEntry, error) { return entries, nil })
}

// writeAuditOf is writeAudit for entries that build reads from the database.
func (c *Control) writeAuditOf(ctx context.Context, build func(*store.Tx) ([]fleet.AuditEntry, error)) {
	// A client that disconnects must not prevent the entry.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditPatience)
	defer cancel()
	var entries []fleet.AuditEntry
	err := c.store.UpdateOnce(ctx, store.Opening{}, func(tx *store.Tx, _ store.Opened) (err error) {
		if entries, err = build(tx); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, entries...)
	})
	if err != nil && !errors.Is(err, store.ErrCommitUnknown) { // at most once
		c.log.Error("the audit log could not be written", "entries", entries, "err", err)
	}
}

// auditPatience is how long a response waits for its entry if the database does not respond.
const auditPatience = 5 * time.Second

// RefusalCode returns the code of a refusal, or 0 if the error is not one, such as a server
// error.
func RefusalCode(why error) fleet.Code {
	var stale *Stale
	var conflicts *fleet.Conflicts
	switch code := fleet.CodeOf(why); {
	case code == fleet.Unavailable:
		return 0
	case code != 0:
		return code
	case errors.As(why, &stale):
		return fleet.PreconditionStale
	case errors.As(why, &conflicts):
		return fleet.Code(conflicts.Groups[0].Code)
	}
	return 0
}

func leftOut(caller identity.Principal, n int) fleet.AuditEntry {
	caller.Origin = identity.Origin{}
	return audited(caller, fleet.AuditEntry{Action: fleet.AuditLeftOut, Refusal: fleet.TooManyRequests, Detail: fleet.AuditDetail{LeftOut: n}})
}

// At most refusalsKept refusals of one caller are written in refusalsWindow.
const (
	refusalsKept   = 60
	refusalsWindow = time.Minute
)

// refusals limits how fast callers can make the audit log grow. Each process counts alone:
// shared counters would make refused requests wait for each other.
type refusals struct {
	mu      sync.Mutex
	windows map[refusedCaller]*refusedWindow
}

type refusedCaller struct {
	user      fleet.UserID
	token     fleet.TokenID
	workspace fleet.WorkspaceID
}

type refusedWindow struct {
	caller  identity.Principal
	ends    time.Time
	n, left int
}

// count counts a refusal. It reports whether to write it, and how many of the caller's previous
// window were not written.
func (r *refusals) count(caller identity.Principal, now time.Time) (keep bool, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := refusedCaller{caller.User, caller.Token, caller.Workspace}
	w := r.windows[key]
	if w == nil || !now.Before(w.ends) {
		if w != nil {
			left = w.left
		}
		w = &refusedWindow{caller: caller, ends: now.Add(refusalsWindow)}
		if r.windows == nil {
			r.windows = make(map[refusedCaller]*refusedWindow)
		}
		r.windows[key] = w
	}
	if w.n++; w.n <= refusalsKept {
		return true, left
	}
	w.left++
	return false, 0
}

// expire removes the windows that have ended, or all of them, and returns the entries about the
// refusals that were not written.
func (r *refusals) expire(now time.Time, all bool) (entries []fleet.AuditEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, w := range r.windows {
		if !all && now.Before(w.ends) {
			continue
		}
		if w.left > 0 {
			entries = append(entries, leftOut(w.caller, w.left))
		}
		delete(r.windows, key)
	}
	return entries
}
