package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
)

// auditRow is an entry of the audit log as it is stored: what the chain vouches for.
type auditRow struct {
	id, at, actor, user, token, code, ledger                     int64
	address, request, action, subject, subjectID, detail, places string
	seq                                                          int64
	hash                                                         []byte
}

const auditRowColumns = `id, at, actor, COALESCE(user_id, 0), COALESCE(token_id, 0), code, COALESCE(ledger_id, 0),
	address, request_id, action, subject, subject_id, detail, places, COALESCE(seq, 0), hash`

func (a *auditRow) scan(r rows) error {
	return r.Scan(&a.id, &a.at, &a.actor, &a.user, &a.token, &a.code, &a.ledger,
		&a.address, &a.request, &a.action, &a.subject, &a.subjectID, &a.detail, &a.places, &a.seq, &a.hash)
}

// link is the hash of the entry at its place in the chain: SHA-256 over the hash of the one
// before and everything that the entry says. A number is 8 bytes, high one first, a text is
// preceded by its length. docs/operations/audit.md gives this to whoever checks an export.
func (a *auditRow) link(before []byte) []byte {
	b := make([]byte, 0, 512)
	b = append(b, before...)
	for _, n := range [...]int64{a.seq, a.id, a.at, a.actor, a.user, a.token, a.code, a.ledger} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range [...]string{a.address, a.request, a.action, a.subject, a.subjectID, a.detail, a.places} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// AuditHead is the last link of the chain: whoever has noted it elsewhere notices when what
// lies before it was rewritten.
type AuditHead struct {
	Seq  int64 // 0 for an empty chain
	Hash []byte
}

// AuditHead reads the last link.
func (tx *Tx) AuditHead(ctx context.Context) (AuditHead, error) {
	head := AuditHead{Hash: make([]byte, sha256.Size)}
	_, err := tx.one(ctx, "SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1", nil, &head.Seq, &head.Hash)
	head.Hash = bytes.Clone(head.Hash)
	return head, err
}

// AuditUnlinked tells whether there are entries that the chain does not have yet.
func (tx *Tx) AuditUnlinked(ctx context.Context) (bool, error) {
	var one int
	return tx.one(ctx, "SELECT 1 FROM audit WHERE seq IS NULL LIMIT 1", nil, &one)
}

const auditLock int64 = 0x51_6d_61_75_64_69_74

// LinkAudit takes up to most entries that have no link yet into the chain, and answers how
// many. Any number of servers may try, one of them does it. The order is that in which the
// entries are found: on PostgreSQL one with a lower id may be committed after a higher one,
// and gets its link later.
func (tx *Tx) LinkAudit(ctx context.Context, most int) (linked int, err error) {
	if tx.d == Postgres {
		var ours bool
		if _, err := tx.one(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{auditLock}, &ours); err != nil || !ours {
			return 0, err
		}
	}
	head, err := tx.AuditHead(ctx) // behind the lock: what the one before has linked is seen
	if err != nil {
		return 0, err
	}
	var ids, seqs []int64
	var hashes [][]byte
	text := "SELECT " + auditRowColumns + " FROM audit WHERE seq IS NULL ORDER BY id LIMIT $1"
	err = tx.each(ctx, text, []any{most}, func(r rows) error {
		var a auditRow
		if err := a.scan(r); err != nil {
			return err
		}
		a.seq = head.Seq + 1
		head = AuditHead{a.seq, a.link(head.Hash)}
		ids, seqs, hashes = append(ids, a.id), append(seqs, head.Seq), append(hashes, head.Hash)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), tx.setLinks(ctx, ids, seqs, hashes)
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
