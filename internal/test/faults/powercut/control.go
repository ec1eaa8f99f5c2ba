package powercut

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// controls is the most recordings of the control. With 150 states of one, a fifth of them
// damaged, a miss is rare; ten in a row have not been seen.
const controls = 10

// control does the same to servers that sync less: with synchronous=NORMAL acknowledged
// work must be lost, with OFF a database must be damaged.
func control(ctx context.Context, size faults.Size, seed uint64) (c faults.Control, err error) {
	n := size.Of(150, 2000, 0)
	dir, err := os.MkdirTemp(faults.Memory(), "simferry-trust-")
	if err != nil {
		return c, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return faults.Until(ctx, "synchronous=NORMAL and synchronous=OFF", controls, seed, func(ctx context.Context, seed uint64) (saw string, failed bool, err error) {
		lost, _, err := damage(ctx, dir, mutants.MustFind("sync_normal"), seed, n)
		if err != nil {
			return "", false, err
		}
		lostOff, corrupt, err := damage(ctx, dir, mutants.MustFind("sync_off"), seed, n)
		saw = fmt.Sprintf("of %d states each, NORMAL lost acknowledged work in %d; OFF lost it in %d and was damaged in %d", n, lost, lostOff, corrupt)
		return saw, lost > 0 && corrupt > 0, err
	})
}

func damage(ctx context.Context, dir string, mutation faults.Mutation, seed uint64, n int) (lost, corrupt int, err error) {
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return 0, 0, err
	}
	rec, _, err := record(ctx, binary, seed)
	if err != nil {
		return 0, 0, err
	}
	var mu sync.Mutex
	_, err = rec.states(ctx, dir, seed, n, func(_ state, wrong []string) {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(wrong, "; ")
		if strings.Contains(all, "which does not exist") {
			lost++
		}
		if strings.Contains(all, "I1: ") || strings.Contains(all, "I12: ") {
			corrupt++
		}
	})
	return lost, corrupt, err
}
