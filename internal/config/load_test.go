package config_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"github.com/simferry/simferry/internal/config"
)

// given holds the settings of one test, by source.
type given struct {
	file string
	env  map[string]string
	args []string
}

func load(t *testing.T, g given) (config.Config, error) {
	t.Helper()
	args := g.args
	if g.file != "" {
		args = append([]string{"--config", write(t, "settings.yaml", g.file)}, args...)
	}
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return config.Config{}, err
	}
	return config.Load(fs, func(name string) (string, bool) {
		v, ok := g.env[name]
		return v, ok
	})
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, g given) config.Config {
	t.Helper()
	c, err := load(t, g)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func check(t *testing.T, got, want config.Config) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestNothingSetIsTheDefault(t *testing.T) {
	check(t, mustLoad(t, given{}), config.Default())
}

func TestEverySettingFromEverySource(t *testing.T) {
	want := config.Config{
		Listen: "[::1]:9000", Database: "postgres://u:p@h/db", Seed: "w.yaml",
		LogLevel: slog.LevelDebug, LogFormat: config.LogText, TokenTTL: 90 * time.Minute, RequireMFA: config.MFAEverybody,
		SMTPURL: "smtp://u@mail:587", SMTPPassword: "pw", SMTPCA: "ca.pem", MailFrom: "ferry@example.com", ActivationPage: "https://example.com/a", ActivationKey: config.KeyOff,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")},
		OperatorListen: "[::1]:9001", OperatorTokens: "tokens",
		RequestTimeout: 7 * time.Second, MaxConns: 50, JobsAtOnce: 2, PrivateGates: true, ShutdownGrace: 3 * time.Second,
		Limits: config.Default().Limits,
	}
	sources := map[string]given{
		"file": {file: `
listen: "[::1]:9000"
database: postgres://u:p@h/db
seed: w.yaml
log_level: debug   # a comment
log_format: text
token_ttl: 90m
require_mfa: everybody
smtp_url: smtp://u@mail:587
smtp_password_file: pw
smtp_ca_file: ca.pem
mail_from: ferry@example.com
activation_page: https://example.com/a
activation_key: "off"
device_sim_activate_default: false
console: false
trusted_proxies: [10.0.0.0/8, 192.0.2.7]
operator_listen: "[::1]:9001"
operator_token_file: tokens
request_timeout: 7s
max_conns: 50
jobs_at_once: 2
gate_private_addresses: true
offer_reminders: false
shutdown_grace: 3s
`},
		"environment": {env: map[string]string{
			"SIMFERRY_LISTEN": "[::1]:9000", "SIMFERRY_DATABASE": "postgres://u:p@h/db", "SIMFERRY_SEED": "w.yaml",
			"SIMFERRY_LOG_LEVEL": "debug", "SIMFERRY_LOG_FORMAT": "text", "SIMFERRY_TOKEN_TTL": "90m", "SIMFERRY_REQUIRE_MFA": "everybody",
			"SIMFERRY_SMTP_URL": "smtp://u@mail:587", "SIMFERRY_SMTP_PASSWORD_FILE": "pw", "SIMFERRY_SMTP_CA_FILE": "ca.pem",
			"SIMFERRY_MAIL_FROM": "ferry@example.com", "SIMFERRY_ACTIVATION_PAGE": "https://example.com/a", "SIMFERRY_ACTIVATION_KEY": "off",
			"SIMFERRY_DEVICE_SIM_ACTIVATE_DEFAULT": "false", "SIMFERRY_CONSOLE": "false",
			"SIMFERRY_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7", "SIMFERRY_REQUEST_TIMEOUT": "7s", "SIMFERRY_MAX_CONNS": "50", "SIMFERRY_JOBS_AT_ONCE": "2", "SIMFERRY_GATE_PRIVATE_ADDRESSES": "true", "SIMFERRY_OFFER_REMINDERS": "false", "SIMFERRY_SHUTDOWN_GRACE": "3s",
			"SIMFERRY_OPERATOR_LISTEN": "[::1]:9001", "SIMFERRY_OPERATOR_TOKEN_FILE": "tokens",
		}},
		"flags": {args: []string{
			"--listen=[::1]:9000", "--database=postgres://u:p@h/db", "--seed=w.yaml", "--log-level=debug", "--log-format=text",
			"--token-ttl=90m", "--require-mfa=everybody", "--trusted-proxies=10.0.0.0/8,192.0.2.7", "--request-timeout=7s", "--max-conns=50", "--jobs-at-once=2", "--gate-private-addresses=true", "--offer-reminders=false", "--shutdown-grace=3s",
			"--smtp-url=smtp://u@mail:587", "--smtp-password-file=pw", "--smtp-ca-file=ca.pem", "--mail-from=ferry@example.com",
			"--activation-page=https://example.com/a", "--activation-key=off",
			"--device-sim-activate-default=false", "--console=false",
			"--operator-listen=[::1]:9001", "--operator-token-file=tokens",
		}},
	}
	for name, g := range sources {
		t.Run(name, func(t *testing.T) { check(t, mustLoad(t, g), want) })
	}
}

func TestPrecedence(t *testing.T) {
	env := map[string]string{"SIMFERRY_LISTEN": ":2", "SIMFERRY_MAX_CONNS": "20", "SIMFERRY_SEED": ""}
	got := mustLoad(t, given{
		file: "listen: ':1'\nmax_conns: 10\ntoken_ttl: 10m\nseed: kept.yaml",
		env:  env,
		args: []string{"--listen=:3"},
	})
	want := config.Default()
	want.Listen, want.MaxConns, want.TokenTTL, want.Seed = ":3", 20, 10*time.Minute, "kept.yaml"
	check(t, got, want)
}

func TestTheFileMayBeNamedInTheEnvironment(t *testing.T) {
	weak, strong := write(t, "weak.yaml", "listen: ':1'"), write(t, "strong.yaml", "listen: ':2'")
	env := map[string]string{"SIMFERRY_CONFIG": weak}
	if got := mustLoad(t, given{env: env}).Listen; got != ":1" {
		t.Errorf("from the variable's file: %q", got)
	}
	if got := mustLoad(t, given{env: env, args: []string{"--config", strong}}).Listen; got != ":2" {
		t.Errorf("the flag's file must win: %q", got)
	}
}

func TestCommandsShowSomeFlags(t *testing.T) {
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(fs, "database", "database_file")
	if fs.Lookup("database-file") == nil || fs.Lookup("config") == nil {
		t.Error("the flags that were asked for are missing")
	}
	if fs.Lookup("listen") != nil {
		t.Error("--listen was not asked for")
	}
	if err := fs.Parse([]string{"--database=sqlite:x.db"}); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(fs, func(string) (string, bool) { return "", false })
	if err != nil || c.Database != "sqlite:x.db" {
		t.Errorf("got %v, %v", c.Database, err)
	}
}

func TestDatabaseFile(t *testing.T) {
	file := write(t, "url", "postgres://u:secret@h/db\n")
	const fromFile, other = config.DatabaseURL("postgres://u:secret@h/db"), config.DatabaseURL("sqlite:other.db")
	tests := map[string]struct {
		given given
		want  config.DatabaseURL
	}{
		"flag":                         {given{args: []string{"--database-file", file}}, fromFile},
		"variable":                     {given{env: map[string]string{"SIMFERRY_DATABASE_FILE": file}}, fromFile},
		"stronger than a plain URL":    {given{file: "database: sqlite:other.db", args: []string{"--database-file", file}}, fromFile},
		"weaker than a plain URL":      {given{env: map[string]string{"SIMFERRY_DATABASE_FILE": file}, args: []string{"--database=sqlite:other.db"}}, other},
		"weaker, and its file missing": {given{file: "database_file: /nowhere", args: []string{"--database=sqlite:other.db"}}, other},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mustLoad(t, tt.given).Database; got != tt.want {
				t.Errorf("got %q, want %q", string(got), string(tt.want))
			}
		})
	}
}
