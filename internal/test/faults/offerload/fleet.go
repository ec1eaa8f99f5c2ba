// Package offerload makes offers between two companies on servers that are being disturbed, and
// compares the database afterwards: every offer was made once and answered once, its SIMs have
// moved exactly if they were accepted, and the records of both sides say the same.
package offerload

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// The fleet of the offers. Its ids are apart from those of packages traffic and jobload, so that
// offers can be made beside their work. Each lane has SIMs of its own, and one offer at a time.
const (
	firstSIM  = 60_000
	perLane   = 1000 // ids of a lane
	lanes     = 4
	smallLane = 24
	largeLane = 520 // accepted by a job
	issuer    = 61
	firstUser = 60
	password  = "correct horse"
	iccidBase = 8988303006000000000
)

// workspaces are the two companies. The Administrator of each is not a member of the other one.
var workspaces = [2]int64{800, 810}

// size returns how many SIMs a lane has. Those of the last lane are more than one transaction
// moves.
func size(lane int) int64 {
	if lane == lanes-1 {
		return largeLane
	}
	return smallLane
}

func first(lane int) int64 { return firstSIM + int64(lane)*perLane }

func username(side int) string { return fmt.Sprintf("offers-%d@example.com", side) }

func iccid(sim int64) string { return fmt.Sprint(iccidBase + sim) }

// World returns the fleet of the offers as a world file.
func World() string {
	var b strings.Builder
	fmt.Fprintf(&b, "workspaces:\n  - {id: %d, name: Issuer of offers, type: mno, country: DE}\n", issuer)
	for _, w := range workspaces {
		fmt.Fprintf(&b, "  - {id: %d, name: Company %d, type: enterprise, country: DE, parent: %d}\n", w, w, issuer)
	}
	b.WriteString("users:\n")
	for side, w := range workspaces {
		fmt.Fprintf(&b, "  - {id: %d, username: %s, name: Offers, password: %s, default_workspace: %d, roles: {%d: administrator}}\n",
			firstUser+side, username(side), password, w, w)
	}
	b.WriteString("sim_ranges:\n")
	for lane := range lanes {
		status := [...]string{"issued", "activated"}[lane%2]
		fmt.Fprintf(&b, "  - {first_id: %d, first_iccid: \"%s\", count: %d, workspace: %d, issuer: %d, status: %s}\n",
			first(lane), iccid(first(lane)), size(lane), workspaces[lane%2], issuer, status)
	}
	return b.String()
}

// Seed adds the fleet of the offers to a database.
func Seed(ctx context.Context, binary, database string) error {
	return proc.Seed(ctx, binary, database, World())
}
