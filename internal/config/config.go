package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is every setting of one process. It is plain data: read it, copy it, print it;
// a password in Database does not appear in print.
type Config struct {
	Listen         string      // host:port that the server listens on; port 0 lets the system choose
	Database       DatabaseURL // sqlite:PATH, or postgres://...
	DatabaseFile   string      // file that holds the database URL; read by Load into Database
	Seed           string      // world file to apply at start, "" for none
	LogLevel       slog.Level
	LogFormat      string        // json or text
	TokenTTL       time.Duration // how long an auth_token is valid
	RequireMFA     string        // who must have a second factor: off, administrators or everybody
	ActivationKey  string        // how activation keys reach people without mail: off or inviter
	SMTPURL        string        // smtp://USER@HOST:PORT or smtps://..., "" for no mail
	SMTPPassword   string        // file that holds the password of the URL's user
	SMTPCA         string        // file with the certificates that the mail server's is signed with, "" for the system's
	MailFrom       string        // the sender of mails
	PublicURL      string        // URL at which clients reach the server, "" for where they asked
	ActivationPage string        // URL of the page for activation keys, "" for none
	// DeviceSIMActivate has POST /api/v1/endpoint activate a SIM unless the request says otherwise.
	DeviceSIMActivate bool
	TrustedProxies    []netip.Prefix // whose X-Forwarded-For is believed; empty believes nobody
	OperatorListen    string         // host:port that the operator API listens on, where there are tokens for it
	OperatorTokens    string         // file with the tokens of the operator API; "" keeps it off
	RequestTimeout    time.Duration  // how long one request may take
	MaxConns          int            // most connections to PostgreSQL, or readers of SQLite, which has one writer besides
	ShutdownGrace     time.Duration  // how long requests may run on after SIGTERM
	Limits            Limits         // what one caller can take
}

// Who must have a second factor.
const (
	MFAOff            = "off"
	MFAAdministrators = "administrators"
	MFAEverybody      = "everybody"
)

// How activation keys reach people where no mail is sent.
const (
	KeyOff     = "off"
	KeyInviter = "inviter"
)

// The formats of the log.
const (
	LogJSON = "json"
	LogText = "text"
)

// Default is the configuration where nothing is set: a server for this machine only, on
// an embedded database in the current directory.
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
		OperatorListen:    "127.0.0.1:8081",
		RequestTimeout:    30 * time.Second,
		MaxConns:          16,
		ShutdownGrace:     15 * time.Second,
		Limits:            defaultLimits(),
	}
}
