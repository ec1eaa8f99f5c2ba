package server_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/identity"
)

// Tokens that are replaced in the file are valid after a reload; an invalid file changes
// nothing.
func TestReload(t *testing.T) {
	cfg := settings(t)
	cfg.OperatorListen = "127.0.0.1:0"
	cfg.OperatorTokens = filepath.Join(t.TempDir(), "tokens")
	first, second := identity.NewOperatorToken(), identity.NewOperatorToken()
	put := func(text string) {
		if err := os.WriteFile(cfg.OperatorTokens, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("a " + first)
	s, _ := start(t.Context(), t, cfg)
	works := func(token string) bool {
		o, err := client.NewOperator("http://"+s.OperatorAddr(), token, client.WithRetry(client.NoRetry))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range o.Workspaces(context.Background(), client.ListOptions{}) {
			return err == nil
		}
		return true
	}
	if !works(first) || works(second) {
		t.Fatal("the token of the file does not count, or another does")
	}
	put("b " + second)
	if err := s.Reload(); err != nil || works(first) || !works(second) {
		t.Errorf("after the exchange: %v, old %t, new %t", err, works(first), works(second))
	}
	for _, broken := range []string{"", "too weak"} {
		put(broken)
		if err := s.Reload(); err == nil || !works(second) {
			t.Errorf("with %q: %v, %t", broken, err, works(second))
		}
	}
}
