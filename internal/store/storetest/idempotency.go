package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var idempotencyCases = []testCase{
	{"RoundTrip", replyRoundTrip},
	{"KeepsNames", replyKeepsNames},
	{"KeysAreApart", keysAreApart},
	{"KeysWithoutWorkspace", keysWithoutWorkspace},
	{"SecondStoreStartsAgain", secondStoreStartsAgain},
	{"Claim", claimKey},
	{"Sweep", sweepReplies},
}

var aKey = store.Key{By: store.Caller{User: Admin}, Workspace: FleetAT, Operation: "POST /api/v1/sim/migration/workspace", Key: "k/1"}

func (e *env) storeReply(k store.Key, r store.Reply) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.StoreReply(ctx, k, store.Stored{Fingerprint: []byte{0xff, 0}, Reply: r})
	})
}

func (e *env) stored(k store.Key) (r store.Reply, fingerprint []byte, found bool) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.Open(ctx, store.Opening{Key: &k})
		r, fingerprint, found = got.Stored.Reply, got.Stored.Fingerprint, got.Replied
		return err
	})
	return r, fingerprint, found
}

func replyRoundTrip(e *env) {
	big := []byte(strings.Repeat(`{"id":250,"iccid":"8988303000000000129"},`, 5000))
	for i, body := range [][]byte{big, []byte("{}"), {0xff, 0, 1}, {}} {
		k := aKey
		k.Key += string(rune('a' + i))
		want := store.Reply{Status: 200 + i, Location: "/api/v1/migration/7", ETag: `"x"`, Body: body}
		e.storeReply(k, want)
		got, fingerprint, found := e.stored(k)
		if !found || !bytes.Equal(fingerprint, []byte{0xff, 0}) {
			e.Errorf("found %v, fingerprint %x", found, fingerprint)
		}
		e.equal("reply", got, want)
	}
}

// A stored refusal keeps the Workspaces that it names.
func replyKeepsNames(e *env) {
	for i, want := range [][]fleet.WorkspaceID{{FleetDE, FleetBR}, {FleetDE}, nil} {
		k := aKey
		k.Key += string(rune('a' + i))
		e.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.StoreReply(ctx, k, store.Stored{Fingerprint: []byte{1}, Named: want})
		})
		e.update(func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Open(ctx, store.Opening{Key: &k})
			e.equal("Workspaces", got.Stored.Named, want)
			e.equal("whether they are known", got.Stored.NamedKnown, true)
			return err
		})
	}
}

func keysAreApart(e *env) {
	e.storeReply(aKey, store.Reply{Body: []byte{}})
	for _, change := range []func(*store.Key){
		func(k *store.Key) { k.By.User = Observer },
		func(k *store.Key) { k.By.Token = 1 },
		func(k *store.Key) { k.Operation = "PATCH" },
		func(k *store.Key) { k.Key = "K/1" },
		func(k *store.Key) { k.Workspace = FleetDE },
	} {
		k := aKey
		change(&k)
		if _, _, found := e.stored(k); found {
			e.Errorf("%+v is taken for %+v", k, aKey)
		}
	}
}

// A reply that an earlier version stored, without a Workspace, is found in every Workspace; one
// that the Workspace has itself comes before it.
func keysWithoutWorkspace(e *env) {
	old := aKey
	old.Workspace = 0
	e.storeReply(old, store.Reply{Status: 200, Body: []byte("old")})
	if r, _, found := e.stored(aKey); !found || string(r.Body) != "old" {
		e.Errorf("found %v %q", found, r.Body)
	}
	e.storeReply(aKey, store.Reply{Status: 200, Body: []byte("new")})
	if r, _, found := e.stored(aKey); !found || string(r.Body) != "new" {
		e.Errorf("found %v %q", found, r.Body)
	}
}

// A transaction that stores a key that another has just used starts again.
func secondStoreStartsAgain(e *env) {
	e.storeReply(aKey, store.Reply{Status: 200, Body: []byte("first")})
	runs := 0
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		runs++
		if runs > 1 {
			got, err := tx.Open(ctx, store.Opening{Key: &aKey})
			if !got.Replied || string(got.Stored.Reply.Body) != "first" {
				e.Errorf("the second run finds %v %q", got.Replied, got.Stored.Reply.Body)
			}
			return err
		}
		return tx.StoreReply(ctx, aKey, store.Stored{Fingerprint: []byte{1}, Reply: store.Reply{Body: []byte("second")}})
	})
	if err != nil || runs != 2 {
		e.Errorf("%d runs, %v", runs, err)
	}
}

// claim claims a key and reports whether it was free.
func claim(ctx context.Context, tx *store.Tx, k store.Key) (free bool, err error) {
	got, err := tx.Open(ctx, store.Opening{Key: &k})
	return !got.Busy, err
}

func claimKey(e *env) {
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		free, err := claim(ctx, tx, aKey)
		if err != nil || !free {
			e.Errorf("an unclaimed key: %v, %v", free, err)
		}
		if e.s.Dialect() == store.Postgres { // SQLite's second writer waits for the first
			e.claimWhileHeld()
		}
		return errors.New("rolled back")
	})
	if err == nil {
		e.Fatal("it committed")
	}
	e.update(func(ctx context.Context, tx *store.Tx) error { // free again once the holder has ended
		free, err := claim(ctx, tx, aKey)
		if !free {
			e.Error("the claim outlived its transaction")
		}
		return err
	})
}

func (e *env) claimWhileHeld() {
	e.Helper()
	other := aKey
	other.Key = "other"
	e.update(func(ctx context.Context, tx *store.Tx) error {
		claimed, err := claim(ctx, tx, aKey)
		if err != nil || claimed {
			e.Errorf("claimed while another holds it: %v, %v", claimed, err)
		}
		free, err := claim(ctx, tx, other)
		if !free {
			e.Error("another key is held too")
		}
		return err
	})
}

func sweepReplies(e *env) {
	e.fleet()
	kept := aKey
	kept.Key = "migration"
	e.storeReply(aKey, store.Reply{Body: []byte{}})
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.StoreReply(ctx, kept, store.Stored{Fingerprint: []byte{1}, Entry: 1})
	})
	e.clock.advance(time.Hour)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour+1000) })
	if _, _, found := e.stored(aKey); !found {
		e.Error("swept too early")
	}
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour) })
	if _, _, found := e.stored(aKey); found {
		e.Error("not swept")
	}
	if _, _, found := e.stored(kept); !found {
		e.Error("a key of a migration was swept: it is kept with the ledger entry")
	}
}
