package config_test

import (
	"math"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/config"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0B": 0, "1B": 1, "8KiB": 8 << 10, "512 MiB": 512 << 20, "2GiB": 2 << 30} {
		if got, err := config.ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "8", "8K", "8kb", "-1B", "1.5MiB", "MiB", "9999999999GiB", "0x1B"} {
		if got, err := config.ParseSize(text); err == nil || !strings.Contains(err.Error(), "512MiB") {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, n := range []int64{0, 1, 1023, 8 << 10, 3 << 20, 2 << 30, math.MaxInt32} {
		if got, err := config.ParseSize(config.FormatSize(n)); err != nil || got != n {
			t.Errorf("%d is written as %s and read as %d, %v", n, config.FormatSize(n), got, err)
		}
	}
}

func TestLimitsThatCannotWork(t *testing.T) {
	for key, change := range map[string]func(*config.Limits){
		"memory_limit":                func(l *config.Limits) { l.Memory = "1MiB" },
		"max_connections":             func(l *config.Limits) { l.Connections = 1 },
		"max_connections_per_address": func(l *config.Limits) { l.ConnectionsOfAddress = 0 },
		"max_header":                  func(l *config.Limits) { l.Header = 100 },
		"max_requests_per_caller":     func(l *config.Limits) { l.RequestsOfCaller = 0 },
		"max_requests_per_address":    func(l *config.Limits) { l.RequestsOfAddress = -1 },
		"max_waiting":                 func(l *config.Limits) { l.Waiting = 0 },
		"max_large_requests":          func(l *config.Limits) { l.LargeRequests = -1 },
		"body_memory":                 func(l *config.Limits) { l.BodyMemory = 1 << 20 },
		"body_memory_per_caller":      func(l *config.Limits) { l.BodyMemoryOfCaller = l.BodyMemory + 1 },
		"max_anonymous_body":          func(l *config.Limits) { l.AnonymousBody = 2 << 20 },
		"min_body_rate":               func(l *config.Limits) { l.BodyRate = 0 },
		"max_password_hashes":         func(l *config.Limits) { l.PasswordWorkers = -1 },
	} {
		c := config.Default()
		change(&c.Limits)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key+" (--") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
