package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/dburl"
)

func TestRedacted(t *testing.T) {
	tests := map[config.DatabaseURL]string{
		"sqlite:simferry.db":                                   "sqlite:simferry.db",
		"sqlite:simferry.db?mode":                              "sqlite:xxxxx", // takes no parameters: what is malformed may hold a password
		"postgres://h/db":                                      "postgres://h/db",
		"postgres://u@h/db":                                    "postgres://h/db",
		"postgres://u:secret@h:5432/db?sslmode=require":        "postgres://h:5432/db",
		"postgresql://u:secret@h/db":                           "postgresql://h/db",
		"postgres://h/db?password=secret":                      "postgres://h/db",
		"postgres://h/db?sslpassword=secret&sslmode=verify-ca": "postgres://h/db",
		"postgres://u:secret%zz@h/db":                          "postgres://xxxxx",
		"postgres://u:pass@secret@h/db":                        "postgres://xxxxx",
		"host=h password=secret":                               "xxxxx",
		"":                                                     "",
	}
	for url, want := range tests {
		if got := url.Redacted(); got != want {
			t.Errorf("Redacted(%q) = %q, want %q", string(url), got, want)
		}
	}
}

// No way of printing a Config shows the password.
func TestNothingPrintsThePassword(t *testing.T) {
	c := config.Default()
	c.Database = "postgres://u:secret@h/db"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", c, "database", c.Database)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{
		fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c),
		fmt.Sprintf("%s %v %q", c.Database, c.Database, c.Database), string(encoded), log.String(),
		fmt.Sprintf("%x %d %t %#q", c.Database, c.Database, c.Database, c.Database), fmt.Sprint(&c),
	}
	for _, p := range printed {
		if strings.Contains(p, "secret") || strings.Contains(p, fmt.Sprintf("%x", "secret")) || !strings.Contains(p, "postgres://h/db") {
			t.Errorf("printed: %s", p)
		}
	}
}

// No error quotes the URL, whatever is wrong with it and wherever it comes from.
func TestNoErrorQuotesThePassword(t *testing.T) {
	for _, bad := range []string{
		"postgres://u:secret%zz@h/db", "postgres://u:pass@secret@h/db", "postgres://u:1/secret@h/db", "postgres://u:secret",
		"host=h password=secret", "mysql://u:secret@h/db", "postgres://u:1#secret@h/db",
	} {
		for name, g := range map[string]given{
			"flag":        {args: []string{"--database", bad}},
			"variable":    {env: map[string]string{"SIMFERRY_DATABASE": bad}},
			"file":        {file: "database: '" + bad + "'"},
			"broken file": {file: "database: '" + bad},
			"secret file": {args: []string{"--database-file", write(t, "url", bad)}},
			"as file":     {args: []string{"--database-file", bad}},
			"as listen":   {args: []string{"--listen", bad}},
			"as format":   {args: []string{"--log-format", bad}},
			"as level":    {args: []string{"--log-level", bad}},
			"as ttl":      {args: []string{"--token-ttl", bad}},
			"as number":   {args: []string{"--max-conns", bad}},
			"as networks": {args: []string{"--trusted-proxies", bad}},
			"as config":   {args: []string{"--config", bad}},
			"as variable": {env: map[string]string{"SIMFERRY_MAX_CONNS": bad}},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := load(t, g)
				if err == nil || strings.Contains(dburl.Scrub(err.Error()), "secret") && strings.HasPrefix(bad, "postgres://") {
					t.Errorf("%s: got %v", bad, err)
				}
				if own := !strings.HasPrefix(name, "as "); own && err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("%s: got %v", bad, err)
				}
			})
		}
	}
}

// A database URL with parameters must not become a file with that whole name.
func TestSQLiteTakesNoParameters(t *testing.T) {
	for _, g := range []given{
		{args: []string{"--database", "sqlite:s.db?mode=ro"}},
		{env: map[string]string{"SIMFERRY_DATABASE": "sqlite:s.db?mode=ro"}},
		{file: "database: sqlite:s.db?mode=ro"},
		{args: []string{"--database-file", write(t, "url", "sqlite:s.db?mode=ro")}},
	} {
		if _, err := load(t, g); err == nil || !strings.Contains(err.Error(), "takes no parameters") {
			t.Errorf("got %v", err)
		}
	}
}
