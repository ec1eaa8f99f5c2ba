package traffic

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// The fleet: three enterprise Workspaces between which its SIMs move. A few SIMs start in a
// device, a few activated, so that migrations also release and suspend.
const (
	SIMs      = 60
	firstSIM  = 1000
	iccidBase = "8988303000000001"
	username  = "admin@example.com"
	password  = "correct horse"

	// Guest may sign in, with GuestPassword, and does nothing else.
	Guest         = "guest@example.com"
	GuestPassword = "battery staple"
)

var workspaces = [...]int64{100, 200, 300}

// iccid returns the ICCID of the SIM with that id.
func iccid(sim int64) string { return fmt.Sprintf("%s%03d", iccidBase, sim-firstSIM) }

// World returns the fleet as a world file.
func World() string {
	var b strings.Builder
	b.WriteString("workspaces:\n  - {id: 1, name: Issuer, type: mno, country: DE}\n")
	roles := make([]string, len(workspaces))
	for i, w := range workspaces {
		fmt.Fprintf(&b, "  - {id: %d, name: Fleet %d, type: enterprise, country: DE, parent: 1}\n", w, w)
		roles[i] = fmt.Sprintf("%d: administrator", w)
	}
	fmt.Fprintf(&b, "users:\n  - {id: 1, username: %s, name: Admin, password: %s, default_workspace: %d, roles: {%s}}\n",
		username, password, workspaces[0], strings.Join(roles, ", "))
	fmt.Fprintf(&b, "  - {id: 2, username: %s, password: %s, default_workspace: %d, roles: {%d: observer}}\n",
		Guest, GuestPassword, workspaces[0], workspaces[0])
	b.WriteString("devices:\n")
	for i := range SIMs / 6 {
		fmt.Fprintf(&b, "  - {id: %d, workspace: %d, name: tracker-%d}\n", 9000+i, workspaces[0], i)
	}
	b.WriteString("sims:\n")
	for i := range int64(SIMs) {
		fmt.Fprintf(&b, "  - {id: %d, iccid: %q, workspace: %d, issuer: 1, status: %s%s}\n", firstSIM+i, iccid(firstSIM+i), workspaces[0],
			[...]string{"issued", "activated"}[i%2], device(i))
	}
	return b.String()
}

func device(i int64) string {
	if i%6 != 0 {
		return ""
	}
	return fmt.Sprintf(", device: %d", 9000+i/6)
}

// Seed adds the fleet to a new database.
func Seed(ctx context.Context, binary, database string) error {
	return proc.Seed(ctx, binary, database, World())
}
