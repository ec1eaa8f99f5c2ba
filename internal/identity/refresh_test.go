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
		t.Errorf("%q is no 256 bits: %v", secret, err)
	}
	if !bytes.Equal(hash, identity.HashSecret(secret)) || len(hash) != 32 {
		t.Error("the hash does not find the secret again")
	}
	if other, _ := identity.NewSecret(); other == secret {
		t.Error("the same secret twice")
	}
}
