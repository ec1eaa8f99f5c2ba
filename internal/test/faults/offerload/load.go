package offerload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/test/faults/rest"
)

// Load simulates the Administrators of two companies, who make and answer offers, one after the
// other in each lane, and records the responses.
type Load struct {
	users   [2]*rest.User
	closing atomic.Bool
	stop    context.CancelFunc
	wg      sync.WaitGroup
	reading sync.RWMutex // read-locked while offers are read
	answers atomic.Int64

	mu        sync.Mutex
	offers    []*offer
	anomalies []string // replies that no user should get
}

// Options of a load.
type Options struct {
	Seed uint64
	URLs []string // of the servers
	Few  bool     // there are two lanes only, beside other work
}

// Begin signs in and starts the lanes.
func Begin(ctx context.Context, o Options) (*Load, error) {
	l := &Load{}
	for side := range l.users {
		l.users[side] = rest.NewUser(username(side), password, 2*lanes)
	}
	l.At(o.URLs...)
	for _, u := range l.users {
		if err := u.SignIn(ctx, o.URLs[0]); err != nil {
			return nil, err
		}
	}
	ctx, l.stop = context.WithCancel(ctx)
	for n := range lanes {
		if o.Few && n != 0 && n != lanes-1 {
			continue
		}
		lane := newLane(l, n, rand.New(rand.NewPCG(o.Seed, uint64(n))))
		l.wg.Go(func() { lane.run(ctx) })
	}
	return l, nil
}

// At sets the addresses of the servers from now on.
func (l *Load) At(urls ...string) {
	for _, u := range l.users {
		u.At(urls...)
	}
}

// DoNotRead stops the reading of offers until resume. See jobload.Load.
func (l *Load) DoNotRead() (resume func()) {
	l.reading.Lock()
	return l.reading.Unlock
}

// InFlight reports whether a request is on its way.
func (l *Load) InFlight() bool { return l.users[0].InFlight() || l.users[1].InFlight() }

// Acknowledged counts the offers and the answers that were acknowledged.
func (l *Load) Acknowledged() int {
	return int(l.answers.Load()) + l.count(func(o *offer) bool { return o.id != 0 })
}

// Ended counts the offers that were seen to end.
func (l *Load) Ended() int { return l.count(func(o *offer) bool { return o.state != "" }) }

// Open counts the offers that were acknowledged and not seen to end.
func (l *Load) Open() int {
	return l.count(func(o *offer) bool { return o.id != 0 && o.state == "" })
}

func (l *Load) count(which func(*offer) bool) (n int) {
	l.update(func() {
		for _, o := range l.offers {
			if which(o) {
				n++
			}
		}
	})
	return n
}

func (l *Load) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *Load) addAnomaly(format string, args ...any) {
	l.update(func() { l.anomalies = append(l.anomalies, fmt.Sprintf(format, args...)) })
}

// Finish lets the offers that were made end, and makes no new ones. An error is a failure of
// progress (I12).
func (l *Load) Finish(limit time.Duration) error {
	l.closing.Store(true)
	over := time.AfterFunc(limit, l.stop)
	l.wg.Wait()
	over.Stop()
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.offers {
		if o.id != 0 && o.state == "" && len(l.anomalies) == 0 {
			return fmt.Errorf("I12: offer %d has not ended %v after the fault", o.id, limit)
		}
	}
	return nil
}

// Abandon ends the load at once.
func (l *Load) Abandon() {
	l.closing.Store(true)
	l.stop()
	l.wg.Wait()
}
