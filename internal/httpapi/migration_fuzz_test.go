package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// Whatever is posted to the migration: no panic or 5xx, a documented response, no row changed
// by a refusal or a dry run, and consistent tables after a real run.
func FuzzMigration(f *testing.F) {
	small, _, _ := strings.Cut(kit.Ferry, "sim_ranges:")
	s := kit.Start(f, kit.SQLite).Seed(small)
	admin := s.As("admin@example.com")
	known := s.Dump()
	keepRows(s, known)
	known = s.Dump()
	tag := previewed(admin, migrationTo(kit.FleetFR, kit.IssuedSIM))
	addSeeds(f, tag)
	f.Fuzz(func(t *testing.T, body, key, ifMatch string) {
		s.T = t // the one of the target must not be used in here
		s.HTTP = &http.Client{Transport: contract.New(t).RoundTripper(http.DefaultTransport)}
		c := &kit.Client{T: t, Server: s, Token: admin.Token, Header: http.Header{}}
		for name, value := range map[string]string{"Idempotency-Key": key, "If-Match": ifMatch} {
			if value != "" && strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
				c.Header.Set(name, value)
			}
		}
		a := c.Post(migration, body)
		if a.Status >= 500 || len(a.Body) > 0 && !json.Valid(a.Body) {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
		var ran struct {
			DryRun *bool `json:"dry_run"`
		}
		if a.Status == http.StatusOK && json.Unmarshal(a.Body, &ran) == nil && ran.DryRun != nil && !*ran.DryRun {
			s.CheckInvariants()
			restoreRows(s, known)
		}
		if diff := known.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Errorf("status %d changed rows (-before +after):\n%s", a.Status, diff)
		}
	})
}

func addSeeds(f *testing.F, tag string) {
	f.Helper()
	for _, a := range refusals(tag) {
		seed := ""
		switch b := a.body.(type) {
		case string:
			seed = b
		case object:
			seed = bodyText(f, b)
		}
		if len(seed) < 4096 {
			f.Add(seed, a.header["Idempotency-Key"], a.header["If-Match"])
		}
	}
	for _, o := range []object{
		realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM))), realRun(migrationOfICCIDs(kit.FleetUS, ferrySIMs[kit.IssuedSIM].ICCID, ferrySIMs[kit.SuspendedSIM].ICCID)),
		realRun(withDetach(migrationOfRange(kit.FleetUS, "8988303000000000245", "8988303000000000259"))), realRun(migrationTo(kit.FleetUS, kit.IssuedSIM, kit.SIMInFR)),
		realRun(withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM), "allowed_sim_statuses", []object{{"id": 0}, {"id": 2}})),
	} {
		f.Add(bodyText(f, o), "", "")
		f.Add(bodyText(f, o), "key", "*")
		f.Add(bodyText(f, o), `"key"`, tag)
	}
}

// keepRows saves the rows of every table and restoreRows restores them, so that inputs are
// independent.
func keepRows(s *kit.Server, d kit.Dump) {
	for _, table := range slices.Sorted(maps.Keys(d)) {
		s.Exec(fmt.Sprintf("CREATE TABLE kept_%s AS SELECT * FROM %s", table, table))
	}
}

func restoreRows(s *kit.Server, d kit.Dump) {
	statements := "PRAGMA foreign_keys = 0; BEGIN;"
	for _, kept := range slices.Sorted(maps.Keys(d)) {
		if table, ok := strings.CutPrefix(kept, "kept_"); ok {
			statements += fmt.Sprintf("DELETE FROM %s; INSERT INTO %s SELECT * FROM %s;", table, table, kept)
		}
	}
	s.Exec(statements + "COMMIT")
}
