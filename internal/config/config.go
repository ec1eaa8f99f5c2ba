package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config holds every setting of one process. It is plain data: read it, copy it, print it; the
// password in Database is never printed.
type Config struct {
	Listen         string      // host:port or unix:PATH that the server listens on; port 0 picks a free one
	Database       DatabaseURL // sqlite:PATH, or postgres://...
	DatabaseFile   string      // file with the database URL; Load reads it into Database
	Seed           string      // world file to apply at start, "" for none
	LogLevel       slog.Level
	LogFormat      string        // json or text
	TokenTTL       time.Duration // how long an auth_token is valid
	RequireMFA     string        // users who must have a second factor: off, administrators or everybody
	ActivationKey  string        // how activation keys reach users without mail: off or inviter
	SMTPURL        string        // smtp://USER@HOST:PORT or smtps://..., "" for no mail
	SMTPPassword   string        // file with the password of the URL's user
	SMTPCA         string        // file with the CA certificates for the mail server, "" for the system's
	MailFrom       string        // the sender of mails
	PublicURL      string        // URL at which clients reach the server, "" for the URL of each request
	ActivationPage string        // URL of the page for activation keys, "" for none
	// DeviceSIMActivate makes POST /api/v1/endpoint activate a SIM unless the request says
	// otherwise.
	DeviceSIMActivate bool
	Console           bool           // serve the web console beside the API
	TrustedProxies    []netip.Prefix // proxies whose X-Forwarded-For is used; empty for none
	OperatorListen    string         // host:port of the operator API, if it has tokens
	OperatorTokens    string         // file with the tokens of the operator API; "" turns it off
	MetricsListen     string         // host:port that serves the metrics without a token; "" for none
	H2C               bool           // accept HTTP/2 without TLS
	TLSCert           string         // file with the certificate of the server, "" for no TLS
	TLSKey            string         // file with its key
	RedirectListen    string         // host:port that redirects to HTTPS; "" for none
	OperatorTLSCert   string         // file with the certificate of the operator's listener, "" for no TLS
	OperatorTLSKey    string         // file with its key
	OperatorClientCA  string         // file with the CA of the clients of the operator's listener; "" if they need no certificate
	RequestTimeout    time.Duration  // how long one request may take
	MaxConns          int            // most connections to PostgreSQL, or readers of SQLite, which has one more for writing
	JobsAtOnce        int            // how many jobs of the installation may run at once
	PrivateGates      bool           // gates of jobs may name private addresses
	OfferReminders    bool           // remind receivers of pending offers by mail
	ShutdownGrace     time.Duration  // how long requests may still run after SIGTERM
	Limits            Limits         // limits per caller and in total
	Version           string         // of the program, shown by the console; not a setting
}

// Values of RequireMFA.
const (
	MFAOff            = "off"
	MFAAdministrators = "administrators"
	MFAEverybody      = "everybody"
)

// Values of ActivationKey.
const (
	KeyOff     = "off"
	KeyInviter = "inviter"
)

// Values of LogFormat.
const (
	LogJSON = "json"
	LogText = "text"
)

// Default returns the configuration without any settings: a server that only this machine can
// reach, with a SQLite database in the current directory.
func Default() Config {
	return Config{
		Listen:            "127.0.0.1:8080",
		Database:          "sqlite:simferry.db",
		LogLevel:          slog.LevelInfo,
		LogFormat:         LogJSON,
		TokenTTL:          240 * time.Minute,
		RequireMFA:        MFAOff,
		ActivationKey:     KeyOff,
		DeviceSIMActivate: true,
		Console:           true,
		OperatorListen:    "127.0.0.1:8081",
		RequestTimeout:    30 * time.Second,
		MaxConns:          16,
		JobsAtOnce:        4,
		OfferReminders:    true,
		ShutdownGrace:     15 * time.Second,
		Limits:            defaultLimits(),
	}
}
