package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/config"
)

func TestRedacted(t *testing.T) {
	tests := map[config.DatabaseURL]string{
		"sqlite:simferry.db": "sqlite:simferry.db",
		"postgres://h/db":    "postgres://h/db",
		"postgres://u@h/db":  "postgres://u@h/db",
		"postgres://u:secret@h:5432/db?sslmode=require":        "postgres://u:xxxxx@h:5432/db?sslmode=require",
		"postgresql://u:secret@h/db":                           "postgresql://u:xxxxx@h/db",
		"postgres://h/db?password=secret":                      "postgres://h/db?password=xxxxx",
		"postgres://h/db?sslpassword=secret&sslmode=verify-ca": "postgres://h/db?sslmode=verify-ca&sslpassword=xxxxx",
		"postgres://u:secret%zz@h/db":                          "postgres://xxxxx",
		"host=h password=secret":                               "xxxxx",
		"":                                                     "",
	}
	for url, want := range tests {
		if got := url.Redacted(); got != want {
			t.Errorf("Redacted(%q) = %q, want %q", string(url), got, want)
		}
	}
}

// Whatever way a Config is printed, the password stays inside.
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
	}
	for _, p := range printed {
		if strings.Contains(p, "secret") || !strings.Contains(p, "xxxxx") {
			t.Errorf("printed: %s", p)
		}
	}
}

func TestNoErrorQuotesThePassword(t *testing.T) {
	const bad = "postgres://u:secret%zz@h/db"
	for name, g := range map[string]given{
		"flag":        {args: []string{"--database", bad}},
		"variable":    {env: map[string]string{"SIMFERRY_DATABASE": bad}},
		"file":        {file: "database: " + bad},
		"broken file": {file: "database: '" + bad},
		"secret file": {args: []string{"--database-file", write(t, "url", bad)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, g)
			if err == nil || strings.Contains(err.Error(), "secret%") {
				t.Errorf("got %v", err)
			}
		})
	}
}
