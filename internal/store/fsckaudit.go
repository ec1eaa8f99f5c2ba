package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
)

// auditChain follows the chain of the audit log from its first link to its last.
type auditChain struct {
	last  AuditHead
	noted AuditHead // a link that was noted elsewhere; the zero value is none
	links int64
	check Check
}

// AuditReport is what a check of the audit log's chain found out.
type AuditReport struct {
	Check
	Head AuditHead
}

// VerifyAudit follows the whole chain, and holds it against a link that was noted elsewhere
// unless that is the zero value. Behind a broken link it goes on from what is stored, so
// that each fault is told once. Call it in a View.
func (tx *Tx) VerifyAudit(ctx context.Context, noted AuditHead) (AuditReport, error) {
	return tx.verifyAudit(ctx, noted, fsckRun)
}

func (tx *Tx) verifyAudit(ctx context.Context, noted AuditHead, run int) (AuditReport, error) {
	chain := auditChain{last: AuditHead{Hash: make([]byte, sha256.Size)}, noted: noted}
	chain.check = Check{Key: "audit_chain", Invariant: "I9", Name: "the audit log's chain verifies: no entry was changed, removed or moved"}
	c := &chain.check
	var waiting int64
	err := c.timed(func() error {
		for more := true; more; {
			var err error
			if more, err = tx.followAudit(ctx, &chain, run); err != nil {
				return err
			}
		}
		_, err := tx.one(ctx, "SELECT count(*) FROM audit WHERE seq IS NULL", nil, &waiting)
		return err
	})
	if noted.Seq > chain.last.Seq {
		c.fail("", 0, "the chain ends with link %d, and link %d was noted: entries were removed from its end", chain.last.Seq, noted.Seq)
	}
	c.count("links", chain.links)
	c.count("entries not linked yet", waiting)
	return AuditReport{*c, chain.last}, err
}

// wholeAudit is VerifyAudit as a part of fsck.
func (f *fsck) wholeAudit(ctx context.Context) error {
	r, err := f.tx.verifyAudit(ctx, AuditHead{}, f.run)
	f.head = r.Head
	f.asked = append(f.asked, r.Check)
	return err
}

// followAudit reads the next run of links.
func (tx *Tx) followAudit(ctx context.Context, chain *auditChain, run int) (more bool, err error) {
	n := 0
	var a auditRow
	text := "SELECT " + auditRowColumns + " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"
	from := chain.last.Seq
	if chain.links == 0 {
		from = math.MinInt64
	}
	err = tx.each(ctx, text, []any{from, run}, func(r rows) error {
		if err := a.scan(r); err != nil {
			return err
		}
		n++
		chain.follow(&a)
		return nil
	})
	return n == run, err
}

func (chain *auditChain) follow(a *auditRow) {
	c := &chain.check
	chain.links++
	if a.seq != chain.last.Seq+1 {
		c.fail("audit entry", a.id, "it is link %d, and the one before it is link %d: what was between is gone", a.seq, chain.last.Seq)
	} else if !bytes.Equal(a.link(chain.last.Hash), a.hash) {
		c.fail("audit entry", a.id, "link %d does not verify: the entry, or the one before it, was changed", a.seq)
	}
	chain.last = AuditHead{a.seq, bytes.Clone(a.hash)}
	if n := chain.noted; n.Seq == a.seq && a.seq != 0 && !bytes.Equal(n.Hash, a.hash) {
		c.fail("audit entry", a.id, "link %d is %s, and %s was noted: the history before it was rewritten",
			a.seq, hex.EncodeToString(a.hash), hex.EncodeToString(n.Hash))
	}
}
