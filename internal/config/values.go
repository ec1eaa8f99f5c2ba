package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/netaddr"
)

// The kinds of value, each a pflag.Value over a field of Config. Errors of Set describe the
// expected form; the caller adds the name of the setting.

type text string

func (v *text) String() string     { return string(*v) }
func (v *text) Set(s string) error { *v = text(s); return nil }
func (v *text) Type() string       { return "string" }

type number int

func (v *number) String() string { return strconv.Itoa(int(*v)) }
func (v *number) Type() string   { return "int" }
func (v *number) Set(s string) error {
	n, err := strconv.Atoi(s)
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("is too large (%w)", strconv.ErrRange)
	}
	if err != nil {
		return errors.New("must be a whole number")
	}
	*v = number(n)
	return nil
}

type truth bool

func (v *truth) String() string { return strconv.FormatBool(bool(*v)) }
func (v *truth) Type() string   { return "bool" }
func (v *truth) Set(s string) error {
	switch s {
	case "true", "false":
		*v = s == "true"
		return nil
	}
	return errors.New("must be true or false")
}

type duration time.Duration

func (v *duration) Type() string { return "duration" }
func (v *duration) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("must be a duration with its unit, such as 90s, 15m or 4h")
	}
	*v = duration(d)
	return nil
}

// String omits the zero units that time.Duration writes: 4h, not 4h0m0s.
func (v *duration) String() string {
	s := time.Duration(*v).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

type level slog.Level

func (v *level) String() string { return strings.ToLower(slog.Level(*v).String()) }
func (v *level) Type() string   { return "level" }
func (v *level) Set(s string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	l, ok := levels[strings.ToLower(s)]
	if !ok {
		return errors.New("must be debug, info, warn or error")
	}
	*v = level(l)
	return nil
}

type prefixes []netip.Prefix

func (v *prefixes) Type() string { return "networks" }
func (v *prefixes) String() string {
	list := make([]string, len(*v))
	for i, p := range *v {
		list[i] = p.String()
	}
	return strings.Join(list, ",")
}

func (v *prefixes) Set(s string) error {
	list := prefixes{}
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		p, err := netaddr.ParseMasked(item)
		if err != nil {
			return err
		}
		list = append(list, p)
	}
	*v = list
	return nil
}
