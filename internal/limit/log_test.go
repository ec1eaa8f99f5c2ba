package limit_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/limit"
)

func TestLogLinesAreBounded(t *testing.T) {
	long := strings.Repeat("é", 50_000)
	for name, write := range map[string]func(*slog.Logger){
		"message": func(l *slog.Logger) { l.Info(long) },
		"string":  func(l *slog.Logger) { l.Info("request", "path", long) },
		"error":   func(l *slog.Logger) { l.Info("request", "err", errors.New(long)) },
		"wrapped": func(l *slog.Logger) { l.Info("request", "cause", fmt.Errorf("x: %w", errors.New(long))) },
		"group":   func(l *slog.Logger) { l.Info("request", slog.Group("g", "a", long)) },
		"with":    func(l *slog.Logger) { l.With("a", long).WithGroup("g").Info("request", "b", long) },
		"two":     func(l *slog.Logger) { slog.New(limit.Log(l.Handler())).Info("request", "path", long) },
	} {
		var line bytes.Buffer
		write(slog.New(limit.Log(slog.NewJSONHandler(&line, nil))))
		if line.Len() > 4<<10 || !strings.Contains(line.String(), "... (1000") || strings.Contains(line.String(), "\ufffd") {
			t.Errorf("%s: a line of %d bytes: %.100s", name, line.Len(), line.String())
		}
	}
}

func TestLoggedDurationsHaveAUnit(t *testing.T) {
	var line bytes.Buffer
	log := slog.New(limit.Log(slog.NewTextHandler(&line, nil)))
	log.With("grace", 15*time.Second).Info("x", "took", 1500*time.Microsecond, "n", 3)
	for _, want := range []string{"grace_ms=15000", "took_ms=1.5", "n=3"} {
		if !strings.Contains(line.String(), want) {
			t.Errorf("%q is not in %s", want, line.String())
		}
	}
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcd... (5 bytes)", "abcé": "abc... (5 bytes)"} {
		if got := limit.Cut(in, 4); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
