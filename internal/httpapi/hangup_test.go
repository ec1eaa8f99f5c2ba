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

// TestHangUpsAreNoServerErrors sends each operation of both APIs for a client that has gone: the
// log has no error, because nothing is wrong with the server.
func TestHangUpsAreNoServerErrors(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := heldWorld(t, e)
		bearer := s.As("admin@example.com").Token
		var log bytes.Buffer
		options := httpx.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
		public, operated := httpapi.New(s.Control, options), s.OperatorHandler(options)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		lines := 0
		send := func(h http.Handler, pattern, path, body, token string) {
			method, _, _ := strings.Cut(pattern, " ")
			log.Reset()
			r := httptest.NewRequestWithContext(gone, method, path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+token)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if text := log.String(); strings.Contains(text, "level=ERROR") || strings.Contains(text, "status=50") {
				t.Errorf("%s: %s", pattern, text)
			} else if strings.Contains(text, "status=499") {
				lines++
			}
		}
		for _, r := range httpapi.Routes() {
			_, path, _ := strings.Cut(r.Pattern, " ")
			write := heldWrites[r.Pattern]
			if write.path != "" {
				path = write.path
			}
			path = strings.NewReplacer("{sim_id}", "250", "{endpoint_id}", "9001", "{user_id}", "my", "{bic}", "1234567890123456", "{", "", "}", "").Replace(path)
			send(public, r.Pattern, path, write.body, bearer)
		}
		for pattern, try := range kit.OperatorRequests {
			send(operated, pattern, try.Path, try.Body, kit.OperatorToken)
		}
		if lines < 40 {
			t.Errorf("only %d requests were cut off", lines)
		}
	})
}
