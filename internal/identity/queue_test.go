package identity_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/limit"
)

// A flood from one address leaves room in the queue for other addresses.
func TestHashingIsFair(t *testing.T) {
	h := identity.NewHasher(identity.Params{Memory: 8 << 10, Time: 1, Threads: 1}, 1)
	digest := identity.WireDigest("correct horse")
	var all sync.WaitGroup
	refused := make(chan error, 200)
	for i := range 200 {
		all.Go(func() {
			_, err := h.Hash(limit.WithParty(t.Context(), "flood"), digest)
			if err != nil {
				refused <- err
			}
			if i >= 10 {
				return
			}
			if _, err := h.Hash(limit.WithParty(t.Context(), fmt.Sprint(i)), digest); err != nil {
				t.Errorf("another address is refused: %v", err)
			}
		})
	}
	all.Wait()
	close(refused)
	n := 0
	for err := range refused {
		if n++; fleet.CodeOf(err) != fleet.Unavailable {
			t.Error(err)
		}
	}
	if n == 0 {
		t.Error("nothing of the flood is refused")
	}
}

func TestHashingEndsWithContext(t *testing.T) {
	h := identity.NewHasher(identity.Params{Memory: 64, Time: 1, Threads: 1}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, identity.WireDigest("x")); fleet.CodeOf(err) != fleet.Unavailable {
		t.Error(err)
	}
}
