package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params is the cost of one password hash.
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes over the memory
	Threads uint8
}

// DefaultParams is the recommendation of OWASP for Argon2id: 19 MiB, two passes, one thread.
var DefaultParams = Params{Memory: 19 * 1024, Time: 2, Threads: 1}

// Upper bounds for stored strings. A manipulated row must not be able to use all memory or keep
// a processor busy for minutes.
const (
	maxMemory  = 128 * 1024 // KiB
	maxTime    = 8
	maxThreads = 16
	saltBytes  = 16
	keyBytes   = 32
	maxBlob    = 64 // bytes of salt or key
)

var errNotPHC = errors.New("stored password hash is not an Argon2id string")

// check returns why the parameters are invalid, or nil.
func (p Params) check() error {
	switch {
	case p.Time < 1 || p.Time > maxTime:
		return fmt.Errorf("argon2id: t=%d is not in 1..%d", p.Time, maxTime)
	case p.Threads < 1 || p.Threads > maxThreads:
		return fmt.Errorf("argon2id: p=%d is not in 1..%d", p.Threads, maxThreads)
	case p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
		return fmt.Errorf("argon2id: m=%d is not in %d..%d", p.Memory, 8*p.Threads, maxMemory)
	}
	return nil
}

// hashed is a parsed password hash.
type hashed struct {
	Params
	salt, key []byte
}

// String returns the PHC string format, which other Argon2 programs can read.
func (h hashed) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.Memory, h.Time, h.Threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// parseHashed accepts only the output of String. Its errors never repeat the string, because
// they are logged.
func parseHashed(stored string) (hashed, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return hashed{}, errNotPHC
	}
	params, err := parseParams(parts[3])
	if err != nil {
		return hashed{}, err
	}
	salt, saltErr := parseBlob(parts[4], 8)
	key, keyErr := parseBlob(parts[5], 16)
	h := hashed{params, salt, key}
	if saltErr != nil || keyErr != nil || h.String() != stored {
		return hashed{}, errNotPHC
	}
	return h, nil
}

func parseParams(s string) (Params, error) {
	fields := strings.Split(s, ",")
	if len(fields) != 3 {
		return Params{}, errNotPHC
	}
	var values [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(fields[i], name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil {
			return Params{}, errNotPHC
		}
		values[i] = uint32(n)
	}
	if values[2] > maxThreads {
		return Params{}, fmt.Errorf("argon2id: p=%d is not in 1..%d", values[2], maxThreads)
	}
	p := Params{Memory: values[0], Time: values[1], Threads: uint8(values[2])}
	return p, p.check()
}

func parseBlob(s string, least int) ([]byte, error) {
	if len(s) > base64.RawStdEncoding.EncodedLen(maxBlob) {
		return nil, errNotPHC
	}
	blob, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || len(blob) < least {
		return nil, errNotPHC
	}
	return blob, nil
}
