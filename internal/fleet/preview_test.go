package fleet_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

func TestETagIsSmall(t *testing.T) {
	uneven := fresh(500)
	for i := range uneven {
		uneven[i].Version = 2_000_000 + int64(i%2)
	}
	for _, test := range []struct {
		name string
		sims []fleet.SIMState
		sel  fleet.Selector
		most int
	}{
		{"one SIM by id", fresh(1), byID(t, 1), 50},
		{"500 fresh SIMs by id", fresh(500), byID(t, ids(fresh(500))...), 50},
		{"500 fresh SIMs by ICCID", fresh(500), byICCID(t, ids(fresh(500))...), 50},
		{"500 fresh SIMs in a range", fresh(500), byRange(t, 1, 500), 130},
		{"range that is empty but for its start", fresh(1), byRange(t, 1, 500), 50},
		{"500 SIMs that all differ", uneven, byRange(t, 1, 500), 3 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			tag := plan(t, to(lyon, test.sel), snapshot(test.sims...)).ETag()
			if len(tag) > test.most {
				t.Errorf("tag has %d characters, want at most %d", len(tag), test.most)
			}
			if strings.Trim(tag, `"`) != tag[1:len(tag)-1] || strings.HasPrefix(tag, "W/") {
				t.Errorf("tag %s is not a strong entity tag", tag)
			}
		})
	}
}

func TestETagsOfPlansDiffer(t *testing.T) {
	sims := []fleet.SIMState{sim(1), sim(2), sim(3)}
	base := to(lyon, byID(t, 1, 2))
	seen := map[string]string{}
	for _, test := range []struct {
		name string
		req  func(*fleet.MigrationRequest)
		sim  func(*fleet.SIMState)
	}{
		{name: "base"},
		{name: "another target", req: func(r *fleet.MigrationRequest) { r.Target = vienna }},
		{name: "detach", req: func(r *fleet.MigrationRequest) { r.DetachDevices = true }},
		{name: "one status allowed", req: func(r *fleet.MigrationRequest) { r.AllowedStatuses = []fleet.SIMStatus{0} }},
		{name: "two statuses allowed", req: func(r *fleet.MigrationRequest) { r.AllowedStatuses = []fleet.SIMStatus{0, 1} }},
		{name: "one SIM fewer", req: func(r *fleet.MigrationRequest) { r.Select = byID(t, 1) }},
		{name: "one SIM more", req: func(r *fleet.MigrationRequest) { r.Select = byID(t, 1, 2, 3) }},
		{name: "another order", req: func(r *fleet.MigrationRequest) { r.Select = byID(t, 2, 1) }},
		{name: "by ICCID", req: func(r *fleet.MigrationRequest) { r.Select = byICCID(t, 1, 2) }},
		{name: "by range", req: func(r *fleet.MigrationRequest) { r.Select = byRange(t, 1, 2) }},
		{name: "wider range, same SIMs", req: func(r *fleet.MigrationRequest) { r.Select = byRange(t, 0, 2) }},
		{name: "another version", sim: version(2)},
		{name: "another source", sim: in(vienna)},
		{name: "another status", sim: as(fleet.SIMSuspended)},
		{name: "another card", sim: func(s *fleet.SIMState) { s.ID = 3 }, req: func(r *fleet.MigrationRequest) { r.Select = byID(t, 3, 2) }},
	} {
		req, changed := base, append([]fleet.SIMState(nil), sims...)
		if test.req != nil {
			test.req(&req)
		}
		if test.sim != nil {
			test.sim(&changed[0])
		}
		tag := plan(t, req, snapshot(changed...)).ETag()
		if other, dup := seen[tag]; dup {
			t.Errorf("%q and %q have the same tag", test.name, other)
		}
		seen[tag] = test.name
	}
}

func TestETagIgnoresNamesAndSpelling(t *testing.T) {
	req := to(lyon, byID(t, 1))
	req.DetachDevices = true
	req.AllowedStatuses = []fleet.SIMStatus{fleet.SIMIssued, fleet.SIMActivated}
	snap := snapshot(sim(1, attached(9001)))
	want := plan(t, req, snap).ETag()

	req.AllowedStatuses = []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMIssued, fleet.SIMActivated}
	snap.SIMs[0].DeviceName = "renamed"
	change(snap.Workspaces, lyon, func(s *fleet.Standing) { s.Workspace.Name = "renamed" })
	if got := plan(t, req, snap).ETag(); got != want {
		t.Errorf("tag %s became %s although nothing that moves changed", want, got)
	}
}

func TestPreviewMatches(t *testing.T) {
	req := to(lyon, byRange(t, 1, 20))
	before := plan(t, req, snapshot(sim(3), sim(11, version(7))))
	v := preview(t, before)
	if !v.Matches(before) || !v.SameRequest(req) {
		t.Error("a preview does not match its own plan and request")
	}
	if v.Matches(plan(t, req, snapshot(sim(3), sim(11, version(8))))) {
		t.Error("a preview matches although a SIM changed")
	}
	if v.Matches(plan(t, req, snapshot(sim(3), sim(11, version(7)), sim(12)))) {
		t.Error("a preview matches although a SIM appeared in the range")
	}
	if v.SameRequest(fleet.MigrationRequest{Target: lyon, Select: req.Select, AllowedStatuses: []fleet.SIMStatus{}}) {
		t.Error("a preview that allowed every status takes one that allows none for its own")
	}
	if v.SameRequest(to(vienna, req.Select)) || v.SameRequest(to(lyon, byRange(t, 1, 21))) {
		t.Error("a preview takes another request for its own")
	}
}

func TestPreviewed(t *testing.T) {
	snap := snapshot(sim(1), sim(2, version(5)), sim(9, version(5)))
	type list = []fleet.PreviewedSIM
	for _, test := range []struct {
		name string
		sel  fleet.Selector
		want list
	}{
		{"ids in the request's order", byID(t, 9, 1), list{{fleet.SIMKey{ID: 9}, 5}, {fleet.SIMKey{ID: 1}, 1}}},
		{"ICCIDs in the request's order", byICCID(t, 2, 1), list{{fleet.SIMKey{ICCID: iccid(2)}, 5}, {fleet.SIMKey{ICCID: iccid(1)}, 1}}},
		{"a range ascending, without its gaps", byRange(t, 0, 400), list{
			{fleet.SIMKey{ICCID: iccid(1)}, 1}, {fleet.SIMKey{ICCID: iccid(2)}, 5}, {fleet.SIMKey{ICCID: iccid(9)}, 5},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := preview(t, plan(t, to(lyon, test.sel), snap))
			if diff := cmp.Diff(test.want, v.Previewed(test.sel)); diff != "" {
				t.Errorf("Previewed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreviewOfAnotherSelectorListsNothing(t *testing.T) {
	v := preview(t, plan(t, to(lyon, byRange(t, 1, 400)), snapshot(sim(1), sim(390))))
	for _, sel := range []fleet.Selector{byRange(t, 1, 100), byID(t, 1), byID(t, 1, 2), byICCID(t, 1, 390)} {
		if got := v.Previewed(sel); got != nil {
			t.Errorf("Previewed(%v) = %v", sel, got)
		}
	}
}

func TestParsePreviewAcceptsAWeakTag(t *testing.T) {
	p := plan(t, to(lyon, byID(t, 1)), snapshot(sim(1)))
	v, err := fleet.ParsePreviews("W/" + p.ETag())
	if err != nil || !v.Matches(p) {
		t.Errorf("ParsePreview of a weak tag: %v, %v", v, err)
	}
}

// TestParsePreviewAcceptsATagWithACoding covers the changes that compressing proxies make to a
// tag.
func TestParsePreviewAcceptsATagWithACoding(t *testing.T) {
	p := plan(t, to(lyon, byID(t, 1)), snapshot(sim(1)))
	for _, suffix := range []string{"-gzip", "--gzip", ";gzip", "-br", "-zstd", "-deflate", "+gzip"} {
		for _, weak := range []string{"", "W/"} {
			tag := weak + strings.TrimSuffix(p.ETag(), `"`) + suffix + `"`
			if v, err := fleet.ParsePreviews(tag); err != nil || !v.Matches(p) {
				t.Errorf("ParsePreviews(%s): %v, %v", tag, v, err)
			}
		}
	}
	for _, suffix := range []string{"gzip", "-gzi", "-identity", "-gzip-gzip"} {
		tag := strings.TrimSuffix(p.ETag(), `"`) + suffix + `"`
		if _, err := fleet.ParsePreviews(tag); fleet.CodeOf(err) != fleet.PreconditionStale {
			t.Errorf("ParsePreviews(%s): %v, want PreconditionStale", tag, err)
		}
	}
}

func TestParsePreviewRefuses(t *testing.T) {
	good := plan(t, to(lyon, byRange(t, 1, 9)), snapshot(sim(1), sim(2, version(300)))).ETag()
	body := strings.Trim(good, `"`)
	raw, _ := base64.RawURLEncoding.DecodeString(body)
	const head = 1 + 8 + 16 // then 1 byte of length, 1 of offsets, and the runs 1×1, 1×300
	edit := func(change func(b []byte) []byte) string {
		b := change(append([]byte(nil), raw...))
		return `"` + base64.RawURLEncoding.EncodeToString(b) + `"`
	}
	for _, test := range []struct {
		name, tag string
		code      fleet.Code
	}{
		{"nothing", ``, fleet.BadRequest},
		{"no quotes", body, fleet.BadRequest},
		{"one quote", `"`, fleet.BadRequest},
		{"any and a tag", `*, ` + good, fleet.BadRequest},
		{"no comma", good + ` ` + good, fleet.BadRequest},
		{"only commas", `, ,`, fleet.BadRequest},
		{"empty", `""`, fleet.PreconditionStale},
		{"two foreign ones", `"33a64df5", W/"33, a64df6"`, fleet.PreconditionStale},
		{"foreign", `"33a64df5"`, fleet.PreconditionStale},
		{"line break within", `"` + body[:5] + "\n" + body[5:] + `"`, fleet.PreconditionStale},
		{"padding", `"` + body + `="`, fleet.PreconditionStale},
		{"too long", `"` + strings.Repeat("A", 1<<20) + `"`, fleet.PreconditionStale},
		{"another format", edit(func(b []byte) []byte { b[0] = 2; return b }), fleet.PreconditionStale},
		{"cut short", edit(func(b []byte) []byte { return b[:len(b)-1] }), fleet.PreconditionStale},
		{"head only", edit(func(b []byte) []byte { return b[:head] }), fleet.PreconditionStale},
		{"no SIM", edit(func(b []byte) []byte { return append(b[:head], 0) }), fleet.PreconditionStale},
		{"more offsets than bytes", edit(func(b []byte) []byte { b[head] = 60; return b }), fleet.PreconditionStale},
		{"offsets beyond 500 numbers", edit(func(b []byte) []byte { b[head] = 255; return b }), fleet.PreconditionStale},
		{"more offsets than SIMs", edit(func(b []byte) []byte { b[head+1] = 7; return b }), fleet.PreconditionStale},
		{"offsets that end in nothing", edit(func(b []byte) []byte { return append(b[:head], 2, 3, 0, 2, 1) }), fleet.PreconditionStale},
		{"an offset beyond 500", edit(func(b []byte) []byte {
			return append(append(append(b[:head], 63), make([]byte, 62)...), 1<<4, 1, 1)
		}), fleet.PreconditionStale},
		{"an empty run", edit(func(b []byte) []byte { return append(b, 0, 9) }), fleet.PreconditionStale},
		{"a run of 501", edit(func(b []byte) []byte { return append(b[:head], 0, 0xf5, 3, 1) }), fleet.PreconditionStale},
		{"a run beyond 64 bits", edit(func(b []byte) []byte {
			return append(append(b[:head], 0), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"...)
		}), fleet.PreconditionStale},
		{"a negative version", edit(func(b []byte) []byte {
			return append(append(b[:head], 0, 1), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...)
		}), fleet.PreconditionStale},
		{"a split run", edit(func(b []byte) []byte { return append(b[:head], 0, 1, 1, 1, 1) }), fleet.PreconditionStale},
		{"a long varint", edit(func(b []byte) []byte { return append(b[:head], 0, 1, 0x81, 0) }), fleet.PreconditionStale},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := fleet.ParsePreviews(test.tag)
			if e := refused(t, err, test.code); e.Field != "If-Match" {
				t.Errorf("error names the field %q", e.Field)
			}
		})
	}
}

func FuzzParsePreview(f *testing.F) {
	for _, sel := range []fleet.Selector{byID(f, 2, 1), byICCID(f, 1, 2, 3), byRange(f, 0, 499)} {
		f.Add(plan(f, to(lyon, sel), snapshot(sim(1), sim(2, version(1<<40)), sim(3))).ETag())
	}
	f.Add(`W/""`)
	f.Add(`"AQ"`)
	f.Add("\"\n\"")
	sel := byRange(f, 0, 499)
	f.Fuzz(func(t *testing.T, tag string) {
		v, err := fleet.ParsePreviews(tag)
		if err != nil {
			return
		}
		again, err := fleet.ParsePreviews(tag)
		if err != nil || !cmp.Equal(v, again, cmp.AllowUnexported(fleet.Preview{})) {
			t.Errorf("read twice, %q gives %v, then %v (%v)", tag, v, again, err)
		}
		for _, v := range v {
			if n := len(v.Previewed(sel)); n > fleet.MaxSIMs {
				t.Errorf("preview of %d SIMs", n)
			}
			v.Changed(to(lyon, sel), snapshot(sim(1)))
			fleet.Drift(v, to(lyon, sel), snapshot(sim(1)), nil)
		}
	})
}
