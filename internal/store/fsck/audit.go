package fsck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// auditChain follows the chain of the audit log from its first link to its last.
type auditChain struct {
	last   store.AuditHead
	lastID int64 // the highest id of a linked entry
	known  []knownLink
	links  int64
	check  Check
}

// knownLink is a link that the chain must contain, and its origin.
type knownLink struct {
	store.AuditHead
	from string
}

// AuditReport is the result of a check of the audit log's chain.
type AuditReport struct {
	Check
	Head store.AuditHead
}

// VerifyAudit checks the whole chain. It compares the chain with the link recorded at the last
// linking, and with the caller's noted link unless that is the zero value. After a broken link
// it continues from the stored hash, so that each fault is reported once. An entry without a
// link is a fault unless it is so recent that the server may not have linked it yet. Call it in
// a View.
func VerifyAudit(ctx context.Context, tx *store.Tx, noted store.AuditHead) (AuditReport, error) {
	return verifyAudit(ctx, tx.Reader(), noted, runSize)
}

func verifyAudit(ctx context.Context, db store.Reader, noted store.AuditHead, run int) (AuditReport, error) {
	chain := auditChain{last: store.AuditHead{Hash: make([]byte, sha256.Size)}, lastID: math.MinInt64}
	chain.check = Check{Key: "audit_chain", Invariant: "I9", Name: "the audit log's chain verifies: no entry was changed, removed, moved or unlinked"}
	c := &chain.check
	err := c.timed(func() error { return followAll(ctx, db, &chain, noted, run) })
	return AuditReport{*c, chain.last}, err
}

func followAll(ctx context.Context, db store.Reader, chain *auditChain, noted store.AuditHead, run int) error {
	mark, found, err := db.AuditMark(ctx)
	if err != nil {
		return err
	}
	if !found {
		chain.check.fail("", 0, "the record of the last link (table audit_head) is missing")
	}
	if mark.Seq != 0 {
		chain.known = append(chain.known, knownLink{mark.AuditHead, "was made"})
	}
	if noted.Seq != 0 {
		chain.known = append(chain.known, knownLink{noted, "was noted"})
	}
	for more := true; more; {
		if more, err = followAudit(ctx, db, chain, run); err != nil {
			return err
		}
	}
	for _, k := range chain.known {
		if k.Seq > chain.last.Seq {
			chain.check.fail("", 0, "the chain ends with link %d, and link %d %s: entries were removed or unlinked at its end", chain.last.Seq, k.Seq, k.from)
		}
	}
	chain.check.count("links", chain.links)
	return unlinkedAudit(ctx, db, chain, mark)
}

const (
	// linkWithin is the time in which a running server links an entry. It links once a second.
	linkWithin = time.Minute
	// What LinkSlack is on SQLite; transactions of PostgreSQL commit concurrently.
	slackPostgres = time.Minute
)

// unlinkedAudit checks the entries without a link.
func unlinkedAudit(ctx context.Context, db store.Reader, chain *auditChain, mark store.AuditMark) error {
	slack := store.LinkSlack
	if db.Dialect() == store.Postgres {
		slack = slackPostgres
	}
	c, waiting := &chain.check, int64(0)
	err := db.QueryEach(ctx, "SELECT id, at, CASE WHEN hash IS NULL THEN 0 ELSE 1 END FROM audit WHERE seq IS NULL ORDER BY id", nil, func(r store.Row) error {
		var id, at int64
		var hashed int
		if err := r.Scan(&id, &at, &hashed); err != nil {
			return err
		}
		waiting++
		switch {
		case hashed != 0:
			c.fail("audit entry", id, "it has a hash, but no place in the chain: it was removed from it")
		case db.Dialect() == store.SQLite && id < chain.lastID:
			c.fail("audit entry", id, "it has no link, and entry %d, which came after it, has one: it was unlinked, or inserted later", chain.lastID)
		case at < mark.At-slack.Microseconds():
			c.fail("audit entry", id, "it is dated %s and has no link, and every entry before %s was linked: it was unlinked, or inserted later",
				instant(at), instant(mark.At))
		case at < db.Now().UnixMicro()-linkWithin.Microseconds():
			c.fail("audit entry", id, "it has no link since %s, and a running server links entries every second: start the server if it has stopped, "+
				"and check again", instant(at))
		}
		return nil
	})
	c.count("entries not linked yet", waiting)
	return err
}

func instant(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339) }

// wholeAudit runs VerifyAudit as part of fsck.
func (f *checker) wholeAudit(ctx context.Context) error {
	r, err := verifyAudit(ctx, f.db, store.AuditHead{}, f.run)
	f.head = r.Head
	f.done = append(f.done, r.Check)
	return err
}

// followAudit reads the next run of links.
func followAudit(ctx context.Context, db store.Reader, chain *auditChain, run int) (more bool, err error) {
	n := 0
	var a store.AuditRow
	text := "SELECT " + store.AuditRowColumns + " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"
	from := chain.last.Seq
	if chain.links == 0 {
		from = math.MinInt64
	}
	err = db.QueryEach(ctx, text, []any{from, run}, func(r store.Row) error {
		if err := a.Scan(r); err != nil {
			return err
		}
		n++
		chain.follow(&a)
		return nil
	})
	return n == run, err
}

func (chain *auditChain) follow(a *store.AuditRow) {
	c := &chain.check
	chain.links++
	if a.Seq != chain.last.Seq+1 {
		c.fail("audit entry", a.ID, "it is link %d, and the one before it is link %d: the links between them are missing", a.Seq, chain.last.Seq)
	} else if !bytes.Equal(a.Link(chain.last.Hash), a.Hash) {
		c.fail("audit entry", a.ID, "link %d does not verify: the entry, or the one before it, was changed", a.Seq)
	}
	chain.last, chain.lastID = store.AuditHead{Seq: a.Seq, Hash: bytes.Clone(a.Hash)}, max(chain.lastID, a.ID)
	for _, k := range chain.known {
		if k.Seq == a.Seq && !bytes.Equal(k.Hash, a.Hash) {
			c.fail("audit entry", a.ID, "link %d is %s, and %s %s: the history before it was rewritten",
				a.Seq, hex.EncodeToString(a.Hash), hex.EncodeToString(k.Hash), k.from)
		}
	}
}
