package traffic

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// Options say who the clients are and what they send.
type Options struct {
	Clients int
	Seed    uint64
	// MigrationsOnly leaves out other writes, and the many SIMs that move in blocks.
	MigrationsOnly bool
	// RepeatSuccessesOnly says that refusals under a key are not sent again once they are known.
	RepeatSuccessesOnly bool
	// Expires says that bearers expire, so that a 401 is expected. The caller signs in again.
	Expires bool
	// Journal is written to; nil for a new one in memory.
	Journal *Journal
}

// The fleet: a few SIMs that every client wants, two of three of them activated and in a device,
// and many that move in blocks.
const (
	hotFirst, hotSIMs     = 1000, 24
	deviceFirst           = 9000
	bulkFirst, bulkBlocks = 2000, 30
	blockSIMs             = 50
	iccidPrefix           = "898830300000000"
	password              = "correct horse"

	// Guest may sign in, with GuestPassword, and does nothing else.
	Guest         = "guest@example.com"
	GuestPassword = "battery staple"
)

// fleets are the Workspaces between which SIMs move. brazil accepts none of them.
var fleets = []int64{100, 200, 300}

const brazil = 400

// The statuses of SIMs that are used here, as package fleet numbers them.
const (
	issued    = 0
	activated = 1
	suspended = 2
)

// state is what a SIM's status and device are.
type state struct{ status, device int64 }

// initial returns the state of a hot SIM in the world file.
func initial(sim int64) state {
	if i := sim - hotFirst; i%3 > 0 {
		return state{activated, deviceFirst + i}
	}
	return state{status: issued}
}

// World returns the world file of the fleet. Each client is a user of its own, so that the ledger
// shows which client's request made an entry.
func World(o Options) string {
	var b strings.Builder
	b.WriteString(`workspaces:
  - {id: 1, name: Issuer, type: mno, country: DE}
  - {id: 100, name: Fleet DE, type: enterprise, country: DE, parent: 1}
  - {id: 200, name: Fleet FR, type: enterprise, country: FR, parent: 1}
  - {id: 300, name: Fleet US, type: enterprise, country: US, parent: 1}
  - {id: 400, name: Frota BR, type: enterprise, country: BR, parent: 1}
users:
`)
	for i := range o.Clients {
		fmt.Fprintf(&b, "  - {id: %d, username: %s, name: Client, password: %s, default_workspace: 1, superadmin: false, "+
			"roles: {1: administrator, 100: administrator, 200: administrator, 300: administrator, 400: administrator}}\n", userID(i), username(i), password)
	}
	fmt.Fprintf(&b, "  - {id: %d, username: %s, password: %s, default_workspace: 100, roles: {100: observer}}\n", userID(o.Clients), Guest, GuestPassword)
	b.WriteString("devices:\n")
	for i := range hotSIMs {
		fmt.Fprintf(&b, "  - {id: %d, workspace: 100, name: tracker-%d, status: enabled}\n", deviceFirst+i, i)
	}
	b.WriteString("sims:\n")
	for i := range hotSIMs {
		writeSIM(&b, hotFirst+i)
	}
	if !o.MigrationsOnly {
		fmt.Fprintf(&b, "sim_ranges:\n  - {first_id: %d, first_iccid: %q, count: %d, workspace: 100, issuer: 1, status: issued}\n",
			bulkFirst, iccid(bulkFirst), bulkBlocks*blockSIMs)
	}
	return b.String()
}

func writeSIM(b *strings.Builder, id int) {
	status, device := "issued", ""
	if at := initial(int64(id)); at.device != 0 {
		status, device = "activated", fmt.Sprintf(", device: %d", at.device)
	}
	fmt.Fprintf(b, "  - {id: %d, iccid: %q, workspace: 100, issuer: 1, status: %s, imsi: %q, msisdn: %q%s}\n",
		id, iccid(id), status, fmt.Sprintf("29505000000%04d", id), fmt.Sprintf("42366000000%04d", id), device)
}

func iccid(sim int) string       { return fmt.Sprintf("%s%04d", iccidPrefix, sim) }
func username(client int) string { return fmt.Sprintf("client%d@example.com", client) }
func userID(client int) int64    { return int64(client + 1) }

// otherUsers is the first id of users of other packages, as jobload.
const otherUsers = 50

// Seed adds the fleet to a new database.
func Seed(ctx context.Context, binary, database string, o Options) error {
	return proc.Seed(ctx, binary, database, World(o))
}
