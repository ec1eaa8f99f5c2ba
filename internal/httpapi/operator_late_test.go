package httpapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// The operator's token is removed before the last byte of a body: no operation changes anything.
func TestOperatorLateBodies(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		old, err := identity.ParseOperatorTokens("test " + kit.OperatorToken)
		mustNot(t, err)
		others, err := identity.ParseOperatorTokens("other " + identity.NewOperatorToken())
		mustNot(t, err)
		var valid atomic.Pointer[identity.OperatorTokens]
		tokens := func() identity.OperatorTokens { return *valid.Load() }
		server := httptest.NewServer(s.OperatorHandlerFor(tokens, httpx.Options{Log: slog.New(slog.DiscardHandler)}))
		t.Cleanup(server.Close)
		tried := 0
		for pattern, try := range kit.OperatorRequests {
			if try.Body == "" {
				continue
			}
			tried++
			valid.Store(&old)
			method, _, _ := strings.Cut(pattern, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+try.Path, strings.NewReader(try.Body))
			mustNot(t, err)
			r.Header.Set("Authorization", "Bearer "+kit.OperatorToken)
			if try.Path == kit.OperatorImport {
				r.Header.Set("Content-Type", "text/csv")
			}
			late := sendLate(t, r, pattern)
			valid.Store(&others)
			before := s.Dump()
			late.finish(t)
			if diff := before.Diff(s.Dump(), "audit", "audit_places"); diff != "" {
				t.Errorf("%s: something changed (-before +after):\n%s", pattern, diff)
			}
		}
		if tried == 0 {
			t.Error("no operation has a body")
		}
	})
}
