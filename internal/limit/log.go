package limit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"
)

// The longest strings in a log line, in bytes. The stack of a panic needs more.
const (
	maxLogText  = 1 << 10
	maxLogPanic = 8 << 10
)

// LogPanic is the message of a panic. Its stack is logged in full.
const LogPanic = "panic: "

// Log returns a handler that cuts long strings, so that a client cannot write a long line by
// sending a long path. It also adds the unit to durations: took=1.5ms becomes took_ms=1.5.
func Log(next slog.Handler) slog.Handler {
	if h, ok := next.(logHandler); ok {
		return h
	}
	return logHandler{next}
}

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	bounded := slog.NewRecord(r.Time, r.Level, Cut(r.Message, maxLogText), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		bounded.AddAttrs(boundedAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, bounded)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(boundedAttrs(attrs))}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}

func boundedAttrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = boundedAttr(a)
	}
	return out
}

func boundedAttr(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, cutText(v.String()))
	case slog.KindDuration:
		return slog.Float64(a.Key+"_ms", float64(v.Duration().Microseconds())/float64(time.Millisecond/time.Microsecond))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(boundedAttrs(v.Group())...)}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, cutText(err.Error()))
		}
		return slog.Attr{Key: a.Key, Value: v}
	default:
		return slog.Attr{Key: a.Key, Value: v}
	}
}

func cutText(s string) string {
	if strings.HasPrefix(s, LogPanic) {
		return Cut(s, maxLogPanic)
	}
	return Cut(s, maxLogText)
}

// Cut shortens s to at most most bytes, and adds the original length.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) + fmt.Sprintf("... (%d bytes)", len(s))
}
