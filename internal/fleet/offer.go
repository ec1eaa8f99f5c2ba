package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// OfferID identifies an offer.
type OfferID int64

// OfferState is the state of an offer. Its SIMs are marked while it is open.
type OfferState string

// The states. An offer that has ended never changes again.
const (
	OfferPending   OfferState = "pending"   // the receiver has not answered
	OfferAccepting OfferState = "accepting" // a job moves the accepted SIMs
	OfferAccepted  OfferState = "accepted"
	OfferPartly    OfferState = "partly_accepted"
	OfferRefused   OfferState = "refused"
	OfferCancelled OfferState = "cancelled_by_giver"
	OfferExpired   OfferState = "expired"
	OfferWithdrawn OfferState = "withdrawn_by_operator"
)

// OfferStates lists every state.
var OfferStates = []OfferState{OfferPending, OfferAccepting, OfferAccepted, OfferPartly, OfferRefused, OfferCancelled, OfferExpired, OfferWithdrawn}

// Open reports whether the SIMs of an offer in this state are marked.
func (s OfferState) Open() bool { return s == OfferPending || s == OfferAccepting }

// Limits of offers.
const (
	MaxOfferSIMs = 10_000 // of one offer: they are marked in one transaction
	OfferLasts   = 7 * 24 * time.Hour
	MaxOfferTime = 90 * 24 * time.Hour
)

// Offer is an offer of SIMs of one Workspace, the source, to another, the target.
type Offer struct {
	ID              OfferID
	Code            CodeID // the receiving code that it was made with
	Source, Target  Workspace
	User            UserID // who made it
	Username        string
	State           OfferState
	DetachDevices   bool
	AllowedStatuses []SIMStatus // nil allows every status
	Note            Note
	Created         time.Time
	Expires         time.Time // without an answer until then
	NextAt          time.Time // when a server has to look at it; zero for never
	Reminders       int       // that are due or sent
	Decided         time.Time // when it was answered or cancelled, or expired; zero while it is pending
	DecidedBy       UserID    // 0 for the server
	DecidedName     string
	Ended           time.Time
	Entry           MigrationID // that moved its SIMs, 0 for none
	Job             JobID       // that moves its SIMs, 0 for none
	SIMs            int
	Accepted        int
	Refused         int
	Gone            int
}

// Incoming reports whether a Workspace receives the offer.
func (o Offer) Incoming(ws WorkspaceID) bool { return o.Target.ID == ws }

// ExpiredAt reports whether an offer can no longer be answered. It does not depend on whether a
// server has noticed yet.
func (o Offer) ExpiredAt(now time.Time) bool {
	return o.State == OfferPending && !now.Before(o.Expires)
}

// maxReminders is how many reminders a pending offer has: at half of its time, and an hour before
// its end.
const maxReminders = 2

// NextLook returns when a server has to look at a pending offer next: for a reminder, or its end.
func (o Offer) NextLook() time.Time {
	half, last := o.Created.Add(o.Expires.Sub(o.Created)/2), o.Expires.Add(-time.Hour)
	switch {
	case o.Reminders == 0 && half.Before(last):
		return half
	case o.Reminders < maxReminders && last.After(o.Created):
		return last
	}
	return o.Expires
}

// OfferSIMState is what has become of a SIM of an offer.
type OfferSIMState int8

// The states of SIMs of offers.
const (
	SIMOffered       OfferSIMState = 0
	SIMOfferAccepted OfferSIMState = 1
	SIMOfferRefused  OfferSIMState = 2 // it stays with the giver
	SIMOfferGone     OfferSIMState = 3 // it was deleted while the offer was open
)

// OfferSIMStates lists every state with its wire name.
var OfferSIMStates = []Named[OfferSIMState]{
	{ID: SIMOffered, Name: "offered"}, {ID: SIMOfferAccepted, Name: "accepted"}, {ID: SIMOfferRefused, Name: "refused"}, {ID: SIMOfferGone, Name: "gone"},
}

func (s OfferSIMState) String() string { return NameOf(OfferSIMStates, s) }

// OfferSIM is a SIM of an offer: the facts that cross to the receiver.
type OfferSIM struct {
	SIM    SIMID
	ICCID  ICCID
	Status SIMStatus // now while the offer is open, else as it was offered
	Model  ModelID
	State  OfferSIMState
	Reason string // of a refusal
}

// CodeID identifies a receiving code.
type CodeID int64

// ReceivingCode lets others offer SIMs to a Workspace. Its text is not kept.
type ReceivingCode struct {
	ID          CodeID
	Workspace   WorkspaceID
	User        UserID // who made it
	Username    string
	Description string
	SingleUse   bool
	MaxSIMs     int         // of all its offers, 0 for any number
	Sender      WorkspaceID // the only one that may use it, 0 for any
	Created     time.Time
	Expires     time.Time
	Revoked     time.Time
	Offers      int // made with it
	SIMs        int // in them
}

// CodeStatus is whether a receiving code can be used.
type CodeStatus string

// The statuses of receiving codes.
const (
	CodeValid   CodeStatus = "valid"
	CodeUsed    CodeStatus = "used"
	CodeExpired CodeStatus = "expired"
	CodeRevoked CodeStatus = "revoked"
)

// CodeStatuses lists every status.
var CodeStatuses = []CodeStatus{CodeValid, CodeUsed, CodeExpired, CodeRevoked}

// Status returns the status of a code.
func (c ReceivingCode) Status(now time.Time) CodeStatus {
	switch {
	case !c.Revoked.IsZero():
		return CodeRevoked
	case c.SingleUse && c.Offers > 0 || c.MaxSIMs > 0 && c.SIMs >= c.MaxSIMs:
		return CodeUsed
	case !now.Before(c.Expires):
		return CodeExpired
	}
	return CodeValid
}

// Admits reports whether a Workspace may use the code for an offer.
func (c ReceivingCode) Admits(sender WorkspaceID, now time.Time) bool {
	return c.Status(now) == CodeValid && (c.Sender == 0 || c.Sender == sender)
}

// Left returns how many SIMs may still be offered with the code, and -1 for any number.
func (c ReceivingCode) Left() int {
	if c.MaxSIMs == 0 {
		return -1
	}
	return max(0, c.MaxSIMs-c.SIMs)
}

// OfferSides decides by which authority the SIMs of an offer may move, on each side separately: the
// giver must administer the source now, and the receiver the target. giver is NoRole if the user
// who made the offer is not active.
func OfferSides(o Offer, giver, receiver Role) map[WorkspaceID]Standing {
	// Both see the SIMs of the offer, whatever they are in the Workspaces.
	source := Standing{Workspace: o.Source, Role: Observer}
	if giver.Administers() && o.Source.Status == WorkspaceEnabled {
		source.Other = AuthorityOffer
	}
	target := Standing{Workspace: o.Target, Role: receiver}
	if receiver.Administers() {
		target.Other = AuthorityOffer
	}
	return map[WorkspaceID]Standing{o.Source.ID: source, o.Target.ID: target}
}

// OfferRefusal is a SIM that the receiver does not take.
type OfferRefusal struct {
	SIM    SIMID
	Reason string
}

// OfferAnswer is what a receiver does with the SIMs of an offer. SIMs that it does not name are
// accepted if SIMs is nil, else refused.
type OfferAnswer struct {
	Offer    OfferID
	SIMs     []SIMID
	Refuse   []OfferRefusal
	Activate bool // keep Activated SIMs Activated
}

// MaxOfferReason is the maximum length of the reason of a refusal, in characters.
const MaxOfferReason = 200

// Acceptance is the effect of accepting an offer.
type Acceptance struct {
	Offer   Offer
	Plan    *Plan // of the accepted SIMs; nil if there are none
	Refused []OfferRefusal
	Gone    []SIMID
}

// Tag returns a text that differs if the answer has another effect: on which SIMs, in which status
// before and after. It depends on nothing that the receiver of an offer does not see.
func (a *Acceptance) Tag() string {
	h := sha256.New()
	line := func(kind string, id SIMID, more ...any) { _, _ = fmt.Fprintln(h, append([]any{kind, id}, more...)...) }
	if a.Plan != nil {
		for _, s := range a.Plan.SIMs {
			line("move", s.ID, int(s.Status), int(a.Plan.After(s).Status))
		}
	}
	for _, r := range a.Refused {
		line("refuse", r.SIM)
	}
	for _, id := range a.Gone {
		line("gone", id)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// PlanAcceptance plans the acceptance of an offer with the rules of PlanMigration. snap has the
// SIMs of the offer that exist, and the standings of OfferSides. It returns
//
//   - an Error BadRequest or NotFound if the answer names SIMs twice, or SIMs that are not in the offer;
//   - *Conflicts with every reason why accepted SIMs may not move;
//   - an Acceptance.
func PlanAcceptance(a OfferAnswer, o Offer, sims []OfferSIM, snap Snapshot) (*Acceptance, error) {
	taken, refused, err := a.split(sims)
	if err != nil {
		return nil, err
	}
	now := make(map[SIMID]SIMState, len(snap.SIMs))
	for _, s := range snap.SIMs {
		now[s.ID] = s
	}
	done := &Acceptance{Offer: o}
	req := o.request(a.Activate)
	for _, id := range taken {
		if s, found := now[id]; found && s.Offer == o.ID && s.Status != SIMDeleted {
			req.Select.SIMs = append(req.Select.SIMs, id)
		} else {
			done.Gone = append(done.Gone, id)
		}
	}
	if len(done.Gone) > 0 && a.SIMs != nil {
		return nil, goneConflict(done.Gone, sims, snap.Workspaces, o)
	}
	for _, r := range refused {
		if s, found := now[r.SIM]; found && s.Status != SIMDeleted {
			done.Refused = append(done.Refused, r)
		} else {
			done.Gone = append(done.Gone, r.SIM)
		}
	}
	if len(req.Select.SIMs) == 0 {
		return done, nil
	}
	done.Plan, err = PlanMigration(req, snap)
	var refusal *Conflicts
	if errors.As(err, &refusal) {
		refusal.withoutDevices()
		return nil, refusal
	}
	return done, err
}

// withoutDevices removes what the receiver of an offer must not see of its SIMs.
func (c *Conflicts) withoutDevices() {
	for i := range c.Groups {
		g := &c.Groups[i]
		if g.Code == NoAdminOnSource {
			g.Message = "The giver can no longer hand over these SIMs: ask for a new offer"
		}
		for j := range g.SIMs {
			g.SIMs[j].Device, g.SIMs[j].DeviceName = 0, ""
		}
	}
}

// request returns the migration that moves SIMs of the offer.
func (o Offer) request(activate bool) MigrationRequest {
	return MigrationRequest{
		Target: o.Target.ID, AllowedStatuses: o.AllowedStatuses, DetachDevices: o.DetachDevices, Activate: activate, Note: o.Note, Offer: o.ID,
	}
}

// split returns which of the SIMs of an offer the answer accepts, and which not.
func (a OfferAnswer) split(sims []OfferSIM) (taken []SIMID, refused []OfferRefusal, err error) {
	offered := make(map[SIMID]bool, len(sims))
	for _, s := range sims {
		offered[s.SIM] = true
	}
	no := make(map[SIMID]OfferRefusal, len(a.Refuse))
	var missing []string
	for _, r := range a.Refuse {
		if _, twice := no[r.SIM]; twice || slices.Contains(a.SIMs, r.SIM) {
			return nil, nil, Invalid("refuse", "SIM %d is named twice: accept it or refuse it", r.SIM)
		}
		if !offered[r.SIM] {
			missing = append(missing, missingSIM("id", r.SIM))
		}
		no[r.SIM] = r
	}
	yes := make(map[SIMID]bool, len(a.SIMs))
	for _, id := range a.SIMs {
		if !offered[id] {
			missing = append(missing, missingSIM("id", id))
		}
		yes[id] = true
	}
	if err := missingThings(missing); err != nil {
		return nil, nil, err
	}
	for _, s := range sims {
		r, isRefused := no[s.SIM]
		switch {
		case isRefused:
			refused = append(refused, r)
		case a.SIMs == nil || yes[s.SIM]:
			taken = append(taken, s.SIM)
		default:
			refused = append(refused, OfferRefusal{SIM: s.SIM})
		}
	}
	return taken, refused, nil
}

// goneConflict refuses to accept SIMs by name that do not exist any more.
func goneConflict(gone []SIMID, sims []OfferSIM, workspaces map[WorkspaceID]Standing, o Offer) error {
	g := Conflict{Code: SIMsChanged, Message: "SIM(s) deleted since they were offered"}
	for _, s := range sims {
		if slices.Contains(gone, s.SIM) {
			g.SIMs = append(g.SIMs, SIMState{ID: s.SIM, ICCID: s.ICCID, Status: SIMDeleted, Workspace: o.Source.ID})
		}
	}
	return &Conflicts{Groups: []Conflict{g}, sources: workspaces}
}

// PlanOffer plans what an offer would move if it were accepted at once. The source is the Workspace
// of the caller, whose role there is role; the receiving code stands for the consent of the target.
// snap has the SIMs and the rules. It returns an Error NotFound for SIMs that are not in the
// source, or *Conflicts.
func PlanOffer(o Offer, role Role, sel Selector, snap Snapshot) (*Plan, error) {
	snap.Workspaces = map[WorkspaceID]Standing{o.Source.ID: {Workspace: o.Source, Role: role}}
	if o.Source.ID != o.Target.ID {
		snap.Workspaces[o.Target.ID] = Standing{Workspace: o.Target, Role: NoRole, Other: AuthorityOffer}
	}
	req := o.request(false)
	req.Select = sel
	return PlanMigration(req, snap)
}

// End returns the offer as it ends, with a state that says how, and the counts of its SIMs.
func (o Offer) End(state OfferState, accepted, refused, gone int, at time.Time) Offer {
	o.Accepted, o.Refused, o.Gone = accepted, refused, gone
	if state == "" {
		switch {
		case accepted == 0:
			state = OfferRefused
		case refused+gone > 0:
			state = OfferPartly
		default:
			state = OfferAccepted
		}
	}
	o.State, o.Ended, o.NextAt = state, at, time.Time{}
	if o.Decided.IsZero() {
		o.Decided = at
	}
	return o
}

// Words returns the offer as part of an event's description.
func (id OfferID) Words() string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf(", offer %d", id)
}

// OfferList is what the list of offers can be filtered and sorted by.
var OfferList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "direction", Kind: TextField, NoSort: true, Values: []string{"incoming", "outgoing"}},
		{Name: "status", Kind: TextField, NoSort: true, Values: texts(OfferStates...)},
		{Name: "reference", Kind: TextField, NoSort: true},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}

// OfferSIMList is what the SIMs of an offer can be filtered by.
var OfferSIMList = ListSpec{
	Fields:      []ListField{{Name: "id", NoFilter: true}, {Name: "state", Kind: TextField, NoSort: true, Values: names(OfferSIMStates)}},
	DefaultSort: Order{Field: "id"},
	PerPage:     500,
	MaxPerPage:  2500,
}

// ReceivingCodeList is what the list of receiving codes can be sorted by.
var ReceivingCodeList = ListSpec{
	Fields:      []ListField{{Name: "id"}},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}
