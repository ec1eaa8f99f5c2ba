package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// noted is an entry of the audit log as stored in the table.
type noted struct {
	actor, user, token, code, migration          int64
	address, action, subject, subjectID, det, in string
}

const notedColumns = `actor, COALESCE(user_id, 0), COALESCE(token_id, 0), code, COALESCE(ledger_id, 0),
	address, action, subject, subject_id, detail, places`

// auditOf returns the audit entries of a request.
func auditOf(s *kit.Server, a *kit.Answer) []noted {
	s.T.Helper()
	id := a.Header.Get("X-Request-Id")
	if len(id) != 36 || strings.Trim(id, "0123456789abcdef-") != "" {
		s.T.Fatalf("%s: X-Request-Id is %q", a.Request, id)
	}
	return auditWhere(s, "request_id = '"+id+"'")
}

func auditWhere(s *kit.Server, condition string) (list []noted) {
	s.T.Helper()
	for _, r := range s.Rows("SELECT " + notedColumns + " FROM audit WHERE " + condition + " ORDER BY id") {
		list = append(list, noted{
			wholeNumber(r[0]), wholeNumber(r[1]), wholeNumber(r[2]), wholeNumber(r[3]), wholeNumber(r[4]),
			fmt.Sprint(r[5]), fmt.Sprint(r[6]), fmt.Sprint(r[7]), fmt.Sprint(r[8]), fmt.Sprint(r[9]), fmt.Sprint(r[10]),
		})
	}
	return list
}

func wholeNumber(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case int32:
		return int64(n)
	case int16:
		return int64(n)
	}
	panic(fmt.Sprintf("%T is not a number", v))
}

// wantAudited checks that a request left exactly one entry, and returns it.
func wantAudited(t *testing.T, s *kit.Server, a *kit.Answer, action fleet.AuditAction, code fleet.Code) noted {
	t.Helper()
	list := auditOf(s, a)
	if len(list) != 1 {
		t.Errorf("%s: %d: %d entries, want one: %+v", a.Request, a.Status, len(list), list)
		return noted{}
	}
	if n := list[0]; n.action != string(action) || n.code != int64(code) || n.address != "127.0.0.1" {
		t.Errorf("%s: %d: left %+v, want %s with code %d", a.Request, a.Status, n, action, code)
	}
	return list[0]
}
