package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
)

// AuditRow is an entry of the audit log as stored, with everything that the chain protects.
type AuditRow struct {
	ID, at, actor, user, token, code, ledger                     int64
	address, request, action, subject, subjectID, detail, places string
	Seq                                                          int64
	Hash                                                         []byte
}

// AuditRowColumns are the columns of an AuditRow.
const AuditRowColumns = `id, at, actor, COALESCE(user_id, 0), COALESCE(token_id, 0), code, COALESCE(ledger_id, 0),
	address, request_id, action, subject, subject_id, detail, places, COALESCE(seq, 0), hash`

// Scan reads a row of AuditRowColumns.
func (a *AuditRow) Scan(r Row) error {
	return r.Scan(&a.ID, &a.at, &a.actor, &a.user, &a.token, &a.code, &a.ledger,
		&a.address, &a.request, &a.action, &a.subject, &a.subjectID, &a.detail, &a.places, &a.Seq, &a.Hash)
}

// Link returns the hash of the entry at its place in the chain: SHA-256 over the previous hash
// and all fields of the entry. A number has 8 bytes, big-endian; a text is preceded by its
// length. docs/operations/audit.md documents this for the verification of exports.
func (a *AuditRow) Link(before []byte) []byte {
	b := make([]byte, 0, 512)
	b = append(b, before...)
	for _, n := range [...]int64{a.Seq, a.ID, a.at, a.actor, a.user, a.token, a.code, a.ledger} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range [...]string{a.address, a.request, a.action, a.subject, a.subjectID, a.detail, a.places} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// AuditHead is the last link of the chain. A copy of it kept elsewhere shows later whether
// earlier entries were rewritten.
type AuditHead struct {
	Seq  int64 // 0 for an empty chain
	Hash []byte
}

// AuditHead reads the last link of the chain. It is the later of the link that was recorded at
// the last linking and the last link of the entries. They differ if a server of an earlier
// version linked entries, or if entries were removed or unlinked: the chain then continues
// after the gap, which VerifyAudit reports.
func (tx *Tx) AuditHead(ctx context.Context) (AuditHead, error) {
	head, _, err := tx.auditEnd(ctx)
	return head, err
}

// AuditMark is the row of audit_head: the last link that was made, and the instant before
// which every entry has a link.
type AuditMark struct {
	AuditHead
	At int64
}

func (tx *Tx) auditMark(ctx context.Context) (m AuditMark, found bool, err error) {
	found, err = tx.queryRow(ctx, "SELECT seq, hash, at FROM audit_head WHERE id = 1", nil, &m.Seq, &m.Hash, &m.At)
	m.Hash = bytes.Clone(m.Hash)
	return m, found, err
}

// auditEnd reads the last link of the chain and the id of its entry.
func (tx *Tx) auditEnd(ctx context.Context) (head AuditHead, id int64, err error) {
	m, _, err := tx.auditMark(ctx)
	if err != nil {
		return head, 0, err
	}
	last := AuditHead{Hash: make([]byte, sha256.Size)}
	_, err = tx.queryRow(ctx, "SELECT seq, hash, id FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1", nil, &last.Seq, &last.Hash, &id)
	if last.Seq < m.Seq {
		last = m.AuditHead
	}
	last.Hash = bytes.Clone(last.Hash)
	return last, id, err
}

// AuditUnlinked reports whether there are entries that are not in the chain yet.
func (tx *Tx) AuditUnlinked(ctx context.Context) (bool, error) {
	var one int
	return tx.queryRow(ctx, "SELECT 1 FROM audit WHERE seq IS NULL LIMIT 1", nil, &one)
}

const auditLock int64 = 0x51_6d_61_75_64_69_74

// tooOldToLink is how far before the last linking an entry may be dated and still be linked
// on PostgreSQL. No transaction takes that long, and the clocks of servers do not differ that
// much.
const tooOldToLink = time.Hour

// LinkAudit links up to most entries that have no link yet, and returns how many it linked.
// Several servers may call it; a lock lets one of them work. On PostgreSQL an entry with a
// lower id may be committed after a higher one; it is then linked later.
//
// It skips entries that no server can have written since the last linking: those dated before
// it, those with only a hash, and on SQLite, which has one writer, those with an id below that
// of the last link. VerifyAudit reports them.
func (tx *Tx) LinkAudit(ctx context.Context, most int) (linked int, err error) {
	if tx.d == Postgres {
		var ours bool
		if _, err := tx.queryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{auditLock}, &ours); err != nil || !ours {
			return 0, err
		}
	}
	mark, _, err := tx.auditMark(ctx) // after the lock: links of the previous holder are seen
	if err != nil {
		return 0, err
	}
	head, last, err := tx.auditEnd(ctx)
	if err != nil {
		return 0, err
	}
	var ids, seqs []int64
	var hashes [][]byte
	text := "SELECT " + AuditRowColumns + " FROM audit WHERE seq IS NULL AND hash IS NULL AND at >= $2 AND id > $3 ORDER BY id LIMIT $1"
	err = tx.queryEach(ctx, text, []any{most, tx.oldestToLink(mark), tx.lowestToLink(last)}, func(r rows) error {
		var a AuditRow
		if err := a.Scan(r); err != nil {
			return err
		}
		a.Seq = head.Seq + 1
		head = AuditHead{a.Seq, a.Link(head.Hash)}
		ids, seqs, hashes = append(ids, a.ID), append(seqs, head.Seq), append(hashes, head.Hash)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if len(ids) < most {
		mark.At = micros(tx.now)
	}
	if err := tx.setLinks(ctx, ids, seqs, hashes); err != nil {
		return 0, err
	}
	return len(ids), tx.setAuditMark(ctx, AuditMark{head, mark.At})
}

// LinkSlack is how far before the mark of the last linking an entry without a link may be dated
// on SQLite. Every entry committed before the mark has a link, and an entry has the instant at
// which its transaction began: the previous writer has finished by then.
const LinkSlack = 5 * time.Second

// oldestToLink returns the instant from which entries are linked. If the clock was set back,
// the mark follows the clock, so that entries do not stay unlinked.
func (tx *Tx) oldestToLink(mark AuditMark) int64 {
	if micros(tx.now) < mark.At {
		return math.MinInt64
	}
	if tx.d == SQLite {
		return mark.At - LinkSlack.Microseconds()
	}
	return mark.At - tooOldToLink.Microseconds()
}

// lowestToLink returns the id above which entries are linked.
func (tx *Tx) lowestToLink(last int64) int64 {
	if tx.d == Postgres {
		return math.MinInt64
	}
	return last
}

func (tx *Tx) setAuditMark(ctx context.Context, m AuditMark) error {
	return tx.exec(ctx, `INSERT INTO audit_head (id, seq, hash, at) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at`, m.Seq, m.Hash, m.At)
}

func (tx *Tx) setLinks(ctx context.Context, ids, seqs []int64, hashes [][]byte) error {
	if tx.d == Postgres {
		return tx.exec(ctx, `UPDATE audit a SET seq = l.seq, hash = l.hash
			FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS l (id, seq, hash) WHERE a.id = l.id`, ids, seqs, hashes)
	}
	for i, id := range ids {
		if err := tx.exec(ctx, "UPDATE audit SET seq = $2, hash = $3 WHERE id = $1", id, seqs[i], hashes[i]); err != nil {
			return err
		}
	}
	return nil
}
