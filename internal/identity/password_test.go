package identity_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// cheap makes hashing fast.
var cheap = identity.Params{Memory: 8, Time: 1, Threads: 1}

func TestPasswordRoundTrip(t *testing.T) {
	h := identity.NewHasher(cheap, 0)
	stored, err := h.Hash(t.Context(), identity.WireDigest("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	for plain, match := range map[string]bool{"correct horse": true, "Correct horse": false, "": false} {
		ok, rehash, err := h.Verify(t.Context(), stored, identity.WireDigest(plain))
		if ok != match || rehash || err != nil {
			t.Errorf("%q: ok %v, rehash %v, %v", plain, ok, rehash, err)
		}
	}
}

func TestHashIsSaltedPHC(t *testing.T) {
	h := identity.NewHasher(cheap, 0)
	digest := identity.WireDigest("x")
	one, err := h.Hash(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.Hash(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("%s\n%s", one, two)
	}
}

// Any Argon2 program computes the same string from the digest.
func TestStoredIsArgon2idOverTheDigest(t *testing.T) {
	digest, salt := identity.WireDigest("x"), []byte("0123456789abcdef")
	stored := phc(8, 1, 1, salt, argon2.IDKey([]byte(digest), salt, 1, 8, 1, 32))
	ok, rehash, err := identity.NewHasher(cheap, 0).Verify(t.Context(), stored, digest)
	if !ok || rehash || err != nil {
		t.Error(ok, rehash, err)
	}
}

func phc(m, t, p uint32, salt, key []byte) string {
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, t, p, enc(salt), enc(key))
}

func TestRehashWhenParametersChanged(t *testing.T) {
	digest := identity.WireDigest("x")
	stored, err := identity.NewHasher(cheap, 0).Hash(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	withOtherCost := identity.NewHasher(identity.Params{Memory: 16, Time: 1, Threads: 1}, 0)
	ok, rehash, err := withOtherCost.Verify(t.Context(), stored, digest)
	if !ok || !rehash || err != nil {
		t.Error(ok, rehash, err)
	}
	ok, rehash, err = withOtherCost.Verify(t.Context(), stored, identity.WireDigest("y"))
	if ok || rehash || err != nil {
		t.Error("a wrong password:", ok, rehash, err)
	}
}

func TestRehashWhenSaltOrKeyIsShort(t *testing.T) {
	digest, salt := identity.WireDigest("x"), []byte("01234567")
	stored := phc(8, 1, 1, salt, argon2.IDKey([]byte(digest), salt, 1, 8, 1, 16))
	ok, rehash, err := identity.NewHasher(cheap, 0).Verify(t.Context(), stored, digest)
	if !ok || !rehash || err != nil {
		t.Error(ok, rehash, err)
	}
}

func TestDamagedStoredStrings(t *testing.T) {
	salt, key := make([]byte, 16), make([]byte, 32)
	good := phc(8, 1, 1, salt, key)
	for _, stored := range []string{
		"", "$", "plain", "$$$$$", good + "$", good + "=", good + "\n", " " + good,
		strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8,t=1", "t=1,m=8", 1),
		strings.Replace(good, "m=8", "m=", 1),
		strings.Replace(good, "m=8", "m=-8", 1),
		strings.Replace(good, ",p=1", "", 1),
		phc(4294967295, 1, 1, salt, key), phc(8, 4294967295, 1, salt, key), phc(8192, 1, 255, salt, key),
		phc(8192, 1, 257, salt, key), phc(8, 0, 1, salt, key), phc(8, 1, 0, salt, key), phc(8, 1, 2, salt, key),
		phc(8, 1, 1, nil, key), phc(8, 1, 1, salt, nil), phc(8, 1, 1, salt, make([]byte, 1000)),
	} {
		ok, rehash, err := identity.NewHasher(cheap, 0).Verify(t.Context(), stored, identity.WireDigest("x"))
		if ok || rehash || err == nil || fleet.CodeOf(err) != 0 {
			t.Errorf("%q: %v %v %v", stored, ok, rehash, err)
		}
		if err != nil && len(stored) > 1 && strings.Contains(err.Error(), stored) {
			t.Errorf("the message repeats the stored string: %v", err)
		}
	}
}

func TestHashRefusesInvalidDigests(t *testing.T) {
	if _, err := identity.NewHasher(cheap, 0).Hash(t.Context(), "correct horse"); fleet.CodeOf(err) != fleet.BadRequest {
		t.Error(err)
	}
}

func TestNewHasherPanicsOnUnusableParams(t *testing.T) {
	for _, p := range []identity.Params{{}, {Memory: 8, Time: 1}, {Memory: 7, Time: 1, Threads: 1}, {Memory: 1 << 30, Time: 1, Threads: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewHasher accepted %+v", p)
				}
			}()
			identity.NewHasher(p, 0)
		}()
	}
}

func TestEndedContext(t *testing.T) {
	h := identity.NewHasher(cheap, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := h.VerifyNothing(ctx, identity.WireDigest("x"))
	if fleet.CodeOf(err) != fleet.Unavailable || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := h.VerifyNothing(t.Context(), identity.WireDigest("x")); err != nil {
		t.Error("a cancelled caller kept its place:", err)
	}
}

func TestWireDigest(t *testing.T) {
	const secret = "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4" // sha1sum of "secret"
	if got := identity.WireDigest("secret"); got != secret {
		t.Error(got)
	}
	if got, err := identity.ParseWireDigest(strings.ToUpper(secret)); got != secret || err != nil {
		t.Error(got, err)
	}
	for _, s := range []string{"", "secret", secret[1:], secret + "0", "g" + secret[1:], " " + secret[1:], secret[:38] + "é"} {
		_, err := identity.ParseWireDigest(s)
		if fleet.CodeOf(err) != fleet.BadRequest || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	h := identity.NewHasher(identity.DefaultParams, 0)
	for b.Loop() {
		if err := h.VerifyNothing(b.Context(), "x"); err != nil {
			b.Fatal(err)
		}
	}
}
