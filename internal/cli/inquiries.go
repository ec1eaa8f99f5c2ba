package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
)

func inquiriesCommands(p Process) *cobra.Command {
	cmd := group("inquiries", "Answer requests of other companies for your SIMs", inquiriesList(p), inquiriesShow(p), inquiriesOffer(p), inquiriesDecline(p))
	cmd.Long = `An inquiry is a request of another Workspace for SIMs of yours ('simferry requests'). Make an offer
for it, or decline. The other side does not see that your Workspace has the SIMs unless you make an
offer.`
	return cmd
}

func inquiriesList(p Process) *cobra.Command {
	l := lister[api.Inquiry]{
		cmd: &cobra.Command{
			Use:   "list",
			Short: "List what other Workspaces ask of yours, the latest first",
			Long: `List what other Workspaces ask of yours, the latest first.
Filters: id, status (open, declined, offered, withdrawn, expired).`,
			Example: "  simferry inquiries list\n  simferry inquiries list --filter status:open",
			Args:    positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Inquiry], error) {
			return c.Inquiries(ctx, o)
		},
		columns: []column[api.Inquiry]{
			{name: "id", of: func(q api.Inquiry) any { return q.ID }},
			{name: "status", of: func(q api.Inquiry) any { return q.Status }},
			{name: "from", of: func(q api.Inquiry) any { return q.AskingWorkspace.Name }},
			{name: "sims", of: func(q api.Inquiry) any { return thousands(q.SIMCount) }},
			{name: "reference", of: func(q api.Inquiry) any { return q.Reference }},
			{name: "reason", of: func(q api.Inquiry) any { return q.Reason }},
			{name: "expires", of: func(q api.Inquiry) any { return instant(q.ExpiresAt.Time) }},
			{name: "created", wide: true, of: func(q api.Inquiry) any { return instant(q.CreatedAt.Time) }},
			{name: "offer", wide: true, of: func(q api.Inquiry) any { return refID(q.Offer) }},
		},
	}
	return l.command(p)
}

func inquiriesShow(p Process) *cobra.Command {
	return inquiryStep(p, &cobra.Command{
		Use:     "show ID",
		Short:   "Show an inquiry with its SIMs that your Workspace still has",
		Example: "  simferry inquiries show 17\n  simferry inquiries show 17 --output json",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.Inquiry, error) { return c.Inquiry(ctx, id) })
}

func inquiriesDecline(p Process) *cobra.Command {
	return inquiryStep(p, &cobra.Command{
		Use:     "decline ID",
		Short:   "Decline an inquiry",
		Long:    "Decline an inquiry. The Workspace that asks does not see it: its request stays open until it expires.",
		Example: "  simferry inquiries decline 17",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.Inquiry, error) {
		return c.DeclineInquiry(ctx, id, newKey())
	})
}

// inquiryStep returns a command that does something with an inquiry, and shows it as it is then.
func inquiryStep(p Process, cmd *cobra.Command, do func(context.Context, *client.Client, int64) (*api.Inquiry, error)) *cobra.Command {
	cmd.Args = positional("ID")
	return overAPI(p, cmd, func(ctx context.Context, a *apiCall, args []string) error {
		id, err := inquiryArgument(args)
		if err != nil {
			return err
		}
		q, err := do(ctx, a.client, id)
		if err != nil {
			return err
		}
		if *a.output == asJSON {
			return a.output.print(p.Stdout, answer{value: q})
		}
		a.screen.printInquiry(q)
		return nil
	})
}

func inquiryArgument(args []string) (int64, error) {
	return idArgument(args[0], "an inquiry", "simferry inquiries list")
}

// maxShownInquirySIMs is how many SIMs of an inquiry the screen lists.
const maxShownInquirySIMs = 20

func (s *screen) printInquiry(q *api.Inquiry) {
	s.line("Inquiry %d: %s asks for %s of yours: %s", q.ID, q.AskingWorkspace.Name, sims(q.SIMCount), q.Status)
	s.why(q.Reference, q.Reason)
	if len(q.SIMs) != q.SIMCount {
		s.line("  %s still in your Workspace", sims(len(q.SIMs)))
	}
	for i, sim := range q.SIMs {
		if i == maxShownInquirySIMs {
			s.line("  and %s more: --output json lists all", thousands(len(q.SIMs)-i))
			break
		}
		s.line("  %d  %s  %s", sim.ID, sim.ICCID, sim.Status.Description)
	}
	switch q.Status {
	case client.InquiryOpen:
		s.line("  It expires on %s UTC.", instant(q.ExpiresAt.Time))
		s.line("  To answer: simferry inquiries offer %d, or simferry inquiries decline %d", q.ID, q.ID)
	case client.InquiryOffered:
		s.line("  The offer: simferry offers show %v", refID(q.Offer))
	}
}

// inquiryOfferFlags are the flags of inquiries offer.
type inquiryOfferFlags struct {
	confirmFlags
	sims              []int64
	detach            bool
	statuses          []string
	expires           lastDay
	reference, reason string
}

func inquiriesOffer(p Process) *cobra.Command {
	f := &inquiryOfferFlags{}
	cmd := overAPI(p, &cobra.Command{
		Use:   "offer ID",
		Short: "Offer SIMs of an inquiry to the Workspace that asks for them",
		Long: `Offer SIMs of an inquiry to the Workspace that asks for them, without a receiving code. The command
first shows which facts the other side sees, and asks. Without --sim-id it offers all SIMs that your
Workspace still has. An inquiry becomes one offer.`,
		Example: `  simferry inquiries offer 17 --dry-run
  simferry inquiries offer 17 --sim-id 251 --reference "Order 4711" --yes`,
		Args: positional("ID"),
	}, func(ctx context.Context, a *apiCall, args []string) error { return f.do(ctx, a, args) })
	cmd.Flags().Int64SliceVar(&f.sims, "sim-id", nil, "a SIM to offer, by its id; can be repeated (default: all)")
	cmd.Flags().BoolVar(&f.detach, "detach", false, "take attached SIMs out of their devices when the offer is accepted")
	cmd.Flags().StringSliceVar(&f.statuses, "allow-status", nil, "offer only SIMs with this status; can be repeated: "+fleet.Keywords(fleet.SIMStatuses))
	cmd.Flags().Var(&f.expires, "expires", "expiry of the offer: 2026-12-31 (the end of that day in UTC) or 2026-12-31T18:00:00Z (default: in a week)")
	cmd.Flags().StringVar(&f.reference, "reference", "", "reference, such as an order number; both sides see it")
	cmd.Flags().StringVar(&f.reason, "reason", "", "reason; both sides see it")
	f.add(cmd)
	return cmd
}

func (f *inquiryOfferFlags) do(ctx context.Context, a *apiCall, args []string) error {
	id, err := inquiryArgument(args)
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
	preview, err := a.client.PreviewInquiryOffer(ctx, id, r)
	if err != nil {
		return err
	}
	return f.offer(ctx, a, preview, func() (*api.OfferResponse, error) { return a.client.OfferInquiry(ctx, id, r, newKey()) })
}

// request returns the offer that the flags describe.
func (f *inquiryOfferFlags) request() (r api.InquiryOfferRequest, err error) {
	r = api.InquiryOfferRequest{AutoDetachDevices: api.Some(f.detach), Reference: someText(f.reference), Reason: someText(f.reason)}
	if len(f.sims) > 0 {
		r.SIMs = api.Some(idRefs(f.sims))
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
