package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits restricts what one caller can use at the expense of others. For a count, 0 means that
// the server chooses by the number of processors.
type Limits struct {
	Memory               string // soft memory limit: auto, off, or a size
	Connections          int    // most connections at once
	ConnectionsOfAddress int    // most connections of one address
	Header               int64  // most bytes of a request's headers
	RequestsOfCaller     int    // most requests of one user or application token at once
	RequestsOfAddress    int    // most requests without a bearer of one address at once
	Waiting              int    // most requests of either that wait
	LargeRequests        int    // most large requests that run at once
	BodyMemory           int64  // most bytes of bodies in memory
	BodyMemoryOfCaller   int64  // the same for one user, application token or address
	AnonymousBody        int64  // most bytes of a body without a bearer
	BodyRate             int64  // slowest rate at which a body may arrive, in bytes per second
	PasswordWorkers      int    // most passwords that are hashed at once
}

// Values of memory_limit that are not sizes.
const (
	MemoryAuto = "auto"
	MemoryOff  = "off"
)

func defaultLimits() Limits {
	return Limits{
		Memory: MemoryAuto, Connections: 1024, ConnectionsOfAddress: 256, Header: 32 << 10,
		RequestsOfCaller: 8, RequestsOfAddress: 8, Waiting: 64,
		BodyMemory: 24 << 20, BodyMemoryOfCaller: 4 << 20, AnonymousBody: 8 << 10, BodyRate: 4 << 10,
	}
}

// check returns the invalid limits, by key.
func (l Limits) check() map[string]error {
	return map[string]error{
		"memory_limit":                checkMemory(l.Memory),
		"max_connections":             between(l.Connections, 16, 100_000),
		"max_connections_per_address": between(l.ConnectionsOfAddress, 4, 100_000),
		"max_header":                  sizeBetween(l.Header, 4<<10, 1<<20),
		"max_requests_per_caller":     between(l.RequestsOfCaller, 1, 1000),
		"max_requests_per_address":    between(l.RequestsOfAddress, 1, 1000),
		"max_waiting":                 between(l.Waiting, 1, 10_000),
		"max_large_requests":          between(l.LargeRequests, 0, 1000),
		"body_memory":                 sizeBetween(l.BodyMemory, 2<<20, 1<<40),
		"body_memory_per_caller":      sizeBetween(l.BodyMemoryOfCaller, 2<<20, l.BodyMemory),
		"max_anonymous_body":          sizeBetween(l.AnonymousBody, 1<<10, 1<<20),
		"min_body_rate":               sizeBetween(l.BodyRate, 1, 1<<20),
		"max_password_hashes":         between(l.PasswordWorkers, 0, 1000),
	}
}

func checkMemory(s string) error {
	if s == MemoryAuto || s == MemoryOff {
		return nil
	}
	n, err := ParseSize(s)
	if err != nil || n < 64<<20 {
		return errors.New("must be auto, off, or a size of at least 64MiB, such as 512MiB")
	}
	return nil
}

func sizeBetween(value, least, most int64) error {
	if value < least || value > most {
		return fmt.Errorf("must be between %s and %s", FormatSize(least), FormatSize(most))
	}
	return nil
}

// sizeUnits lists the units of sizes, the largest first.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// ParseSize parses a number of bytes with its unit: B, KiB, MiB or GiB.
func ParseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
		if err != nil || n < 0 {
			break
		}
		return n * u.bytes, nil
	}
	return 0, errors.New("must be a size with its unit, such as 8KiB, 512MiB or 2GiB")
}

// FormatSize formats a number of bytes in the largest unit that needs no fraction.
func FormatSize(n int64) string {
	for _, u := range sizeUnits {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

type size int64

func (v *size) String() string { return FormatSize(int64(*v)) }
func (v *size) Type() string   { return "size" }
func (v *size) Set(s string) error {
	n, err := ParseSize(s)
	if err == nil {
		*v = size(n)
	}
	return err
}
