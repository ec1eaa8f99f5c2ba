package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// tampered is the number of links of the chain that RunAuditTampering damages; two entries
// that are as young as the server leaves them follow without a link.
const tampered = 9

// tooOld is the age before the last linking from which an entry is no longer linked, on any
// engine.
const tooOld = time.Hour

// auditTables are saved before each damage and put back after it.
var auditTables = []string{"audit", "audit_places", "audit_head"}

// RunAuditTampering damages the audit log at random, hundreds of times, and expects VerifyAudit
// and Fsck to find it each time: immediately, and after a server has linked the unlinked
// entries.
func RunAuditTampering(t *testing.T, b Breakable) {
	t.Helper()
	var exec func(string)
	e := newEnv(t, func(t testing.TB, o store.Options) (s *store.Store) {
		t.Helper()
		s, exec = b.Open(t, o)
		return s
	})
	e.fleet()
	for range tampered {
		e.clock.advance(10 * time.Minute)
		e.audited(signedIn)
	}
	e.clock.advance(2 * tooOld)
	e.link(100)
	e.audited(signedIn, refusedSignIn)
	for _, table := range auditTables {
		exec(fmt.Sprintf("CREATE TABLE saved_%s AS SELECT * FROM %s", table, table))
	}
	exec("DROP INDEX audit_seq")        // no constraint helps
	seed := rand.Uint64()               //nolint:gosec // a test
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
	for name, tamper := range tamperings() {
		for range 8 {
			do := tamper(r)
			for _, statement := range do {
				exec(statement)
			}
			e.tamperingFound(name, do, seed)
			e.link(100)
			if !strings.HasSuffix(name, "note alone") { // the log is restored, and its mark is written again
				e.tamperingFound(name+", then linked", do, seed)
			}
			for _, table := range auditTables {
				exec("delete from " + table) // in lower case it may find the table empty
				exec(fmt.Sprintf("INSERT INTO %s %s SELECT * FROM saved_%s", table, e.overriding(), table))
			}
		}
	}
	if v := e.verify(store.AuditHead{}); !v.OK() {
		e.Errorf("undamaged: %v", v.First)
	}
}

func (e *env) tamperingFound(name string, do []string, seed uint64) {
	e.Helper()
	if v := e.verify(store.AuditHead{}); v.OK() {
		e.Errorf("%s passes audit verify (seed %d): %s", name, seed, strings.Join(do, "; "))
	}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		report, err := fsck.Run(ctx, tx)
		if report.OK() {
			e.Errorf("%s passes fsck (seed %d): %s", name, seed, strings.Join(do, "; "))
		}
		return err
	})
}

// noteMoved changes the number of the last entry in the head of the log.
func noteMoved(by int) []string {
	return []string{fmt.Sprintf("UPDATE audit_head SET seq = seq + (%d)", by)}
}

// tamperings returns the manipulations that an attacker with write access to the database may try.
// Each returns the statements of one random case.
func tamperings() map[string]func(*rand.Rand) []string {
	one := func(r *rand.Rand) int { return 1 + r.IntN(tampered) }
	columns := "at, actor, user_id, token_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places"
	return map[string]func(*rand.Rand) []string{
		"unlink some": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("UPDATE audit SET seq = NULL, hash = NULL WHERE id IN (%s)", someOf(r))}
		},
		"unlink the end": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("UPDATE audit SET seq = NULL, hash = NULL WHERE seq >= %d", one(r))}
		},
		"unlink the end and its note": func(r *rand.Rand) []string {
			n := 1 + r.IntN(tampered-1)
			return []string{
				fmt.Sprintf("UPDATE audit SET seq = NULL, hash = NULL WHERE seq > %d", n),
				fmt.Sprintf("UPDATE audit_head SET seq = %d, hash = (SELECT hash FROM audit WHERE seq = %d)", n, n),
			}
		},
		"unlink all and change one": func(r *rand.Rand) []string {
			return []string{"UPDATE audit SET seq = NULL, hash = NULL", fmt.Sprintf("UPDATE audit SET user_id = 77 WHERE id = %d", one(r))}
		},
		"lose a number": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("UPDATE audit SET seq = NULL WHERE id = %d", one(r))}
		},
		"lose a hash": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("UPDATE audit SET hash = NULL WHERE id = %d", one(r))}
		},
		"remove some": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("DELETE FROM audit WHERE id IN (%s)", someOf(r))}
		},
		"cut the end":    func(r *rand.Rand) []string { return []string{fmt.Sprintf("DELETE FROM audit WHERE id >= %d", one(r))} },
		"remove the log": func(*rand.Rand) []string { return []string{"DELETE FROM audit"} },
		"swap two": func(r *rand.Rand) []string {
			a := one(r)
			b := a%tampered + 1
			return []string{
				fmt.Sprintf("UPDATE audit SET seq = -seq WHERE id IN (%d, %d)", a, b),
				fmt.Sprintf("UPDATE audit SET seq = %d, hash = (SELECT s.hash FROM saved_audit s WHERE s.id = %d) WHERE id = %d", b, b, a),
				fmt.Sprintf("UPDATE audit SET seq = %d, hash = (SELECT s.hash FROM saved_audit s WHERE s.id = %d) WHERE id = %d", a, a, b),
			}
		},
		"insert an old one": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("INSERT INTO audit (%s) SELECT %s FROM saved_audit WHERE id = %d", columns, columns, one(r))}
		},
		"double a linked one": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("INSERT INTO audit (%s, seq, hash) SELECT %s, seq, hash FROM saved_audit WHERE id = %d", columns, columns, one(r))}
		},
		"shift the numbers": func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("UPDATE audit SET seq = seq + 1 WHERE seq >= %d", one(r))}
		},
		"change a number": func(r *rand.Rand) []string {
			return changed(r, one(r), "at", "user_id", "token_id", "code", "ledger_id", "actor")
		},
		"change a text":        func(r *rand.Rand) []string { return changedText(r, one(r)) },
		"raise the note":       func(r *rand.Rand) []string { return noteMoved(1 + r.IntN(3)) },
		"lower the note alone": func(r *rand.Rand) []string { return noteMoved(-1 - r.IntN(tampered-1)) },
		"change the hash in the note alone": func(*rand.Rand) []string {
			return []string{"UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE id = 1)"}
		},
	}
}

func someOf(r *rand.Rand) string {
	ids := make([]string, 0, tampered)
	for _, i := range r.Perm(tampered)[:1+r.IntN(tampered)] {
		ids = append(ids, fmt.Sprint(i+1))
	}
	slices.Sort(ids)
	return strings.Join(ids, ", ")
}

func changed(r *rand.Rand, id int, columns ...string) []string {
	column := columns[r.IntN(len(columns))]
	return []string{fmt.Sprintf("UPDATE audit SET %[1]s = CASE WHEN COALESCE(%[1]s, 0) = 3 THEN 4 ELSE 3 END WHERE id = %[2]d", column, id)}
}

func changedText(r *rand.Rand, id int) []string {
	columns := []string{"address", "request_id", "action", "subject", "subject_id", "detail", "places"}
	return []string{fmt.Sprintf("UPDATE audit SET %[1]s = %[1]s || '1' WHERE id = %[2]d", columns[r.IntN(len(columns))], id)}
}
