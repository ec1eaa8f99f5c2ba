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
		"listen", "Address and port to listen on, or `unix:PATH` for a socket that the group of the server can use; port 0 picks a free one. The connections of a socket count as those of 127.0.0.1",
		"0.0.0.0:8080", func(c *Config) pflag.Value { return (*text)(&c.Listen) },
	},
	{
		"database", "Database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME` if several servers share one fleet",
		"postgres://simferry@db/simferry", func(c *Config) pflag.Value { return (*databaseURL)(&c.Database) },
	},
	{
		"database_file", "File whose content is the database URL, which keeps its password out of the command line; replaces `database`",
		"/run/secrets/simferry-database", func(c *Config) pflag.Value { return (*text)(&c.DatabaseFile) },
	},
	{
		"seed", "World file to apply at start; applying it again changes nothing",
		"world.yaml", func(c *Config) pflag.Value { return (*text)(&c.Seed) },
	},
	{
		"log_level", "Lowest level that is logged: `debug`, `info`, `warn` or `error`",
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
		"require_mfa", "Users who must have a second factor: `off` (none), `administrators` (of any Workspace) or `everybody`; such a user without one can only add one. Use the same value on every server of a fleet",
		"administrators", func(c *Config) pflag.Value { return (*text)(&c.RequireMFA) },
	},
	{
		"smtp_url", "Mail server for invitations and password resets: `smtp://USER@HOST:587`, with STARTTLS, or `smtps://USER@HOST:465`; `?starttls=off` disables encryption and allows no user. The password belongs in `smtp_password_file`",
		"smtp://simferry@mail.example.com:587", func(c *Config) pflag.Value { return (*text)(&c.SMTPURL) },
	},
	{
		"smtp_password_file", "File whose content is the password of the user in `smtp_url`",
		"/run/secrets/simferry-smtp", func(c *Config) pflag.Value { return (*text)(&c.SMTPPassword) },
	},
	{
		"smtp_ca_file", "PEM file with the CA certificates for the mail server; without it, those of the system",
		"/etc/simferry/mail-ca.pem", func(c *Config) pflag.Value { return (*text)(&c.SMTPCA) },
	},
	{
		"mail_from", "Sender of mails, needed with `smtp_url`",
		"Simferry <simferry@example.com>", func(c *Config) pflag.Value { return (*text)(&c.MailFrom) },
	},
	{
		"activation_page", "URL of the page on which users enter activation keys; without it, that of the console if `public_url` is set. Mails link to it with the key after `#key=`, which browsers do not send to servers",
		"https://fleet.example.com/activate", func(c *Config) pflag.Value { return (*text)(&c.ActivationPage) },
	},
	{
		"activation_key", "What happens to activation keys without `smtp_url`: `off` (invitations are disabled) or `inviter` (the inviter gets the key, and so can open an account for any address: use it only if you trust all Administrators)",
		"inviter", func(c *Config) pflag.Value { return (*text)(&c.ActivationKey) },
	},
	{
		"device_sim_activate_default", "Whether `POST /api/v1/endpoint` activates an Issued SIM if the request does not say so: `true` or `false`",
		"false", func(c *Config) pflag.Value { return (*truth)(&c.DeviceSIMActivate) },
	},
	{
		"public_url", "URL at which clients reach the server, with the path that a proxy adds. `Link`, `Location`, mails, `/docs` and the OpenAPI document contain it; without the setting they contain only paths. Requests may have that path or not. The operator API has a listener of its own, and its `Location` and `Link` are always paths",
		"https://sims.example.com/fleet", func(c *Config) pflag.Value { return (*text)(&c.PublicURL) },
	},
	{
		"console", "Whether the server has the web console, beside the API: `true` or `false`",
		"false", func(c *Config) pflag.Value { return (*truth)(&c.Console) },
	},
	{
		"trusted_proxies", "Networks of the reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted, comma-separated; the file may have a list",
		"10.0.0.0/8,fd00::/8", func(c *Config) pflag.Value { return (*prefixes)(&c.TrustedProxies) },
	},
	{
		"operator_listen", "Address and port, or `unix:PATH`, of the operator API, which has its own listener; it is off without `operator_token_file`",
		"10.0.0.7:8081", func(c *Config) pflag.Value { return (*text)(&c.OperatorListen) },
	},
	{
		"operator_token_file", "File with the tokens of the operator API, one per line, with a name before each; `simferry operator token` makes one. Without it the operator API is off",
		"/run/secrets/simferry-operator", func(c *Config) pflag.Value { return (*text)(&c.OperatorTokens) },
	},
	{
		"metrics_listen", "Address and port, or `unix:PATH`, of a listener that serves only the metrics, at `/metrics`, to anyone who can reach it; without it only the operator's listener has them, for holders of an operator token. Choose an address in a private network",
		"10.0.0.7:9464", func(c *Config) pflag.Value { return (*text)(&c.MetricsListen) },
	},
	{
		"tls_cert_file", "PEM file with the certificate of the server and its intermediate certificates; with it, `listen` serves HTTPS (TLS 1.2 and later). It is read again when it changes. Needs `tls_key_file`",
		"/etc/simferry/tls.pem", func(c *Config) pflag.Value { return (*text)(&c.TLSCert) },
	},
	{
		"tls_key_file", "PEM file with the private key of the certificate in `tls_cert_file`",
		"/etc/simferry/tls.key", func(c *Config) pflag.Value { return (*text)(&c.TLSKey) },
	},
	{
		"h2c", "Whether `listen` accepts HTTP/2 without TLS, from a proxy: `true` or `false`",
		"true", func(c *Config) pflag.Value { return (*truth)(&c.H2C) },
	},
	{
		"redirect_listen", "Address and port of a listener for plain HTTP that redirects browsers to HTTPS, and refuses requests to the API with 403. Needs `tls_cert_file`",
		"0.0.0.0:80", func(c *Config) pflag.Value { return (*text)(&c.RedirectListen) },
	},
	{
		"operator_tls_cert_file", "The same as `tls_cert_file`, for `operator_listen`. Needs `operator_tls_key_file`",
		"/etc/simferry/operator.pem", func(c *Config) pflag.Value { return (*text)(&c.OperatorTLSCert) },
	},
	{
		"operator_tls_key_file", "PEM file with the private key of the certificate in `operator_tls_cert_file`",
		"/etc/simferry/operator.key", func(c *Config) pflag.Value { return (*text)(&c.OperatorTLSKey) },
	},
	{
		"operator_client_ca_file", "PEM file with CA certificates: clients of `operator_listen` then need a certificate of one of them, beside their token. Needs `operator_tls_cert_file`",
		"/etc/simferry/operator-clients.pem", func(c *Config) pflag.Value { return (*text)(&c.OperatorClientCA) },
	},
	{
		"request_timeout", "How long one request may take, between `1s` and `50s`; then the response is 503, and the request has had no effect, unless the result of a commit was lost",
		"10s", func(c *Config) pflag.Value { return (*duration)(&c.RequestTimeout) },
	},
	{
		"max_conns", "Most connections to PostgreSQL, or readers of SQLite, between 2 and 1000",
		"50", func(c *Config) pflag.Value { return (*number)(&c.MaxConns) },
	},
	{
		"jobs_at_once", "How many jobs of the installation may run at once, between 1 and 100; others wait. Use the same value on every server of a fleet",
		"2", func(c *Config) pflag.Value { return (*number)(&c.JobsAtOnce) },
	},
	{
		"gate_private_addresses", "Whether the URL in the gate of a job may lead to a loopback, private or link-local address: `true` or `false`. Users name these URLs, and the server asks them: with `true`, every Administrator can find out what the server's network has",
		"true", func(c *Config) pflag.Value { return (*truth)(&c.PrivateGates) },
	},
	{
		"offer_reminders", "Whether mails remind Administrators of an offer without an answer, at half of its time and an hour before its end: `true` or `false`. Use the same value on every server of a fleet",
		"false", func(c *Config) pflag.Value { return (*truth)(&c.OfferReminders) },
	},
	{
		"shutdown_grace", "How long running requests may continue after SIGTERM, at most `5m`",
		"30s", func(c *Config) pflag.Value { return (*duration)(&c.ShutdownGrace) },
	},
	{
		"memory_limit", "Soft memory limit of the server: a size such as `512MiB`, `auto` (80 % of the container's limit, or 160 MiB without one) or `off`. It collects garbage more often near the limit; no request fails because of it. It does not include SQLite's cache, and `GOMEMLIMIT` has precedence",
		"512MiB", func(c *Config) pflag.Value { return (*text)(&c.Limits.Memory) },
	},
	{
		"max_connections", "Most connections at once. Beyond that, the connection that has been idle for longest is closed",
		"4096", func(c *Config) pflag.Value { return (*number)(&c.Limits.Connections) },
	},
	{
		"max_connections_per_address", "Most connections of one address (with IPv6, of one /64) at once, likewise. `trusted_proxies` are exempt",
		"64", func(c *Config) pflag.Value { return (*number)(&c.Limits.ConnectionsOfAddress) },
	},
	{
		"max_header", "Most bytes of a request's first line and headers, between `4KiB` and `1MiB`; the response to more is 431",
		"16KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.Header) },
	},
	{
		"max_requests_per_caller", "Most requests of one user or application token that run at once. Others wait",
		"16", func(c *Config) pflag.Value { return (*number)(&c.Limits.RequestsOfCaller) },
	},
	{
		"max_requests_per_address", "The same for requests without a valid bearer, such as sign-ins, by address",
		"16", func(c *Config) pflag.Value { return (*number)(&c.Limits.RequestsOfAddress) },
	},
	{
		"max_waiting", "Most requests of one caller or address that wait; the response to one more is 429 with `Retry-After`, as after a wait of ten seconds",
		"256", func(c *Config) pflag.Value { return (*number)(&c.Limits.Waiting) },
	},
	{
		"max_large_requests", "Most large requests (lists of more than 250 items, bodies of more than 4 KiB) that run at once; callers take turns by Workspace. `0`: one less than the number of processors, but at least one",
		"2", func(c *Config) pflag.Value { return (*number)(&c.Limits.LargeRequests) },
	},
	{
		"body_memory", "Most bytes of request bodies in memory, beyond the first 8 KiB of each; the response to a body that does not fit is 503 with `Retry-After`",
		"64MiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyMemory) },
	},
	{
		"body_memory_per_caller", "The same for one caller or address",
		"8MiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyMemoryOfCaller) },
	},
	{
		"max_anonymous_body", "Most bytes of a body without a bearer; such bodies must not be compressed. With a bearer the limit is 1 MiB",
		"4KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.AnonymousBody) },
	},
	{
		"min_body_rate", "Lowest rate at which a body must arrive, in bytes a second, after the first five seconds; the response to a slower one is 400",
		"1KiB", func(c *Config) pflag.Value { return (*size)(&c.Limits.BodyRate) },
	},
	{
		"max_password_hashes", "Most passwords that are hashed at once; addresses take turns. `0`: half the number of processors, but at least one",
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
