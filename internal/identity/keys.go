package identity

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key signs tokens. Private must stay secret: with it, anyone can impersonate any user. Printed
// or logged, a Key shows only its ID.
type Key struct {
	ID      string // the JWT header's kid
	Private ed25519.PrivateKey
	Created time.Time
}

// GenerateKey makes a new random key. Its ID is the thumbprint of the public key (RFC 7638), so
// that two servers cannot give one ID to two keys.
func GenerateKey(now time.Time) (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generate signing key: %w", err)
	}
	k := Key{Private: private, Created: now}
	public := k.public()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("name signing key: %w", err)
	}
	k.ID = base64.RawURLEncoding.EncodeToString(sum)
	return k, nil
}

// String keeps the private key out of messages.
func (k Key) String() string { return "key " + k.ID }

// GoString keeps the private key out of %#v.
func (k Key) GoString() string { return k.String() }

// LogValue keeps the private key out of the log.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

func (k Key) public() jose.JSONWebKey {
	return jose.JSONWebKey{
		Key:       k.Private.Public(),
		KeyID:     k.ID,
		Algorithm: string(jose.EdDSA),
		Use:       "sig",
	}
}

// check returns why the key is invalid, or nil; it finds rows that were damaged in storage.
func (k Key) check() error {
	switch {
	case k.ID == "":
		return errors.New("a signing key has no id")
	case len(k.Private) != ed25519.PrivateKeySize:
		return fmt.Errorf("signing key %s has %d bytes, not %d", k.ID, len(k.Private), ed25519.PrivateKeySize)
	case !bytes.Equal(k.Private, ed25519.NewKeyFromSeed(k.Private.Seed())):
		return fmt.Errorf("signing key %s is damaged: its public and private parts do not match", k.ID)
	}
	return nil
}

// Keyring is an immutable set of keys. The newest signs, all verify, so a new key can come into
// use while tokens of the old one are still valid. Without a key, every token that it signed is
// invalid, including application tokens. To add or remove a key, make another Keyring.
type Keyring struct {
	signer jose.Signer
	ids    []string // newest first
	public map[string]ed25519.PublicKey
	jwks   []byte
}

// NewKeyring returns a ring of at least one key, in any order. It refuses a damaged key and two
// keys with the same ID.
func NewKeyring(keys ...Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no signing key")
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	ring := &Keyring{public: make(map[string]ed25519.PublicKey, len(keys))}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		if err := ring.add(k); err != nil {
			return nil, err
		}
		ring.ids = append(ring.ids, k.ID)
		set.Keys = append(set.Keys, k.public())
	}
	if err := ring.finish(keys[0], set); err != nil {
		return nil, err
	}
	return ring, nil
}

// Signer returns the ID of the newest key, which signs.
func (r *Keyring) Signer() string { return r.ids[0] }

// Is reports whether the ring has exactly these keys, in any order.
func (r *Keyring) Is(ids []string) bool {
	missing := func(id string) bool { return !slices.Contains(r.ids, id) }
	return len(ids) == len(r.ids) && !slices.ContainsFunc(ids, missing)
}

// JWKS returns the JSON document of the public keys (RFC 7517), newest first, for
// /.well-known/jwks.json. The caller must not change the bytes.
func (r *Keyring) JWKS() []byte { return r.jwks }

func (r *Keyring) add(k Key) error {
	if err := k.check(); err != nil {
		return err
	}
	if _, twice := r.public[k.ID]; twice {
		return fmt.Errorf("two signing keys have the id %s", k.ID)
	}
	r.public[k.ID] = ed25519.PublicKey(bytes.Clone(k.Private[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
	return nil
}

func (r *Keyring) finish(newest Key, set jose.JSONWebKeySet) (err error) {
	if r.jwks, err = json.Marshal(set); err != nil {
		return fmt.Errorf("encode public keys: %w", err)
	}
	signing := jose.SigningKey{
		Algorithm: jose.EdDSA,
		Key:       jose.JSONWebKey{Key: newest.Private, KeyID: newest.ID},
	}
	if r.signer, err = jose.NewSigner(signing, (&jose.SignerOptions{}).WithType("JWT")); err != nil {
		return fmt.Errorf("signing key %s: %w", newest.ID, err)
	}
	return nil
}
