package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// setting is one row of the table. value binds it to its field of a Config: its String method
// returns the text form, Set parses it.
type setting struct {
	key     string // in the file; the names of the flag and the variable are derived from it
	usage   string
	example string
	value   func(*Config) pflag.Value
}

// flag returns the setting's name on the command line.
func (s setting) flag() string { return strings.ReplaceAll(s.key, "_", "-") }

// env returns the setting's name in the environment.
func (s setting) env() string { return "SIMFERRY_" + strings.ToUpper(s.key) }

// help returns the usage for the command line. It removes quotes, because pflag would use a
// quoted word as the name of the value.
func (s setting) help() string {
	return strings.ReplaceAll(s.usage, "`", "") + " (also " + s.env() + ")"
}

// cited names the setting in every spelling, for messages.
func (s setting) cited() string {
	return s.key + " (--" + s.flag() + ", " + s.env() + ")"
}

// settings is the closed list, in the order of the reference page.
var settings = []setting{
	{
		"listen", "Address and port to listen on; port 0 takes a free one",
		"0.0.0.0:8080", func(c *Config) pflag.Value { return (*text)(&c.Listen) },
	},
	{
		"database", "Database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME` where several servers share one fleet",
		"postgres://simferry@db/simferry", func(c *Config) pflag.Value { return (*databaseURL)(&c.Database) },
	},
	{
		"database_file", "File whose content is the database URL, so that its password stands in no command line; instead of `database`",
		"/run/secrets/simferry-database", func(c *Config) pflag.Value { return (*text)(&c.DatabaseFile) },
	},
	{
		"seed", "World file to apply at start; applying it again changes nothing",
		"world.yaml", func(c *Config) pflag.Value { return (*text)(&c.Seed) },
	},
	{
		"log_level", "Least level that is logged: `debug`, `info`, `warn` or `error`",
		"debug", func(c *Config) pflag.Value { return (*level)(&c.LogLevel) },
	},
	{
		"log_format", "Format of the log on standard error: `json` or `text`",
		"text", func(c *Config) pflag.Value { return (*text)(&c.LogFormat) },
	},
	{
		"token_ttl", "How long an `auth_token` is valid, between `1s` and `720h`",
		"60m", func(c *Config) pflag.Value { return (*duration)(&c.TokenTTL) },
	},
	{
		"require_mfa", "Who must have a second factor: `off` (nobody), `administrators` (of any Workspace) or `everybody`; who must and has none can only add one. Give every server of a fleet the same",
		"administrators", func(c *Config) pflag.Value { return (*text)(&c.RequireMFA) },
	},
	{
		"smtp_url", "Mail server for invitations and password resets: `smtp://USER@HOST:587`, with STARTTLS, or `smtps://USER@HOST:465`; `?starttls=off` sends in the clear and takes no user. No password in it: that is in `smtp_password_file`",
		"smtp://simferry@mail.example.com:587", func(c *Config) pflag.Value { return (*text)(&c.SMTPURL) },
	},
	{
		"smtp_password_file", "File whose content is the password of the user in `smtp_url`",
		"/run/secrets/simferry-smtp", func(c *Config) pflag.Value { return (*text)(&c.SMTPPassword) },
	},
	{
		"smtp_ca_file", "File with the certificates, in PEM, that the mail server's is signed with; those of the system where absent",
		"/etc/simferry/mail-ca.pem", func(c *Config) pflag.Value { return (*text)(&c.SMTPCA) },
	},
	{
		"mail_from", "Sender of mails, needed with `smtp_url`",
		"Simferry <simferry@example.com>", func(c *Config) pflag.Value { return (*text)(&c.MailFrom) },
	},
	{
		"activation_page", "Page of yours on which people use activation keys; mails link to it, the key behind `#key=`, where no server on the way sees it",
		"https://fleet.example.com/activate", func(c *Config) pflag.Value { return (*text)(&c.ActivationPage) },
	},
	{
		"activation_key", "What happens to activation keys without `smtp_url`: `off` (nobody can be invited) or `inviter` (who invites is shown the key, and can so open an account for any address: only where all Administrators are trusted)",
		"inviter", func(c *Config) pflag.Value { return (*text)(&c.ActivationKey) },
	},
	{
		"device_sim_activate_default", "Whether `POST /api/v1/endpoint` activates an Issued SIM if the request does not say: `true` or `false`",
		"false", func(c *Config) pflag.Value { return (*truth)(&c.DeviceSIMActivate) },
	},
	{
		"public_url", "URL at which clients reach the server, with the path that a proxy puts before it. `Link`, `Location`, mails, `/docs` and the OpenAPI document have it; without it they have paths alone. Requests may come with that path or without",
		"https://sims.example.com/fleet", func(c *Config) pflag.Value { return (*text)(&c.PublicURL) },
	},
	{
		"trusted_proxies", "Networks of the reverse proxies whose `X-Forwarded-For` is believed, comma-separated; in the file also a list",
		"10.0.0.0/8,fd00::/8", func(c *Config) pflag.Value { return (*prefixes)(&c.TrustedProxies) },
	},
	{
		"operator_listen", "Address and port of the operator API, which is a listener of its own; it is off without `operator_token_file`",
		"10.0.0.7:8081", func(c *Config) pflag.Value { return (*text)(&c.OperatorListen) },
	},
	{
		"operator_token_file", "File with the tokens of the operator API, one per line, with a name before each; `simferry operator token` makes one. Without it the operator API is off",
		"/run/secrets/simferry-operator", func(c *Config) pflag.Value { return (*text)(&c.OperatorTokens) },
	},
	{
		"request_timeout", "How long one request may take, between `1s` and `50s`; then it is answered with 503, and nothing of it has happened but where the answer to a commit was lost",
		"10s", func(c *Config) pflag.Value { return (*duration)(&c.RequestTimeout) },
	},
	{
		"max_conns", "Most connections to PostgreSQL, or readers of SQLite, between 2 and 1000",
		"50", func(c *Config) pflag.Value { return (*number)(&c.MaxConns) },
	},
	{
		"shutdown_grace", "How long requests that are running may go on after SIGTERM, at most `5m`",
		"30s", func(c *Config) pflag.Value { return (*duration)(&c.ShutdownGrace) },
	},
	{
		"memory_limit", "How much memory the server tries to stay below: a size such as `512MiB`, `auto` (80 % of the container's limit, and 176 MiB without one) or `off`. It collects garbage more often near the limit; nothing fails because of it. The cache of SQLite is not part of it, and `GOMEMLIMIT` has precedence",
		"512MiB", func(c *Config) pflag.Value { return (*text)(&c.Limits.Memory) },
	},
	{
		"max_connections", "Most connections at once. For one more, the connection that has been idle for longest is closed",
		"4096", func(c *Config) pflag.Value { return (*number)(&c.Limits.Connections) },
	},
	{
		"max_connections_per_address", "Most connections of one address (with IPv6, of one /64) at once, in the same way. `trusted_proxies` are exempt",
		"64", func(c *Config) pflag.Value { return (*number)(&c.Limits.ConnectionsOfAddress) },
	},
	{
		"max_header", "Most bytes of a request's first line and headers, between `4KiB` and `1MiB`; more is answered with 431",
		"16KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.Header) },
	},
	{
		"max_requests_per_caller", "Most requests of one user or application token that are worked on at once. The others wait their turn",
		"16", func(c *Config) pflag.Value { return (*number)(&c.Limits.RequestsOfCaller) },
	},
	{
		"max_requests_per_address", "The same for requests without a valid bearer, such as sign-ins, by address",
		"16", func(c *Config) pflag.Value { return (*number)(&c.Limits.RequestsOfAddress) },
	},
	{
		"max_waiting", "Most requests of one caller or address that wait; one more is answered with 429 and `Retry-After`, as is one that has waited for ten seconds",
		"256", func(c *Config) pflag.Value { return (*number)(&c.Limits.Waiting) },
	},
	{
		"max_large_requests", "Most large requests (lists of more than 250 items, bodies of more than 4 KiB) that are worked on at once; callers take turns by Workspace. `0`: one less than there are processors, but at least one",
		"2", func(c *Config) pflag.Value { return (*number)(&c.Limits.LargeRequests) },
	},
	{
		"body_memory", "Most bytes of request bodies in memory, beyond the first 8 KiB of each; a body that does not fit is answered with 503 and `Retry-After`",
		"64MiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyMemory) },
	},
	{
		"body_memory_per_caller", "The same for one caller or address",
		"8MiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyMemoryOfCaller) },
	},
	{
		"max_anonymous_body", "Most bytes of a body that comes without a bearer; such bodies must not be compressed. With a bearer it is 1 MiB",
		"4KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.AnonymousBody) },
	},
	{
		"min_body_rate", "Least bytes a second at which a body must arrive, after a start of five seconds; a slower one is answered with 400",
		"1KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyRate) },
	},
	{
		"max_password_hashes", "Most passwords that are hashed at once; addresses take turns. `0`: half as many as there are processors, but at least one",
		"2", func(c *Config) pflag.Value { return (*number)(&c.Limits.PasswordWorkers) },
	},
}

// find looks a setting up by its key.
func find(key string) (setting, bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

// cite names a setting of the table in every spelling.
func cite(key string) string {
	s, _ := find(key)
	return s.cited()
}
