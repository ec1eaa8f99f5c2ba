package httpapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/kit"
)

// A client that disconnects is not a server error: no operation logs an error, whenever the
// client disconnects.
func TestClientDisconnectIsNotAnError(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		token := s.As("admin@example.com").Token
		for _, route := range httpapi.Routes() {
			row := accesses[route.Pattern]
			for _, moment := range []string{"before it is read", "before its rule"} {
				var log bytes.Buffer
				ctx, hangUp := context.WithCancel(t.Context())
				hold := func(*http.Request) {
					if moment == "before its rule" {
						hangUp()
					}
				}
				if moment == "before it is read" {
					hangUp()
				}
				handler := httpapi.NewHeld(s.Control, httpx.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, hold)
				req := fuzzed(t, route.Pattern, "250", "", row.body)
				req.Header.Set("Authorization", "Bearer "+token)
				handler.ServeHTTP(httptest.NewRecorder(), req.WithContext(ctx))
				if strings.Contains(log.String(), "level=ERROR") || log.Len() == 0 {
					t.Errorf("%s, %s: %s", route.Pattern, moment, log.String())
				}
				hangUp()
			}
		}
	})
}
