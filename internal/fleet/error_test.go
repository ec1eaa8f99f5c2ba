package fleet_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestErrorHelpers(t *testing.T) {
	for _, test := range []struct {
		name, field, says string
		err               *fleet.Error
		code              fleet.Code
	}{
		{"Errorf", "", "no 7", fleet.Errorf(fleet.Duplicated, "no %d", 7), 1405},
		{"Invalid", "dry_run", "dry_run: only true or false", fleet.Invalid("dry_run", "only %v or %v", true, false), 1000},
		{"Missing", "", "sim with id 250 not found", fleet.Missing("sim", fleet.SIMID(250)), 1201},
	} {
		if test.err.Code != test.code || test.err.Field != test.field || test.err.Error() != test.says {
			t.Errorf("%s: code %d, field %q, message %q", test.name, test.err.Code, test.err.Field, test.err)
		}
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	err := fleet.Errorf(fleet.Unavailable, "the database is away")
	err.Err = io.ErrUnexpectedEOF
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "the database is away: unexpected EOF" {
		t.Errorf("error %q does not hold its cause", err)
	}
	if err.Message != "the database is away" {
		t.Errorf("the caller would get %q", err.Message)
	}
}

func TestCodeOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		want fleet.Code
	}{
		{nil, 0},
		{io.EOF, 0},
		{fleet.Missing("sim", 1), fleet.NotFound},
		{fmt.Errorf("while reading: %w", fleet.Missing("sim", 1)), fleet.NotFound},
	} {
		if got := fleet.CodeOf(test.err); got != test.want {
			t.Errorf("CodeOf(%v) = %d, want %d", test.err, got, test.want)
		}
	}
}
