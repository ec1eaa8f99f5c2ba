package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/config"
)

func TestRefusals(t *testing.T) {
	empty := write(t, "empty", "\n")
	tests := map[string]struct {
		given given
		want  []string // texts in the message
	}{
		"unknown key":              {given{file: "listen: ':1'\nlisten_on: ':2'"}, []string{"settings.yaml", "line 2", `"listen_on"`, "the keys are listen, database,"}},
		"key set twice":            {given{file: "listen: ':1'\n\nlisten: ':2'"}, []string{"line 3", "listen"}},
		"bad value in file":        {given{file: "\ntoken_ttl: 240"}, []string{"line 2", "token_ttl", "90s"}},
		"mapping as value":         {given{file: "listen: {port: 1}"}, []string{"line 1", "listen", "one value"}},
		"nested list":              {given{file: "trusted_proxies: [[10.0.0.0/8]]"}, []string{"line 1", "trusted_proxies"}},
		"key without value":        {given{file: "listen:\n"}, []string{"line 1", "listen", "one value"}},
		"no mapping":               {given{file: "- listen"}, []string{"line 1", "key: value"}},
		"second document":          {given{file: "listen: ':1'\n---\nseed: x"}, []string{"one document"}},
		"no YAML":                  {given{file: "listen: ':1'\nseed: [x"}, []string{"line 2"}},
		"file missing":             {given{args: []string{"--config", "/nowhere/x.yaml"}}, []string{"--config", "SIMFERRY_CONFIG", "/nowhere/x.yaml"}},
		"bad variable":             {given{env: map[string]string{"SIMFERRY_MAX_CONNS": "many"}}, []string{"SIMFERRY_MAX_CONNS", "whole number"}},
		"bad level":                {given{env: map[string]string{"SIMFERRY_LOG_LEVEL": "loud"}}, []string{"SIMFERRY_LOG_LEVEL", "debug, info, warn or error"}},
		"bad flag":                 {given{args: []string{"--shutdown-grace=15"}}, []string{"--shutdown-grace", "with its unit"}},
		"no network":               {given{args: []string{"--trusted-proxies=lan"}}, []string{"--trusted-proxies", `"lan"`, "10.0.0.0/8"}},
		"network with host":        {given{args: []string{"--trusted-proxies=10.0.0.1/8"}}, []string{"10.0.0.0/8"}},
		"network with zone":        {given{args: []string{"--trusted-proxies=fe80::1%eth0"}}, []string{"--trusted-proxies", "remove it"}},
		"network without a client": {given{args: []string{"--trusted-proxies=::ffff:0:0/90"}}, []string{"--trusted-proxies", "match no client"}},
		"database and file":        {given{args: []string{"--database=sqlite:a", "--database-file=b"}}, []string{"--database", "--database-file", "keep one"}},
		"database file gone":       {given{args: []string{"--database-file=/nowhere"}}, []string{"--database-file", "/nowhere"}},
		"database file empty":      {given{args: []string{"--database-file", empty}}, []string{"--database-file", "is empty"}},
		"listen without port":      {given{args: []string{"--listen=localhost"}}, []string{"--listen", "SIMFERRY_LISTEN", "host:port"}},
		"listen bad port":          {given{args: []string{"--listen=:70000"}}, []string{"--listen", "65535"}},
		"unknown engine":           {given{args: []string{"--database=mysql://h"}}, []string{"--database", "sqlite:PATH", "postgres://"}},
		"sqlite without path":      {given{args: []string{"--database=sqlite:"}}, []string{"sqlite:PATH"}},
		"bad URL":                  {given{args: []string{"--database=postgres://u:a%zz@h/db"}}, []string{"--database", "percent"}},
		"log format":               {given{args: []string{"--log-format=xml"}}, []string{"--log-format", "json or text"}},
		"token ttl":                {given{args: []string{"--token-ttl=0s"}}, []string{"--token-ttl", "between 1s and 720h"}},
		"max conns":                {given{args: []string{"--max-conns=1"}}, []string{"--max-conns", "between 2 and 1000"}},
		"public URL":               {given{args: []string{"--public-url=sims.example.com"}}, []string{"--public-url", "https://"}},
		"public URL, query":        {given{args: []string{"--public-url=https://sims.example.com/?a=b"}}, []string{"--public-url", "without a query"}},
		"public URL, dots":         {given{args: []string{"--public-url=https://sims.example.com/a/../b"}}, []string{"--public-url"}},
		"grace":                    {given{args: []string{"--shutdown-grace=-1s"}}, []string{"--shutdown-grace", "between 0s and 5m"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.given)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q:\n%v", part, err)
				}
			}
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	c := config.Default()
	c.Listen, c.LogFormat, c.TokenTTL = "", "", time.Millisecond
	err := c.Validate()
	for _, key := range []string{"listen", "log_format", "token_ttl"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not reported: %v", key, err)
		}
	}
}

// FuzzFile parses settings files: none may cause a panic, and an accepted one must not break
// the rules of Validate.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "listen: ':1'", "trusted_proxies:\n- 10.0.0.0/8\n", "a: &x 1\nb: *x", "? {a: b}\n: c", "listen: |\n  :1\n",
		"<<: {listen: ':1'}", "---\n---\n", "\t", "listen: !!binary aGk=", "null", "{}", "!!map {}", "1: 2", "listen: .nan",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		c, err := load(t, given{file: content})
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("accepted, but invalid: %v", err)
		}
	})
}
