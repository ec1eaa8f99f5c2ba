package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError describes a wrong flag in the terms of the command line.
func flagError(cmd *cobra.Command, err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("%s", badValue(bad))
	}
	if none, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := "--" + none.GetSpecifiedName()
		if none.GetSpecifiedShortnames() != "" {
			name = "-" + none.GetSpecifiedName()
		}
		return usagef("%s has no flag %s", cmd.CommandPath(), name)
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("--%s needs a value", bare.GetFlag().Name)
	}
	if bad, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return usagef("%s is not a flag: flags look like --name or --name=value", bad.GetSpecifiedFlag())
	}
	return &usageError{err}
}

// badValue names the flag, what it takes, and what was given.
func badValue(e *pflag.InvalidValueError) string {
	f := e.GetFlag()
	if errors.Is(e, strconv.ErrRange) {
		return fmt.Sprintf("--%s: %s is out of range", f.Name, e.GetValue())
	}
	var right string
	switch f.Value.Type() {
	case "int", "int32", "int64":
		right = "a whole number"
	case "uint", "uint16", "uint32", "uint64":
		right = "a whole number, 0 or more"
	case "intSlice", "int64Slice":
		right = "whole numbers, separated by commas"
	case "duration":
		right = "a duration, such as 30s or 5m"
	case "bool":
		right = "true or false"
	case "float64":
		right = "a number"
	default:
		reason := fmt.Sprint(errors.Unwrap(e))
		if strings.Contains(reason, strconv.Quote(e.GetValue())) {
			return fmt.Sprintf("--%s: %s", f.Name, reason)
		}
		return fmt.Sprintf("--%s: %s, not %q", f.Name, reason, e.GetValue())
	}
	return fmt.Sprintf("--%s: must be %s, not %q", f.Name, right, e.GetValue())
}

var flagGroup = regexp.MustCompile(`^if any flags in the group \[[^]]*\] are set none of the others can be; \[([^]]*)\] were all set$`)

// exclusive words cobra's error about flags that exclude one another, and leaves every
// other error as it is.
func exclusive(err error) error {
	m := flagGroup.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	return usagef("--%s cannot be used together", strings.Join(strings.Fields(m[1]), " and --"))
}
