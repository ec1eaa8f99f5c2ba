package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/client"
)

// The log has a line for each schema step and one for each migration, with counts and units.
func TestRequestLog(t *testing.T) {
	cfg := settings(t)
	cfg.Seed = filepath.Join(t.TempDir(), "world.yaml")
	world := `
workspaces: [{id: 1, name: Issuer, type: mno}, {id: 100, name: A, parent: 1}, {id: 200, name: B, parent: 1}]
users: [{id: 1, username: a@example.com, password: correct horse, default_workspace: 100, roles: {100: administrator, 200: administrator}}]
sims: [{id: 250, iccid: "8988303000000000129", workspace: 100, status: activated}, {id: 251, iccid: "8988303000006738593", workspace: 100}]
`
	if err := os.WriteFile(cfg.Seed, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	s, log := start(t.Context(), t, cfg)
	c, err := client.New("http://"+s.Addr(), client.WithPassword("a@example.com", "correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	request := client.MigrationRequest{Target: 200, SIMs: []int64{250, 251}}
	if _, err := c.Preview(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Migrate(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	log.mu.Lock()
	text := log.text.String()
	log.mu.Unlock()
	for want, n := range map[string]int{"msg=migrated migration=2 sims=2 released=0 suspended=1 target=200 user=1 ": 1, `msg="schema step applied" step=00001_`: 1} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, n, text)
		}
	}
	if strings.Contains(text, "took=") || !strings.Contains(text, "took_ms=") {
		t.Errorf("a duration has no unit:\n%s", text)
	}
}
