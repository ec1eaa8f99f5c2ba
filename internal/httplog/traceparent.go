package httplog

import (
	"net/http"
	"strings"
)

// traceParent returns the trace and the span of the caller that the W3C header traceparent names:
// version "-" trace (32 hex digits) "-" span (16) "-" flags (2). Versions after 00 may add fields.
// An invalid header is ignored, as the specification asks.
func traceParent(h http.Header) (trace, span string, ok bool) {
	values := h["Traceparent"]
	if len(values) != 1 {
		return "", "", false
	}
	fields := strings.Split(values[0], "-")
	if len(fields) < 4 || fields[0] == "00" && len(fields) != 4 {
		return "", "", false
	}
	for i, digits := range []int{2, 32, 16, 2} {
		if len(fields[i]) != digits || strings.Trim(fields[i], "0123456789abcdef") != "" {
			return "", "", false
		}
	}
	if fields[0] == "ff" || strings.Trim(fields[1], "0") == "" || strings.Trim(fields[2], "0") == "" {
		return "", "", false
	}
	return fields[1], fields[2], true
}
