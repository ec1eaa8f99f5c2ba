package identity_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/simferry/simferry/internal/identity"
)

func TestNewSecret(t *testing.T) {
	secret, hash := identity.NewSecret()
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != 32 {
		t.Errorf("%q does not have 256 bits: %v", secret, err)
	}
	if !bytes.Equal(hash, identity.HashSecret(secret)) || len(hash) != 32 {
		t.Error("the hash does not find the secret again")
	}
	if other, _ := identity.NewSecret(); other == secret {
		t.Error("the same secret twice")
	}
}

func TestDeriveSecret(t *testing.T) {
	key, secret := identity.NewSecretKey(), "secret"
	derived, hash := identity.DeriveSecret(key, secret)
	raw, err := base64.RawURLEncoding.DecodeString(derived)
	if err != nil || len(raw) != 32 || !bytes.Equal(hash, identity.HashSecret(derived)) {
		t.Errorf("%q is not a secret of 256 bits: %v", derived, err)
	}
	if again, _ := identity.DeriveSecret(key, secret); again != derived {
		t.Error("the same key and secret yield two secrets")
	}
	for what, other := range map[string]func() (string, []byte){
		"key":    func() (string, []byte) { return identity.DeriveSecret(identity.NewSecretKey(), secret) },
		"secret": func() (string, []byte) { return identity.DeriveSecret(key, "other") },
	} {
		if got, _ := other(); got == derived {
			t.Errorf("another %s yields the same secret", what)
		}
	}
}
