package operator

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// intakeBatch is how many SIMs are checked and inserted at a time.
const intakeBatch = 5000

// intake imports SIMs into the inventory, in batches within one transaction. After the first
// problem it inserts no more SIMs, but continues checking.
type intake struct {
	tx         *store.Tx
	workspaces map[fleet.WorkspaceID]fleet.Workspace // all of them
	models     map[fleet.ModelID]fleet.Model
	batches    map[string]int // SIMs of this import, by batch
	problems   *fleet.Problems
	sum        store.Intake
	kept       int // existing SIMs
}

func newIntake(ctx context.Context, tx *store.Tx, workspaces map[fleet.WorkspaceID]fleet.Workspace, p *fleet.Problems) (*intake, error) {
	models, err := tx.Models(ctx, nil)
	return &intake{tx: tx, workspaces: workspaces, models: models, batches: make(map[string]int), problems: p}, err
}

// knownSIMs holds what the database knows about the SIMs of one batch.
type knownSIMs struct {
	registered map[string]fleet.WorkspaceID // by batch code
	iccids     map[fleet.SIMID]fleet.ICCID
	holders    map[fleet.ICCID]fleet.SIMID
	devices    map[fleet.DeviceID]store.DeviceRecord
}

// take checks one batch and inserts its new SIMs. A SIM with the same ID and ICCID stays as it
// is. place returns the name of SIM i for messages.
func (in *intake) take(ctx context.Context, batch []fleet.SIM, place func(i int) string) error {
	known, err := in.lookUp(ctx, batch)
	if err != nil {
		return err
	}
	fresh := make([]fleet.SIM, 0, len(batch))
	for i, s := range batch {
		iccid, there := known.iccids[s.ID]
		switch {
		case !there:
			fresh = append(fresh, in.complete(s))
			in.check(s, known, func() string { return place(i) })
		case iccid != s.ICCID:
			in.problems.Add(fleet.Duplicated, "%s: id: SIM %d has the ICCID %s: choose another id", place(i), s.ID, iccid)
		default:
			in.kept++
		}
	}
	if in.problems.Total() > 0 || len(fresh) == 0 {
		return nil
	}
	added, err := in.tx.InsertSIMs(ctx, fresh)
	if err == nil && len(added) < len(fresh) {
		return store.ErrRaced // another transaction has taken an ID
	}
	in.sum.Add(added)
	return err
}

func (in *intake) lookUp(ctx context.Context, batch []fleet.SIM) (known knownSIMs, err error) {
	ids, iccids := make([]fleet.SIMID, len(batch)), make([]fleet.ICCID, len(batch))
	var devices []fleet.DeviceID
	batches := make(map[string]bool)
	for i, s := range batch {
		if s.BIC != "" {
			batches[s.BIC] = true
		}
		ids[i], iccids[i] = s.ID, s.ICCID
		if s.Device != 0 {
			devices = append(devices, s.Device)
		}
	}
	if len(batches) > 0 {
		if known.registered, err = in.tx.RegisteredBatches(ctx, slices.Collect(maps.Keys(batches))); err != nil {
			return known, err
		}
	}
	if known.iccids, err = in.tx.ICCIDs(ctx, ids); err != nil {
		return known, err
	}
	if known.holders, err = in.tx.Holders(ctx, iccids); err != nil || len(devices) == 0 {
		return known, err
	}
	known.devices, err = in.tx.Devices(ctx, devices)
	return known, err
}

// check reports why a new SIM cannot be imported.
func (in *intake) check(s fleet.SIM, known knownSIMs, place func() string) {
	for _, ref := range [...]struct {
		field string
		id    fleet.WorkspaceID
	}{{"workspace", s.Workspace}, {"issuer", s.Issuer}, {"reseller", s.Reseller}} {
		if _, found := in.workspaces[ref.id]; ref.id != 0 && !found {
			in.problems.Add(fleet.InvalidReference, "%s: %s: %s", place(), ref.field, noWorkspace(ref.id))
		}
	}
	if s.Workspace == 0 {
		in.problems.Add(fleet.Required, "%s: workspace: it is empty: give a Workspace here, or a default Workspace for the whole list", place())
	}
	if holder, taken := known.holders[s.ICCID]; taken && s.Status != fleet.SIMDeleted {
		in.problems.Add(fleet.Duplicated, "%s: iccid: %s already belongs to SIM %d: leave this one out", place(), s.ICCID, holder)
	}
	if _, found := in.models[s.Model]; s.Model != 0 && !found {
		in.problems.Add(fleet.InvalidReference, "%s: model: there is no model %d: leave it out for the standard model", place(), s.Model)
	}
	if s.BIC != "" {
		in.checkBatch(s, known, place)
	}
	if fault := placementFault(s, known.devices[s.Device]); s.Device != 0 && fault != "" {
		in.problems.Add(fleet.InvalidReference, "%s: device: device %d %s", place(), s.Device, fault)
	}
}

// MaxBatch is the most SIMs in one batch. They are registered in one transaction.
const MaxBatch = 10_000

// checkBatch refuses SIMs that could not be registered together with their batch.
func (in *intake) checkBatch(s fleet.SIM, known knownSIMs, place func() string) {
	in.batches[s.BIC]++
	switch stock := in.complete(s); {
	case known.registered[s.BIC] != 0:
		in.problems.Add(fleet.NotAllowed, "%s: bic: batch %s is already registered: choose another code", place(), s.BIC)
	case in.batches[s.BIC] == MaxBatch+1:
		in.problems.Add(fleet.OutOfRange, "%s: bic: batch %s has more than %d SIMs: split it", place(), s.BIC, MaxBatch)
	case stock.Workspace != stock.Issuer:
		in.problems.Add(fleet.NotAllowed, "%s: bic: the SIM is in Workspace %d: a SIM with a batch code must be in that of its issuer, %d", place(), stock.Workspace, stock.Issuer)
	}
}

// placementFault returns why a SIM cannot be in a device, or "". The zero device stands for a
// missing one.
func placementFault(s fleet.SIM, d store.DeviceRecord) string {
	switch {
	case d.ID == 0:
		return "does not exist: import it first, or leave it out"
	case d.Status == fleet.DeviceDeleted:
		return "is deleted: choose another, or leave it out"
	case d.SIM != 0:
		return "holds another SIM already: choose another, or leave it out"
	case d.Workspace != s.Workspace:
		return "is in another Workspace than the SIM: choose one of the SIM's, or leave it out"
	}
	return ""
}

// complete sets the fields that the file left out. A Workspace without a parent issues its own
// SIMs.
func (in *intake) complete(s fleet.SIM) fleet.SIM {
	if s.Issuer == 0 {
		s.Issuer = s.Workspace
		if parent := in.workspaces[s.Workspace].Parent; parent != 0 {
			s.Issuer = parent
		}
	}
	s.Model = cmp.Or(s.Model, fleet.StandardModel)
	if s.Produced.IsZero() {
		s.Produced = in.tx.Now()
	}
	if s.Status == fleet.SIMActivated && s.Activated.IsZero() {
		s.Activated = in.tx.Now()
	}
	return s
}

// finish writes the ledger entry, unless no SIM was imported.
func (in *intake) finish(ctx context.Context, uid string) error {
	if in.sum.SIMs == 0 {
		return nil
	}
	return in.tx.InsertIntake(ctx, uid, in.sum)
}
