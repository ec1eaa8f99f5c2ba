// Package jobload creates jobs on servers that are being disturbed, and compares the database
// afterwards: every SIM of a job has moved once or not at all, and the verdicts say which.
package jobload

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// The fleet of the jobs. Its ids are apart from those of package traffic, so that jobs can run
// beside its clients. Each lane has SIMs of its own, and one job at a time.
const (
	firstSIM  = 50_000
	laneSIMs  = 600
	lanes     = 5
	issuer    = 51
	username  = "jobs@example.com"
	mover     = "mover@example.com" // moves single SIMs of jobs away
	password  = "correct horse"
	iccidBase = 8988303005000000000
)

// User is the id of the user who makes the jobs, and Mover of the one who moves single SIMs.
const (
	User  = 50
	Mover = 51
)

// workspaces are the Workspaces between which the SIMs of all lanes move.
var workspaces = [...]int64{500, 600, 700}

// activated reports whether the SIMs of a lane are activated at first.
func activated(lane int) bool { return lane%2 == 0 }

func iccid(sim int64) string { return fmt.Sprint(iccidBase + sim) }

// World returns the fleet of the jobs as a world file.
func World() string {
	var b strings.Builder
	fmt.Fprintf(&b, "workspaces:\n  - {id: %d, name: Issuer of jobs, type: mno, country: DE}\n", issuer)
	roles := make([]string, len(workspaces))
	for i, w := range workspaces {
		fmt.Fprintf(&b, "  - {id: %d, name: Jobs %d, type: enterprise, country: DE, parent: %d}\n", w, w, issuer)
		roles[i] = fmt.Sprintf("%d: administrator", w)
	}
	b.WriteString("users:\n")
	for i, name := range []string{username, mover} {
		fmt.Fprintf(&b, "  - {id: %d, username: %s, name: Jobs, password: %s, default_workspace: %d, roles: {%s}}\n",
			User+i, name, password, workspaces[0], strings.Join(roles, ", "))
	}
	b.WriteString("sim_ranges:\n")
	for lane := range int64(lanes) {
		first, status := firstSIM+lane*laneSIMs, "issued"
		if activated(int(lane)) {
			status = "activated"
		}
		fmt.Fprintf(&b, "  - {first_id: %d, first_iccid: \"%s\", count: %d, workspace: %d, issuer: %d, status: %s}\n",
			first, iccid(first), laneSIMs, workspaces[0], issuer, status)
	}
	return b.String()
}

// Seed adds the fleet of the jobs to a database.
func Seed(ctx context.Context, binary, database string) error {
	return proc.Seed(ctx, binary, database, World())
}
