package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

var profileFields = map[string]string{"id": "p.id", "name": "p.name"}

const profileColumns = "p.kind, p.id, p.workspace_id, p.name"

func scanProfile(r rows) (p fleet.Profile, err error) {
	err = r.Scan(&p.Kind, &p.ID, &p.Workspace, &p.Name)
	return p, err
}

// AllProfiles reads every profile. It is for the operator.
func (tx *Tx) AllProfiles(ctx context.Context) (map[fleet.ProfileKey]fleet.Profile, error) {
	w := where{tx: tx}
	return tx.profiles(ctx, &w)
}

// ProfilesNamed reads the named profiles of a Workspace, leaving out missing ones.
func (tx *Tx) ProfilesNamed(ctx context.Context, ws fleet.WorkspaceID, service, tariff []int64) (map[fleet.ProfileKey]fleet.Profile, error) {
	w := where{tx: tx}
	w.and("p.workspace_id = " + w.arg(int64(ws)))
	w.and("p.kind = " + serviceProfile + " AND " + w.in("p.id", arrayParam(tx, service)) + " OR p.kind = " + tariffProfile + " AND " + w.in("p.id", arrayParam(tx, tariff)))
	return tx.profiles(ctx, &w)
}

func (tx *Tx) profiles(ctx context.Context, w *where) (map[fleet.ProfileKey]fleet.Profile, error) {
	found := make(map[fleet.ProfileKey]fleet.Profile)
	err := tx.queryEach(ctx, "SELECT "+profileColumns+" FROM profiles p WHERE "+w.String(), w.args, func(r rows) error {
		p, err := scanProfile(r)
		found[fleet.ProfileKey{Kind: p.Kind, ID: p.ID}] = p
		return err
	})
	return found, err
}

// Profiles reads one page of the profiles of a kind that a Workspace has. They are found before
// they are filtered, so that those of others are not looked for.
func (tx *Tx) Profiles(ctx context.Context, ws fleet.WorkspaceID, kind fleet.ProfileKind, l fleet.List) (fleet.Page[fleet.Profile], error) {
	w := where{tx: tx}
	own := "WITH p AS MATERIALIZED (SELECT p.* FROM profiles p WHERE p.workspace_id = " + w.arg(int64(ws)) + " AND p.kind = " + w.arg(int64(kind)) + ") "
	w.filter(l, profileFields)
	page := fleet.Page[fleet.Profile]{PerPage: l.PerPage}
	if _, err := tx.queryRow(ctx, own+"SELECT count(*) FROM p WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	if err := tx.sortable(l, page.Total, "profiles"); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := own + "SELECT " + profileColumns + " FROM p WHERE " + w.String() +
		" ORDER BY " + w.orderBy(l, profileFields) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		p, err := scanProfile(r)
		page.Items = append(page.Items, p)
		return err
	})
	return page, err
}

// PutProfile creates or updates the profile.
func (tx *Tx) PutProfile(ctx context.Context, p fleet.Profile) error {
	return tx.exec(ctx, `
		INSERT INTO profiles (kind, id, workspace_id, name) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, id) DO UPDATE SET workspace_id = excluded.workspace_id, name = excluded.name`,
		int64(p.Kind), p.ID, int64(p.Workspace), p.Name)
}
