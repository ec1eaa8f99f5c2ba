package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/egress"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Installation is an open database with the rules over it. The server and the operator's
// commands share it.
type Installation struct {
	Control  *control.Control
	Operator operator.Operator
	store    *store.Store
}

// Open opens the database in the configuration and updates its schema. It refuses a newer
// schema. The caller must close the Installation.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (*Installation, error) {
	return open(ctx, cfg, log, nil)
}

// open does what Open does, and logs each schema step if steps is not nil. Only a server logs them:
// commands print their results.
func open(ctx context.Context, cfg config.Config, log, steps *slog.Logger) (*Installation, error) {
	o := storeOptions(cfg)
	o.Log = steps
	s, err := store.Open(ctx, string(cfg.Database), o)
	if err != nil {
		return nil, err
	}
	c, err := control.New(ctx, s, control.Options{
		TokenTTL: cfg.TokenTTL, PasswordWorkers: cfg.Limits.PasswordWorkers, RequireMFA: demands[cfg.RequireMFA], Deliver: delivery(cfg), Log: log,
		KeepSIMsIssued: !cfg.DeviceSIMActivate, JobsAtOnce: cfg.JobsAtOnce, Gates: egress.New(cfg.PrivateGates),
		TerminalPage: terminalPage(cfg), NoReminders: !cfg.OfferReminders,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Installation{c, operator.New(c), s}, nil
}

// delivery returns how activation keys reach users.
func delivery(cfg config.Config) control.Delivery {
	switch {
	case cfg.SMTPURL != "":
		return control.DeliverByMail
	case cfg.ActivationKey == config.KeyInviter:
		return control.DeliverToInviter
	}
	return control.DeliverNot
}

// demands maps the values of the setting require_mfa.
var demands = map[string]control.FactorDemand{
	config.MFAOff: control.DemandNone, config.MFAAdministrators: control.DemandAdministrators, config.MFAEverybody: control.DemandEverybody,
}

// storeOptions sets the pool size for PostgreSQL only: the setting is about a shared database,
// and the store chooses the number of SQLite readers itself.
func storeOptions(cfg config.Config) store.Options {
	o := store.Options{CompareClock: true}
	if !strings.HasPrefix(string(cfg.Database), "sqlite:") {
		o.MaxConns = cfg.MaxConns
	}
	return o
}

// Close waits for running transactions and closes the database.
func (in *Installation) Close() error { return in.store.Close() }

// FileError is an error in a file that the operator named.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Seed applies a world file. To apply it again changes nothing. Errors: *FileError if the file
// is invalid, alone or together with the database.
func (in *Installation) Seed(ctx context.Context, file string) (done operator.Applied, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return done, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	w, err := world.Parse(f)
	if err == nil {
		done, err = in.Operator.ApplyWorld(ctx, w)
	}
	if err != nil {
		return done, &FileError{file, err}
	}
	return done, nil
}
