// Package load is shared by the crash harnesses: clients that send overlapping requests and
// write each into a journal before it goes out, and a check that compares the database
// afterwards with what the journal says was acknowledged. See package traffic for the difference.
package load

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// The world: a few SIMs that every client wants, each in a device at first, and many that move
// in blocks.
const (
	hotFirst, hotSIMs     = 1000, 24
	deviceFirst           = 9000
	bulkFirst, bulkBlocks = 2000, 30
	blockSIMs             = 50
	iccidPrefix           = "898830300000000"
	password              = "correct horse"
)

// fleets are the home Workspaces of the SIMs. brazil accepts none of them.
var fleets = []int64{100, 200, 300}

const brazil = 400

// World returns the world file for a number of clients. Each client is a user of its own, so
// that the ledger shows which client's request made an entry.
func World(clients int) string {
	var b strings.Builder
	b.WriteString(`workspaces:
  - {id: 1, name: Issuer, type: mno, country: DE}
  - {id: 100, name: Fleet DE, type: enterprise, country: DE, parent: 1}
  - {id: 200, name: Fleet FR, type: enterprise, country: FR, parent: 1}
  - {id: 300, name: Fleet US, type: enterprise, country: US, parent: 1}
  - {id: 400, name: Frota BR, type: enterprise, country: BR, parent: 1}
users:
`)
	for i := range clients {
		fmt.Fprintf(&b, "  - {id: %d, username: %s, name: Client, password: %s, default_workspace: 1, superadmin: false, "+
			"roles: {1: administrator, 100: administrator, 200: administrator, 300: administrator, 400: administrator}}\n", userID(i), username(i), password)
	}
	b.WriteString("devices:\n")
	for i := range hotSIMs {
		fmt.Fprintf(&b, "  - {id: %d, workspace: 100, name: tracker-%d, status: enabled}\n", deviceFirst+i, i)
	}
	b.WriteString("sims:\n")
	for i := range hotSIMs {
		fmt.Fprintf(&b, "  - {id: %d, iccid: %q, workspace: 100, issuer: 1, status: activated, imsi: %q, msisdn: %q, device: %d}\n",
			hotFirst+i, iccid(hotFirst+i), fmt.Sprintf("29505000000%04d", hotFirst+i), fmt.Sprintf("42366000000%04d", hotFirst+i), deviceFirst+i)
	}
	fmt.Fprintf(&b, "sim_ranges:\n  - {first_id: %d, first_iccid: %q, count: %d, workspace: 100, issuer: 1, status: issued}\n",
		bulkFirst, iccid(bulkFirst), bulkBlocks*blockSIMs)
	return b.String()
}

func iccid(sim int) string       { return fmt.Sprintf("%s%04d", iccidPrefix, sim) }
func username(client int) string { return fmt.Sprintf("client%d@example.com", client) }
func userID(client int) int64    { return int64(client + 1) }

// Seed adds the world to a new database.
func Seed(ctx context.Context, binary, database string, clients int) error {
	return proc.Seed(ctx, binary, database, World(clients))
}
