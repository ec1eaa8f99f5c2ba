package e2e_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// The Workspaces of a plain server.
const (
	plainHome   = 100
	plainTarget = 200
)

// plainServers holds the servers that scripts have started, by address.
var plainServers sync.Map

// plainFleet has n Activated SIMs in one Workspace, of which every 100th is in a device.
func plainFleet(n int) *fakeserver.Fleet {
	f := fakeserver.NewFleet(map[int64]string{plainHome: "Fleet DE", plainTarget: "Fleet FR"})
	for i := 1; i <= n; i++ {
		s := fakeserver.SIM{ID: int64(i), ICCID: plainICCID(i), Status: 1, Workspace: plainHome}
		if i%100 == 0 {
			s.Device = int64(9000 + i)
		}
		f.Add(s)
	}
	return f
}

func plainICCID(i int) string { return fmt.Sprintf("89883030000%08d", i) }

// deferrer lets what a test needs end with its script.
type deferrer struct{ *testscript.TestScript }

func (d deferrer) Cleanup(end func()) { d.Defer(end) }

// plainServer VAR SIMS [MANNER=N...] starts a server that speaks only the bare contract,
// and sets VAR to its address.
func plainServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: plain VAR SIMS [throttle=N] [lose=N] [failbefore=N] [failafter=N] [spend=N] [end=N] [mfa=1]")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var m fakeserver.Options
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		n, err := strconv.Atoi(value)
		ts.Check(err)
		switch name {
		case "throttle":
			m.Throttle = n
		case "lose":
			m.LoseAfter = n
		case "failbefore":
			m.FailBefore = n
		case "failafter":
			m.FailAfter = n
		case "spend":
			m.Spend = n
		case "end":
			m.End = n
		case "mfa":
			m.SecondStep = true
		default:
			ts.Fatalf("no manner %q", name)
		}
	}
	s := fakeserver.Start(deferrer{ts}, plainFleet(n), plainHome, m)
	plainServers.Store(s.URL, s)
	ts.Setenv(args[0], s.URL)
}

// change URL ID PROPERTY VALUE changes a SIM as another client would: its status, or its
// Workspace.
func change(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: change URL ID status|workspace VALUE")
	}
	id, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	value, err := strconv.ParseInt(args[3], 10, 64)
	ts.Check(err)
	plainAt(ts, args[0]).Change(id, func(s *fakeserver.SIM) {
		if args[2] == "status" {
			s.Status = value
		} else {
			s.Workspace = value
		}
	})
}

func plainAt(ts *testscript.TestScript, url string) *fakeserver.Server {
	found, _ := plainServers.Load(url)
	s, ok := found.(*fakeserver.Server)
	if !ok {
		ts.Fatalf("no plain server at %s", url)
	}
	return s
}

// arrived URL SIMS wants that many SIMs in the target, each moved once, and no refresh token
// used twice.
func arrived(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: arrived URL SIMS")
	}
	s := plainAt(ts, args[0])
	in, moves, twice := s.Tally(plainTarget)
	if strconv.Itoa(in) != args[1] || moves != in || twice > 0 || s.Reused > 0 {
		ts.Fatalf("%d SIMs in the target by %d moves, %d of them more than once, %d refresh tokens used again", in, moves, twice, s.Reused)
	}
}
