package control

import (
	"strconv"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/identity"
)

// The tokens of five thousand clients fit into the cache. In a full cache, another one evicts one,
// not all.
func TestVerifiedTokensLeaveOneByOne(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := newVerified()
	claims := identity.Claims{Expires: now.Add(time.Hour)}
	missing := func(n int) (missed int) {
		for i := range n {
			if _, found := v.get(strconv.Itoa(i), now); !found {
				missed++
				v.put(strconv.Itoa(i), claims)
			}
		}
		return missed
	}
	const clients = 5000
	if first, second := missing(clients), missing(clients); first != clients || second != 0 {
		t.Errorf("of %d clients %d are verified at first and %d again", clients, first, second)
	}
	for i := range maxVerified + 1 - clients {
		v.put(strconv.Itoa(clients+i), claims)
	}
	if _, found := v.get("0", now); found {
		t.Error("the token that was not used for longest is still there")
	}
	if _, found := v.get("1", now); !found {
		t.Error("one token too many displaced others")
	}
	if _, found := v.get("1", claims.Expires); found {
		t.Error("an expired token is found")
	}
	if v.forget(); missing(clients) != clients {
		t.Error("forget leaves tokens")
	}
}
