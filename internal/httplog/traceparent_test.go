package httplog_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httplog"
)

// The ids of a valid traceparent are logged; any other header changes nothing.
func TestTraceParent(t *testing.T) {
	t.Parallel()
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for header, valid := range map[string]bool{
		"00-" + trace + "-" + span + "-01":                   true,
		"00-" + trace + "-" + span + "-00":                   true,
		"cc-" + trace + "-" + span + "-01-what-is-new":       true, // a later version may add fields
		"00-" + trace + "-" + span + "-01-more":              false,
		"ff-" + trace + "-" + span + "-01":                   false,
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01": false,
		"00-" + trace + "-0000000000000000-01":               false,
		"00-" + strings.ToUpper(trace) + "-" + span + "-01":  false,
		"00-" + trace + "-" + span:                           false,
		"00-" + trace + "-" + span + "-1":                    false,
		"":                                                   false,
		"00-" + trace + " id=1-" + span + "-01":              false,
	} {
		var log bytes.Buffer
		l := httplog.Logger{Log: slog.New(slog.NewTextHandler(&log, nil))}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Traceparent", header)
		l.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), r)
		logged := strings.Contains(log.String(), "trace_id="+trace+" parent_id="+span)
		if logged != valid || strings.Contains(log.String(), "trace_id") != valid {
			t.Errorf("%q: %s", header, log.String())
		}
	}
}

// Two headers are ambiguous.
func TestTwoTraceParents(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	l := httplog.Logger{Log: slog.New(slog.NewTextHandler(&log, nil))}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	const header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	r.Header["Traceparent"] = []string{header, header}
	l.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), r)
	if strings.Contains(log.String(), "trace_id") {
		t.Error(log.String())
	}
}
