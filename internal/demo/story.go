package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// The Workspaces of the world file, and the SIMs that move.
const (
	north, south = 100, 200

	firstICCID, lastICCID = "8988303000000100000", "8988303000000100499"
	moving, attached      = 500, 12
	activated             = 340 // of those that move
)

// story has the demo's steps: each sends a request, checks the response, and prints both.
type story struct {
	*printer
	client *client.Client
	seen   *recorder
	etag   string // of the preview
	done   *client.Migration
}

func (s *story) world() []byte { return oneSideWorld }

func (s *story) signIn(url string, connect connector) (err error) {
	s.client, s.seen, err = connect(url, username, password)
	return err
}

func (s *story) steps() []func(context.Context) error {
	return []func(context.Context) error{s.fleet, s.refused, s.previewed, s.moved, s.recorded}
}

func request(detach bool) client.MigrationRequest {
	return client.MigrationRequest{Target: south, Range: &api.ICCIDRange{Start: firstICCID, End: lastICCID}, DetachDevices: detach}
}

// fleet shows the SIMs before the migration.
func (s *story) fleet(ctx context.Context) error {
	s.title("Simferry: 500 SIM cards change hands")
	s.prose("A fleet has two business units, each with a Workspace of its own. Fleet South takes over 500 " +
		"electricity meters of Fleet North, and their SIMs go with them. Everything below is sent over HTTP to a " +
		"server that runs here, on a database that is thrown away at the end.")
	s.line("")
	if err := s.inventory(ctx, s.client, "Fleet North", 1100); err != nil {
		return err
	}
	return s.inventory(ctx, s.client.InWorkspace(south), "Fleet South", 100)
}

// inventory counts the SIMs of a Workspace, by status.
func (s *story) inventory(ctx context.Context, c *client.Client, name string, want int) error {
	count := func(filter string) (int, error) {
		page, err := c.ListSIMs(ctx, client.ListOptions{Filter: filter, PerPage: 1})
		if err != nil {
			return 0, err
		}
		return page.Total, nil
	}
	statuses, err := c.SIMStatuses(ctx)
	if err != nil {
		return err
	}
	total, text := 0, ""
	for _, status := range statuses {
		n, err := count(fmt.Sprintf("status:%d", status.ID))
		if err != nil {
			return err
		}
		if n > 0 {
			text += fmt.Sprintf(", %d %s", n, status.Description)
		}
		total += n
	}
	loose, err := count("endpoint:null")
	if err != nil {
		return err
	}
	s.linef("  %s  %4d SIMs, %d of them in devices", s.strong(name), total, total-loose)
	s.linef("  %s  %s", strings.Repeat(" ", len(name)), text[min(2, len(text)):])
	return expect(total == want, "%s has %d SIMs, not %d", name, total, want)
}

// refused prints a dry run that the rules refuse.
func (s *story) refused(ctx context.Context) error {
	_, err := s.client.Preview(ctx, request(false))
	s.heading("1. May they move? A dry run asks, and changes nothing")
	s.exchange(s.seen.last())
	conflict, ok := errors.AsType[*client.ConflictError](err)
	if !ok {
		return fmt.Errorf("the dry run was not refused: %w", orNone(err))
	}
	for _, g := range conflict.Groups {
		s.linef("  %s %s: %d SIMs", s.strong(fmt.Sprint(g.ErrorCode)), g.Message, len(g.SIMs))
		s.sims(g.SIMs)
	}
	s.explain("No. Twelve of the SIMs are in devices, and a move takes them out, so the request must allow that. A refusal " +
		"names every reason and every SIM at once, and the real run would have been refused just like this. It is all or nothing: " +
		"the other 488 do not move either.")
	return expect(len(conflict.Groups) == 1 && conflict.Has(client.SIMsAttached) && len(conflict.Groups[0].SIMs) == attached,
		"unexpected reasons: %w", err)
}

// previewed prints the same dry run with detached devices.
func (s *story) previewed(ctx context.Context) error {
	preview, err := s.client.Preview(ctx, request(true))
	s.heading("2. The same, taking the SIMs out of their devices")
	s.exchange(s.seen.last())
	if err != nil {
		return err
	}
	s.etag = preview.ETag
	s.linef("  %d SIMs would move to %s:", preview.SIMCount, preview.TargetWorkspace.Name)
	s.sims(preview.SIMs)
	s.explain("Yes. Each SIM is shown as it stands now. The ETag is a fingerprint of exactly this: a request that sends it back has the " +
		"previewed effect, or the response lists what has changed since.")
	return expect(preview.DryRun && preview.SIMCount == moving && s.etag != "", "it previews %d SIMs, ETag %q", preview.SIMCount, s.etag)
}

// moved runs the migration of the preview.
func (s *story) moved(ctx context.Context) (err error) {
	s.done, err = s.client.Migrate(ctx, request(true), client.IfMatch(s.etag), client.IdempotencyKey("demo-takeover-1"))
	s.heading("3. The real run of exactly that")
	s.exchange(s.seen.last())
	if err != nil {
		return err
	}
	s.linef("  %d SIMs have moved to %s.", s.done.SIMCount, s.done.TargetWorkspace.Name)
	s.explain("SIMs, devices, events and the record changed in one transaction: after a crash at any instant, either all of it is there or " +
		"none. If the response is lost, the same request with the same Idempotency-Key gets it again, and nothing moves twice.")
	return expect(!s.done.DryRun && !s.done.Replayed && s.done.SIMCount == moving, "%d SIMs moved", s.done.SIMCount)
}

// recorded prints the ledger entry of the real run.
func (s *story) recorded(ctx context.Context) error {
	id, ok := s.done.LedgerID()
	if !ok {
		return fmt.Errorf("no ledger entry in %q", s.done.Location)
	}
	entry, err := s.client.Migration(ctx, id)
	s.heading("4. The ledger: who moved what, SIM by SIM")
	s.exchange(s.seen.last())
	if err != nil {
		return err
	}
	s.linef("  %s, by %s", entry.Timestamp.Format(timeForm), entry.User.Name)
	s.linef("  %d SIMs from %s to %s:", entry.SIMCount, entry.SourceWorkspaces[0].Name, entry.TargetWorkspace.Name)
	suspended, released := changes(entry.SIMs)
	s.lines(entry.SIMs)
	s.explain(fmt.Sprintf("%d SIMs that were Activated are Suspended now, so that they carry no traffic before Fleet South activates them; the others "+
		"kept their status. %d left their devices, which stay in Fleet North. The entry is visible only to these two Workspaces.", suspended, released))
	if err := expect(entry.SIMCount == moving && suspended == activated && released == attached,
		"the entry has %d SIMs, %d suspended, %d released", entry.SIMCount, suspended, released); err != nil {
		return err
	}
	page, err := s.client.InWorkspace(south).ListSIMs(ctx, client.ListOptions{PerPage: 1})
	if err != nil {
		return err
	}
	return expect(page.Total == 100+moving, "Fleet South has %d SIMs", page.Total)
}

// changes counts the other changes of an entry's SIMs.
func changes(lines []api.MigrationLine) (suspended, released int) {
	for _, l := range lines {
		if l.Before.Status.ID == client.SIMActivated && l.After.Status.ID == client.SIMSuspended {
			suspended++
		}
		if l.Before.Endpoint != nil && l.After.Endpoint == nil {
			released++
		}
	}
	return suspended, released
}

func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

var errNone = errors.New("there was no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}
