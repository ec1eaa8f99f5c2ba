package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// confirmFlags are the flags of commands that show a preview and ask for confirmation.
type confirmFlags struct{ dryRun, yes bool }

func (f *confirmFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would happen, and change nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
}

// check refuses to ask for confirmation without a terminal.
func (f *confirmFlags) check(p Process) error {
	if _, terminal := p.terminal(); !terminal && !f.yes && !f.dryRun {
		return usagef("there is no terminal to ask on: use --yes or --dry-run")
	}
	return nil
}

// confirm asks the user to type the number of SIMs.
func (f *confirmFlags) confirm(ctx context.Context, p Process, n int, verb string) error {
	if f.yes {
		return nil
	}
	typed, err := p.ask(ctx, fmt.Sprintf("\nType %d to %s, anything else to cancel: ", n, verb))
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if digits(typed) != fmt.Sprint(n) {
		return errors.New("nothing was changed: the number that you typed is not the number of SIMs")
	}
	return nil
}

// offer shows a preview of an offer, asks for confirmation and makes the offer.
func (f *confirmFlags) offer(ctx context.Context, a *apiCall, preview *api.OfferResponse, do func() (*api.OfferResponse, error)) error {
	if f.dryRun && *a.output == asJSON {
		return a.output.print(a.process.Stdout, answer{value: preview})
	}
	a.screen.printOfferPreview(preview)
	if f.dryRun {
		return nil
	}
	if err := f.confirm(ctx, a.process, preview.SIMCount, "offer them"); err != nil {
		return err
	}
	made, err := do()
	if err != nil {
		return err
	}
	if *a.output == asJSON {
		return a.output.print(a.process.Stdout, answer{value: made})
	}
	a.screen.line("Offer %d is made. To take it back while it is pending: simferry offers cancel %d", made.ID, made.ID)
	return nil
}

// offerFlags are the flags of offers make.
type offerFlags struct {
	confirmFlags
	selection         selection
	code              string
	detach            bool
	statuses          []string
	expires           lastDay
	reference, reason string
}

func offersMake(p Process) *cobra.Command {
	f := &offerFlags{}
	cmd := overAPI(p, &cobra.Command{
		Use:   "make",
		Short: "Offer SIMs to the Workspace of a receiving code",
		Long: `Offer SIMs of your Workspace to the Workspace of a receiving code. The command first shows which
facts the receiver sees, and asks. While the offer is open nothing else can move its SIMs.
Name SIMs with any mix of --iccid, --iccid-range, --sim-id and --file, or with --filter.`,
		Example: `  simferry offers make --code ABCDEFGH-IJKLMNOP-QRSTUVWX-YZ234567 --file meters.csv --dry-run
  simferry offers make --code - --filter status:suspended --reference "Order 4711" --yes < code.txt`,
		Args: positional(),
	}, func(ctx context.Context, a *apiCall, _ []string) error { return f.do(ctx, a) })
	cmd.Flags().StringVar(&f.code, "code", "", "the receiving code, or - to read it from standard input (required)")
	f.selection.flags(cmd)
	cmd.Flags().BoolVar(&f.detach, "detach", false, "take attached SIMs out of their devices when the offer is accepted")
	cmd.Flags().StringSliceVar(&f.statuses, "allow-status", nil, "offer only SIMs with this status; can be repeated: "+fleet.Keywords(fleet.SIMStatuses))
	cmd.Flags().Var(&f.expires, "expires", "expiry: 2026-12-31 (the end of that day in UTC) or 2026-12-31T18:00:00Z (default: in a week)")
	cmd.Flags().StringVar(&f.reference, "reference", "", "reference, such as an order number; both sides see it")
	cmd.Flags().StringVar(&f.reason, "reason", "", "reason; both sides see it")
	f.add(cmd)
	return cmd
}

func (f *offerFlags) do(ctx context.Context, a *apiCall) error {
	if err := f.check(a.process); err != nil {
		return err
	}
	r, err := f.request(ctx, a)
	if err != nil {
		return err
	}
	preview, err := a.client.PreviewOffer(ctx, r)
	if err != nil {
		return err
	}
	return f.offer(ctx, a, preview, func() (*api.OfferResponse, error) { return a.client.MakeOffer(ctx, r, newKey()) })
}

// request returns the offer that the flags describe.
func (f *offerFlags) request(ctx context.Context, a *apiCall) (r api.OfferRequest, err error) {
	if f.code == "" {
		return r, usagef("%s needs --code: ask the receiver for a receiving code", a.cmd.CommandPath())
	}
	if f.code == "-" && slices.Contains(f.selection.files, "-") {
		return r, usagef("--code - and --file - both read standard input: use one of them")
	}
	if err := f.selection.check(); err != nil {
		return r, err
	}
	if f.code, err = a.readArgument(f.code); err != nil {
		return r, err
	}
	wanted, err := f.selection.read(a.process)
	if err != nil {
		return r, err
	}
	from, err := a.process.filterSource(ctx, a.client, a.profile, f.selection)
	if err != nil {
		return r, err
	}
	sel := jobSelect(wanted, from)
	r = api.OfferRequest{
		Code: api.Some(f.code), AutoDetachDevices: api.Some(f.detach), Reference: someText(f.reference), Reason: someText(f.reason),
		Select: &api.OfferSelect{SIMs: sel.SIMs, ICCIDs: sel.ICCIDs, ICCIDRanges: sel.ICCIDRanges, Filter: sel.Filter},
	}
	if at := time.Time(f.expires); !at.IsZero() {
		r.ExpiresAt = api.Some(at.Format(time.RFC3339))
	}
	if len(f.statuses) > 0 {
		ids, err := allowedStatuses(f.statuses)
		if err != nil {
			return r, err
		}
		r.AllowedSIMStatuses = api.Some(idRefs(ids))
	}
	return r, nil
}

// readArgument returns the value of a flag, or the first line of standard input for "-".
func (a *apiCall) readArgument(value string) (string, error) {
	if value != "-" {
		return value, nil
	}
	text, err := io.ReadAll(io.LimitReader(a.process.Stdin, 1<<10))
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), err
}

// acceptFlags are the flags of offers accept.
type acceptFlags struct {
	confirmFlags
	sims, refused []int64
	reason        string
	activate      bool
}

func offersAccept(p Process) *cobra.Command {
	f := &acceptFlags{}
	cmd := overAPI(p, &cobra.Command{
		Use:   "accept ID",
		Short: "Take the SIMs of an offer into your Workspace, all or some",
		Long: `Take the SIMs of an offer into your Workspace. The command first shows what would happen, and asks.
Without --sim-id and --refuse-sim-id it takes all SIMs. The SIMs that you do not take are refused,
and the offer has ended.`,
		Example: `  simferry offers accept 31 --dry-run
  simferry offers accept 31 --refuse-sim-id 251 --reason "wrong tariff" --yes
  simferry offers accept 31 --activate`,
		Args: positional("ID"),
	}, func(ctx context.Context, a *apiCall, args []string) error { return f.do(ctx, a, args) })
	cmd.Flags().Int64SliceVar(&f.sims, "sim-id", nil, "a SIM to take, by its id; can be repeated (default: all that are not refused)")
	cmd.Flags().Int64SliceVar(&f.refused, "refuse-sim-id", nil, "a SIM to refuse, by its id; can be repeated")
	cmd.Flags().StringVar(&f.reason, "reason", "", "reason of the refusal of --refuse-sim-id; the giver sees it")
	cmd.Flags().BoolVar(&f.activate, "activate", false, "keep Activated SIMs online instead of suspending them on arrival")
	f.add(cmd)
	return cmd
}

func (f *acceptFlags) do(ctx context.Context, a *apiCall, args []string) error {
	id, err := offerArgument(args)
	if err != nil {
		return err
	}
	if err := f.check(a.process); err != nil {
		return err
	}
	r, err := f.request()
	if err != nil {
		return err
	}
	preview, err := a.client.PreviewAcceptance(ctx, id, r)
	if err != nil {
		return err
	}
	if f.dryRun && *a.output == asJSON {
		return a.output.print(a.process.Stdout, answer{value: preview})
	}
	if *a.output == asTable {
		a.screen.printAcceptance(preview)
	}
	if f.dryRun {
		return nil
	}
	if err := f.confirm(ctx, a.process, preview.SIMCount, "accept them"); err != nil {
		return err
	}
	done, err := a.client.AcceptOffer(ctx, id, r, newKey())
	if err != nil {
		return err
	}
	if *a.output == asJSON {
		return a.output.print(a.process.Stdout, answer{value: done})
	}
	a.screen.printAcceptance(done)
	return nil
}

// request returns the answer that the flags describe.
func (f *acceptFlags) request() (r api.OfferAcceptRequest, err error) {
	if f.reason != "" && len(f.refused) == 0 {
		return r, usagef("--reason needs --refuse-sim-id: use both")
	}
	if len(f.sims) > 0 {
		r.SIMs = api.Some(idRefs(f.sims))
	}
	for _, sim := range f.refused {
		r.Refuse = append(r.Refuse, api.OfferRefusal{ID: api.RefTo(sim).ID, Reason: f.reason})
	}
	if f.activate {
		r.Landing = &api.JobLanding{Status: "activate"}
	}
	return r, nil
}
