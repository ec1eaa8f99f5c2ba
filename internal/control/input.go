package control

import (
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/store"
)

// CheckName refuses a name that is empty, too long, or contains control characters.
func CheckName(field, name string) error {
	if _, err := fleet.ParseName(name); err != nil {
		return fleet.Invalid(field, "%v", err)
	}
	return nil
}

// ParseUsername returns the canonical form of an e-mail address.
func ParseUsername(s string) (string, error) {
	name, err := fleet.ParseUsername(s)
	if err != nil {
		return "", fleet.Invalid("username", "%v", err)
	}
	return name, nil
}

// CheckExpiry refuses an expiry in the past; the zero time stands for never.
func CheckExpiry(tx *store.Tx, field string, expires time.Time) error {
	if expires.IsZero() || expires.After(tx.Now()) {
		return nil
	}
	return fleet.Invalid(field, "%s is in the past: choose a future time", expires.Format(time.RFC3339))
}

// ParseCIDR parses a network or a single address, and returns its canonical form.
func ParseCIDR(field, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	p, err := netaddr.ParseMasked(s)
	if err != nil {
		return "", fleet.Invalid(field, "%s", err)
	}
	return p.String(), nil
}
