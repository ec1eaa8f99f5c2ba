package demo

import (
	"context"
	_ "embed" // for the world
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

//go:embed twosides.yaml
var twoSidesWorld []byte

// The numbers and words of the world file, and of the hand-over.
const (
	giverWorkspace, receiverWorkspace = 100, 300

	firstMeter, lastMeter = "8988303000000300001", "8988303000000300300"
	offered, unwanted     = 300, 2
	firstLater, lastLater = "8988303000000300301", "8988303000000300340"
	later                 = 40

	order        = "Order 4711"
	refusal      = "Factory test SIM, not a meter"
	receiverPass = "staple battery"
)

// side is one of the two companies.
type side struct {
	company  string
	role     string // giver or receiver
	username string
	password string
	client   *client.Client
	seen     *recorder
}

// twoSides has the steps of the hand-over between two companies. Each step is one request of one
// side.
type twoSides struct {
	*printer
	giver, receiver side
	code            string
	offer           int64
	refuse          []api.OfferRefusal
	migration       int64
}

func newTwoSides(t *printer) *twoSides {
	return &twoSides{
		printer:  t,
		giver:    side{company: "Fleet North", role: "giver", username: "giver@example.com", password: password},
		receiver: side{company: "City Meters", role: "receiver", username: "receiver@example.com", password: receiverPass},
	}
}

func (s *twoSides) world() []byte { return twoSidesWorld }

func (s *twoSides) signIn(url string, connect connector) (err error) {
	for _, c := range []*side{&s.giver, &s.receiver} {
		if c.client, c.seen, err = connect(url, c.username, c.password); err != nil {
			return err
		}
	}
	return nil
}

func (s *twoSides) steps() []func(context.Context) error {
	return []func(context.Context) error{
		s.companies, s.strangers, s.makeCode, s.preview, s.make, s.look, s.previewAnswer, s.answer, s.refused, s.giverLedger, s.receiverLedger, s.oneMore,
	}
}

// begin prints the head of a step: its side and its heading.
func (s *twoSides) begin(n int, c side, heading string) {
	s.heading(fmt.Sprintf("%d. %s", n, heading))
	s.linef("  %s, the %s (%s)", s.strong(c.company), c.role, c.username)
	s.line("")
	s.exchange(c.seen.last())
}

// companies shows the two companies before the hand-over, each as its own users see it.
func (s *twoSides) companies(ctx context.Context) error {
	s.title("Simferry: 300 meters change hands between two companies")
	s.prose("Fleet North sells 300 electricity meters to City Meters, with the SIMs in them. The companies share a server, but " +
		"no user is Administrator of both, so no user can simply move the SIMs. An offer does it: the giver offers, the receiver looks and decides SIM by SIM. " +
		"Everything below is sent over HTTP to a server that runs here, on a database that is thrown away at the end.")
	s.line("")
	for _, c := range []struct {
		side
		want int
	}{{s.giver, 500}, {s.receiver, 80}} {
		page, err := c.client.ListSIMs(ctx, client.ListOptions{PerPage: 1})
		if err != nil {
			return err
		}
		s.linef("  %s  %3d SIMs   the %s, %s", s.strong(c.company), page.Total, c.role, c.username)
		if err := expect(page.Total == c.want, "%s has %d SIMs, not %d", c.company, page.Total, c.want); err != nil {
			return err
		}
	}
	return nil
}

func meters() *api.ICCIDRange { return &api.ICCIDRange{Start: firstMeter, End: lastMeter} }

// strangers shows that the giver cannot see the receiver's Workspace.
func (s *twoSides) strangers(ctx context.Context) error {
	_, err := s.giver.client.Preview(ctx, client.MigrationRequest{Target: receiverWorkspace, Range: meters(), DetachDevices: true})
	s.begin(1, s.giver, "Why not simply move them?")
	if err == nil {
		return errNone
	}
	if refusal, ok := errors.AsType[*client.APIError](err); ok {
		s.linef("  %s %s", s.strong(strconv.Itoa(refusal.Code)), refusal.Message)
	}
	s.explain("To Fleet North, the Workspace of City Meters does not exist: the response is the same as for an id that does not exist. " +
		"A company cannot find out who else is on the server, or put SIMs into a Workspace that has not asked for them.")
	return expect(client.IsNotFound(err), "the dry run had another result: %w", err)
}

// makeCode makes the receiving code.
func (s *twoSides) makeCode(ctx context.Context) error {
	code, err := s.receiver.client.CreateReceivingCode(ctx, api.ReceivingCodeRequest{Description: api.Some(order), MaxSIMs: api.Some(offered)})
	s.begin(2, s.receiver, "The receiver makes a code")
	if err != nil {
		return err
	}
	s.code = code.Code
	s.linef("  The code is %s", s.strong(s.code))
	s.explain("Its holder can offer SIMs to City Meters: once, at most 300, within a week. It is shown here and never again. " +
		"City Meters passes it on outside the system, for example in the contract of sale.")
	return expect(s.code != "", "there is no code")
}

func (s *twoSides) request(r *api.ICCIDRange) api.OfferRequest {
	return api.OfferRequest{
		Code: api.Some(s.code), Select: &api.OfferSelect{ICCIDRanges: []api.ICCIDRange{*r}}, AutoDetachDevices: api.Some(true),
		Reference: api.Some(order), Reason: api.Some("The meters of the river district"),
	}
}

// preview shows what the receiver would see.
func (s *twoSides) preview(ctx context.Context) error {
	p, err := s.giver.client.PreviewOffer(ctx, s.request(meters()))
	s.begin(3, s.giver, "The giver asks what the receiver would see")
	if err != nil {
		return err
	}
	s.linef("  %d SIMs for %s.", p.SIMCount, p.TargetWorkspace.Name)
	s.facts("It sees of each", p.Crosses)
	s.facts("It does not see", p.Stays)
	s.explain("The preview names the receiver, so a wrong code is noticed before anything crosses. It changes nothing.")
	return expect(p.DryRun && p.SIMCount == offered && p.TargetWorkspace.Name == s.receiver.company, "it previews %d SIMs for %s", p.SIMCount, p.TargetWorkspace.Name)
}

// make makes the offer.
func (s *twoSides) make(ctx context.Context) error {
	made, err := s.giver.client.MakeOffer(ctx, s.request(meters()), client.IdempotencyKey("demo-offer-1"))
	s.begin(4, s.giver, "The giver makes the offer")
	if err != nil {
		return err
	}
	s.offer = made.ID
	s.linef("  Offer %d is %s, until %s.", made.ID, made.Status, made.ExpiresAt.Format(timeForm))
	s.explain("No SIM has moved. The 300 SIMs work as before, but nothing else can move them until the offer has ended. " +
		"The giver can take it back at any time. Without an answer in time, every SIM stays.")
	return expect(made.Status == client.OfferPending && made.SIMCount == offered, "offer %d of %d SIMs is %s", made.ID, made.SIMCount, made.Status)
}

// look reads the SIMs as the receiver sees them, and finds those that it does not want.
func (s *twoSides) look(ctx context.Context) error {
	page, err := s.receiver.client.OfferSIMs(ctx, s.offer, client.ListOptions{PerPage: offered})
	s.begin(5, s.receiver, "The receiver looks, SIM by SIM")
	if err != nil {
		return err
	}
	counts := make(map[string]int)
	for i, sim := range page.Items {
		counts[sim.Status.Description]++
		if odd := sim.Status.ID == client.SIMFactoryTest; odd || i < few {
			s.linef("     %s  %s", sim.ICCID, sim.Status.Description)
			if odd {
				s.refuse = append(s.refuse, api.OfferRefusal{ID: api.RefTo(sim.ID).ID, Reason: refusal})
			}
		}
		if i == few {
			s.linef("     ...")
		}
	}
	s.line("")
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		s.linef("  %3d %s", counts[status], status)
	}
	s.explain("298 are meters that are in use. Two are not: they are Factory Test SIMs that were never in a meter. The receiver sees no device, no user and no history of Fleet North.")
	return expect(len(page.Items) == offered && len(s.refuse) == unwanted, "%d SIMs, %d of them for tests", len(page.Items), len(s.refuse))
}

// previewAnswer shows what the answer would do.
func (s *twoSides) previewAnswer(ctx context.Context) error {
	p, err := s.receiver.client.PreviewAcceptance(ctx, s.offer, api.OfferAcceptRequest{Refuse: s.refuse})
	s.begin(6, s.receiver, "The receiver asks what an answer would do")
	if err != nil {
		return err
	}
	s.linef("  %d SIMs would move to %s, %d would stay.", p.SIMCount, s.receiver.company, p.RefusedCount)
	for _, sim := range p.SIMs[:min(few, len(p.SIMs))] {
		s.linef("     %s  %s -> %s", sim.ICCID, sim.Status.Description, sim.StatusAfter.Description)
	}
	s.more(p.SIMCount)
	s.explain("Activated SIMs arrive Suspended, so they are offline until City Meters activates them. With \"landing\": {\"status\": \"activate\"} they stay online.")
	return expect(p.DryRun && p.SIMCount == offered-unwanted && p.RefusedCount == unwanted, "%d would move, %d stay", p.SIMCount, p.RefusedCount)
}

// answer accepts all SIMs but two.
func (s *twoSides) answer(ctx context.Context) error {
	done, err := s.receiver.client.AcceptOffer(ctx, s.offer, api.OfferAcceptRequest{Refuse: s.refuse}, client.IdempotencyKey("demo-answer-1"))
	s.begin(7, s.receiver, "The receiver accepts 298 and refuses 2")
	if err != nil {
		return err
	}
	if done.Offer.Migration != nil {
		s.migration = int64(*done.Offer.Migration.ID)
	}
	s.linef("  %d SIMs have moved to %s. Offer %d is %s.", done.SIMCount, s.receiver.company, s.offer, done.Offer.Status)
	s.explain("The SIMs, the offer and the ledger changed in one transaction, with the rights that both sides have now: if the giver had lost theirs, nothing would have moved.")
	return expect(done.SIMCount == offered-unwanted && done.Offer.Refused == unwanted && done.Offer.Status == client.OfferPartlyAccepted && s.migration != 0,
		"%d moved, %d refused, the offer is %s", done.SIMCount, done.Offer.Refused, done.Offer.Status)
}

// refused shows the giver why two SIMs stay.
func (s *twoSides) refused(ctx context.Context) error {
	page, err := s.giver.client.OfferSIMs(ctx, s.offer, client.ListOptions{Filter: "state:refused"})
	s.begin(8, s.giver, "The giver reads what came back")
	if err != nil {
		return err
	}
	for _, sim := range page.Items {
		s.linef("     %s  %s  %s", sim.ICCID, sim.State, sim.Reason)
	}
	s.explain("The two SIMs stay in Fleet North with the receiver's reason, and can be moved or offered again.")
	return expect(page.Total == unwanted && page.Items[0].Reason == refusal, "%d SIMs are refused", page.Total)
}

func (s *twoSides) giverLedger(ctx context.Context) error {
	if err := s.ledger(ctx, 9, s.giver, "The ledger, as the giver reads it"); err != nil {
		return err
	}
	s.explain("The giver sees from which device each SIM came. It does not see who accepted it at City Meters.")
	return nil
}

func (s *twoSides) receiverLedger(ctx context.Context) error {
	if err := s.ledger(ctx, 10, s.receiver, "The same entry, as the receiver reads it"); err != nil {
		return err
	}
	s.explain("The same move, reduced to what this side may know: its own user, and no devices of Fleet North.")
	return nil
}

// ledger prints the entry of the hand-over as one side reads it.
func (s *twoSides) ledger(ctx context.Context, n int, c side, heading string) error {
	entry, err := c.client.Migration(ctx, s.migration)
	s.begin(n, c, heading)
	if err != nil {
		return err
	}
	if err := expect(entry.SIMCount == offered-unwanted && len(entry.SIMs) == entry.SIMCount && len(entry.SourceWorkspaces) == 1, "the entry has %d SIMs", entry.SIMCount); err != nil {
		return err
	}
	source, who := entry.SourceWorkspaces[0], "a user of the other side"
	if entry.User != nil {
		who = entry.User.Name
	}
	s.linef("  what    %d SIMs from %s to %s", entry.SIMCount, source.Name, entry.TargetWorkspace.Name)
	s.linef("  when    %s", entry.Timestamp.Format(timeForm))
	s.linef("  who     %s", who)
	s.linef("  why     %s: %s", entry.Reference, entry.Reason)
	first := entry.SIMs[0]
	s.linef("  before  %s  %s, %s", first.ICCID, first.Before.Status.Description, place(first.Before.Workspace, first.Before.Endpoint))
	s.linef("  after   %19s  %s, %s", "", first.After.Status.Description, place(first.After.Workspace, first.After.Endpoint))
	s.linef("          and %d more", entry.SIMCount-1)
	own := c.role == s.receiver.role
	return expect((entry.User != nil) == own && (first.Before.Endpoint == nil) == own, "the %s sees user %v, device %v", c.role, entry.User, first.Before.Endpoint)
}

// oneMore makes another offer, which the reader can answer in the console.
func (s *twoSides) oneMore(ctx context.Context) error {
	code, err := s.receiver.client.CreateReceivingCode(ctx, api.ReceivingCodeRequest{Description: api.Some(order + ", second delivery")})
	if err != nil {
		return err
	}
	s.code = code.Code
	r := s.request(&api.ICCIDRange{Start: firstLater, End: lastLater})
	r.Reason = api.Some("The second delivery")
	made, err := s.giver.client.MakeOffer(ctx, r)
	if err != nil {
		return err
	}
	s.offer = made.ID
	return expect(made.SIMCount == later && made.Status == client.OfferPending, "the second offer has %d SIMs", made.SIMCount)
}

// closing prints how to continue.
func (s *twoSides) closing(url string) {
	s.heading("Now you")
	s.prose("Fleet North has offered " + strconv.Itoa(later) + " more SIMs. Open the console from both chairs, the second one in a private window, and answer:")
	s.line("")
	s.linef("  Receiver  %s/offers/%d", url, s.offer)
	s.linef("            %s  %s", s.receiver.username, s.receiver.password)
	s.linef("  Giver     %s/offers?show=sent", url)
	s.linef("            %s     %s", s.giver.username, s.giver.password)
	s.line("")
	s.linef("  API       %s/api/v1", url)
	s.linef("  Docs      %s/docs", url)
	s.line("")
	s.line("Ctrl-C stops the server and removes its database.")
}

// facts prints a list of facts, wrapped below each other.
func (s *twoSides) facts(label string, list []string) {
	line := fmt.Sprintf("  %-16s", label)
	for i, fact := range list {
		if i < len(list)-1 {
			fact += ","
		}
		if len(line)+1+len(fact) > width {
			s.line(line)
			line = fmt.Sprintf("  %-16s", "")
		}
		line += " " + fact
	}
	s.line(line)
}
