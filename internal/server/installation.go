package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Installation is an open database with the rules over it: what the server and the
// operator's commands have in common.
type Installation struct {
	Control  *control.Control
	Operator control.Operator
	store    *store.Store
}

// Open opens the database that the configuration names, and brings its schema up to date.
// It refuses a database of a newer schema. Close it when done.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (*Installation, error) {
	return open(ctx, cfg, log, nil)
}

// open is Open; steps takes a line for each schema step, if it is not nil. Only a server has it:
// commands print what they do.
func open(ctx context.Context, cfg config.Config, log, steps *slog.Logger) (*Installation, error) {
	o := storeOptions(cfg)
	o.Log = steps
	s, err := store.Open(ctx, string(cfg.Database), o)
	if err != nil {
		return nil, err
	}
	c, err := control.New(ctx, s, control.Options{
		TokenTTL: cfg.TokenTTL, PasswordWorkers: cfg.Limits.PasswordWorkers, RequireMFA: demands[cfg.RequireMFA], Deliver: delivery(cfg), Log: log,
		KeepSIMsIssued: !cfg.DeviceSIMActivate,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Installation{c, c.Operator(), s}, nil
}

// delivery is how activation keys get to people.
func delivery(cfg config.Config) control.Delivery {
	switch {
	case cfg.SMTPURL != "":
		return control.DeliverByMail
	case cfg.ActivationKey == config.KeyInviter:
		return control.DeliverToInviter
	}
	return control.DeliverNot
}

// demands are the values of the setting require_mfa.
var demands = map[string]control.FactorDemand{
	config.MFAOff: control.DemandNone, config.MFAAdministrators: control.DemandAdministrators, config.MFAEverybody: control.DemandEverybody,
}

// storeOptions leaves the pool of readers that SQLite has to the store: the setting is
// about a database that others use as well.
func storeOptions(cfg config.Config) store.Options {
	o := store.Options{CompareClock: true}
	if !strings.HasPrefix(string(cfg.Database), "sqlite:") {
		o.MaxConns = cfg.MaxConns
	}
	return o
}

// Close waits for running transactions and closes the database.
func (in *Installation) Close() error { return in.store.Close() }

// FileError is what is wrong with a file that the operator named.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Seed applies a world file, which changes nothing where that has been done before.
// Errors: *FileError for what is wrong with the file, itself or beside the database.
func (in *Installation) Seed(ctx context.Context, file string) (done control.Applied, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return done, err
	}
	defer func() { _ = f.Close() }() // it was only read
	w, err := world.Parse(f)
	if err == nil {
		done, err = in.Operator.ApplyWorld(ctx, w)
	}
	if err != nil {
		return done, &FileError{file, err}
	}
	return done, nil
}
