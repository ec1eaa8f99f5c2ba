package store

import (
	"context"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

const modelColumns = "m.id, m.description, m.memory_size, m.formfactor_id, m.formfactor, m.manufacturer_id, m.manufacturer"

// Models reads those of the ids that exist; all if ids is nil.
func (tx *Tx) Models(ctx context.Context, ids []fleet.ModelID) (map[fleet.ModelID]fleet.Model, error) {
	w := where{tx: tx}
	if ids != nil {
		w.and(w.in("m.id", arrayParam(tx, ids)))
	}
	found := make(map[fleet.ModelID]fleet.Model)
	err := tx.queryEach(ctx, "SELECT "+modelColumns+" FROM sim_models m WHERE "+w.String(), w.args, func(r rows) error {
		var m fleet.Model
		var memory string // digits, or nothing
		err := r.Scan(&m.ID, &m.Description, &memory, &m.FormFactor.ID, &m.FormFactor.Name, &m.Manufacturer.ID, &m.Manufacturer.Name)
		m.MemorySize, _ = strconv.ParseInt(memory, 10, 64)
		found[m.ID] = m
		return err
	})
	return found, err
}

var putModel = insertion("sim_models",
	"id description memory_size formfactor_id formfactor manufacturer_id manufacturer", `
	ON CONFLICT (id) DO UPDATE SET description = excluded.description, memory_size = excluded.memory_size,
		formfactor_id = excluded.formfactor_id, formfactor = excluded.formfactor,
		manufacturer_id = excluded.manufacturer_id, manufacturer = excluded.manufacturer`)

// PutModel creates or updates the model.
func (tx *Tx) PutModel(ctx context.Context, m fleet.Model) error {
	return tx.execNamed(ctx, putModel, params{
		"id": int64(m.ID), "description": m.Description, "memory_size": strconv.FormatInt(m.MemorySize, 10),
		"formfactor_id": m.FormFactor.ID, "formfactor": m.FormFactor.Name,
		"manufacturer_id": m.Manufacturer.ID, "manufacturer": m.Manufacturer.Name,
	})
}
