package model_test

import (
	"fmt"
	"maps"
	"strings"

	"github.com/simferry/simferry/internal/test/model"
)

var (
	workspaces = []int64{100, 200, 300, 100, 200, 300, 100, 200, 400, 500, 600, 1, 900, 999, 0, -5}
	someSIMs   = []int64{250, 251, 252, 253, 254, 255, 256, 260, 261, 270, 271, 280, 281, 285, 286, 290, 291, 1000, 1001, 1002, 1010, 1504, 1505, 0, -1}
	someICCIDs = []string{
		"8988303000000000250", "8988303000000000251", "8988303000000000252", "8988303000000000253", "8988303000000000254",
		"8988303000000000255", "8988303000000000256", "8988303000000000257", "8988303000000000260", "8988303000000000261", "8988303000000000270",
		"8988303000000000280", "8988303000000001000", "8988303000000001001", "8988303000000001504", "8988303000000009999",
	}
	badICCIDs = []string{"89883030000000002", "89883030000000002501", "898830300000000025x", "", "９988303000000000250", "89883030000000002500"}
)

// migrate sends a migration of any kind.
func (p *pair) migrate() {
	bearer := p.mover()
	request := model.MigrationRequest{Body: object{"target_workspace": ref(p.target(bearer))}}
	p.selectSIMs(bearer, request.Body)
	p.options(request.Body)
	if !p.chance(3, "dry") {
		request.Body["dry_run"] = false
		p.chooseMatch(&request)
		if p.chance(3, "key") {
			request.Key = p.freshKey()
		}
	}
	text := p.write(request.Body)
	if p.chance(20, "malformed") {
		request.Malformed, text = true, p.malform(text)
	}
	p.sendMigration("migrate", sentMigration{bearer, request, text, ""})
}

// migrateMany moves as many as one request may name, or one too many.
func (p *pair) migrateMany() {
	bearer := p.mover()
	target := p.target(bearer)
	ids := p.model.Movable(bearer, target, pick(p, []int{500, 500, 500, 501, 499}, "how many"))
	if len(ids) == 0 {
		return
	}
	request := model.MigrationRequest{Body: object{
		"target_workspace": ref(target), "sims": refs(ids), "auto_detach_devices": true, "dry_run": p.chance(3, "dry"),
	}}
	p.sendMigration("migrate many", sentMigration{bearer, request, p.write(request.Body), ""})
}

// target draws a target, usually a valid one.
func (p *pair) target(bearer int) int64 {
	if fine := p.model.Targets(bearer); len(fine) > 0 && !p.chance(4, "any target") {
		return pick(p, fine, "target")
	}
	return pick(p, workspaces, "target")
}

func (p *pair) options(body object) {
	if !p.chance(3, "detach unsaid") {
		body["auto_detach_devices"] = !p.chance(4, "no detach")
	}
	if p.chance(6, "allowed") {
		list := some(p, []int64{0, 1, 2, 4, 1, 2, 0, 3, 0, 1, 2, 4, 9, -1, 257}, 0, 4, "statuses")
		body["allowed_sim_statuses"] = refs(list)
	}
	if p.chance(6, "dry run said") {
		body["dry_run"] = true
	}
}

// selectSIMs draws one of the three forms; rarely none, or two.
func (p *pair) selectSIMs(bearer int, body object) {
	switch p.index(40, "selector") {
	case 0:
		body["sims"] = refs(p.span("long list"))
	case 1, 2, 3:
		p.selectRange(body)
	case 4, 5:
		body["iccids"] = some(p, someICCIDs, 1, 6, "iccids")
	case 6:
		body["iccids"] = some(p, append(badICCIDs, someICCIDs...), 0, 4, "bad iccids")
	case 7:
		body["iccids"] = p.model.ICCIDs(p.span("long list of iccids"))
	case 8, 9:
		body["sims"] = refs(some(p, someSIMs, 0, 8, "any sims"))
	case 10:
		p.selectRange(body)
		body["sims"] = refs(someSIMs[:1])
	case 11: // nothing at all, or null, which is the same
		if p.chance(2, "null") {
			body["sims"] = nil
		}
	default:
		target := body["target_workspace"].(object)["id"].(int64) //nolint:errcheck,forcetypeassert // migrate put it there
		movable := p.model.Movable(bearer, target, 60)
		if watched := p.model.Watched(bearer); len(watched) > 0 && (len(movable) == 0 || p.chance(8, "not his own")) {
			movable = watched
		}
		if len(movable) == 0 {
			movable = someSIMs
		}
		body["sims"] = refs(some(p, movable, 1, 6, "movable"))
	}
}

// span draws a range of about 500 SIMs.
func (p *pair) span(what string) []int64 {
	from := int64(manySIMs + p.index(many-500+1, what))
	n := pick(p, []int{500, 500, 500, 499, 501, 498, 502}, "length")
	var ids []int64
	for i := range n {
		ids = append(ids, from+int64(i))
	}
	if p.chance(3, "twice") {
		ids = append(ids, ids[:3]...)
	}
	return ids
}

func (p *pair) selectRange(body object) {
	start := pick(p, someICCIDs, "start")
	width := pick(p, []int{0, 1, 3, 10, 30, 2, 5, 499, 500, -1, 100000}, "width")
	var n int64
	if _, err := fmt.Sscan(start[4:], &n); err != nil {
		p.t.Fatal(err)
	}
	body["iccid_range"] = object{"start": start, "end": fmt.Sprintf("%s%015d", start[:4], n+int64(width))}
	if p.chance(20, "bad end") {
		body["iccid_range"] = object{"start": start, "end": pick(p, badICCIDs, "end")}
	}
}

// chooseMatch draws an If-Match: seldom one that fits.
func (p *pair) chooseMatch(request *model.MigrationRequest) {
	if !p.chance(6, "match") {
		return
	}
	tags := []string{"*", `"made-up"`, "made-up", `"a", "b"`, `W/"made-up"`}
	if n := len(p.sent.previews); n > 0 {
		tags = append(tags, p.sent.previews[n-1].tag, p.sent.previews[n/2].tag)
	}
	request.IfMatch = pick(p, tags, "tag")
}

// malform makes a body that must be refused for its shape.
func (p *pair) malform(text string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	return pick(p, []string{
		"", "null", "[]", "17", text[:len(text)-1], text + "x", text + text,
		"{" + inner + `,"allowed_sim_status":[{"id":1}]}`,
		"{" + inner + `,"target_workspace":{"id":200}}`,
		`{"dry_run":"false",` + strings.ReplaceAll(inner, `"dry_run"`, `"was"`) + "}",
		`{"dry_run":0,"target_workspace":{"id":200},"sims":[{"id":250}]}`,
		`{"dry_run":null,"target_workspace":{"id":200},"sims":[{"id":250}]}`,
		`{"auto_detach_devices":null,"target_workspace":{"id":200},"sims":[{"id":250}]}`,
		`{"target_workspace":{"id":"200"},"sims":[{"id":250}]}`,
		`{"target_workspace":{"id":200.5},"sims":[{"id":250}]}`,
		`{"target_workspace":{"id":200},"sims":[{"id":"250"}]}`,
		`{"target_workspace":{"id":200},"sims":[{"id":250,"id":251}]}`,
		`{"target_workspace":{"id":200},"sims":[{}]}`,
		`{"target_workspace":{"id":200},"sims":[{"id":null}]}`,
		`{"target_workspace":{"id":200},"sims":[250]}`,
		`{"target_workspace":{"id":200},"sims":{"id":250}}`,
		`{"target_workspace":{"id":200},"sims":[{"id":99999999999999999999}]}`,
		`{"target_workspace":{"id":200},"iccids":[8988303000000000250]}`,
		`{"target_workspace":{"id":200},"iccid_range":"8988303000000000250"}`,
		`{"target_workspace":{"id":200},"iccid_range":{"start":"8988303000000000250"}}`,
		`{"target_workspace":null,"sims":[{"id":250}]}`,
		`{"sims":[{"id":250}]}`,
		`{"target_workspace":{"id":200},"sims":[{"id":250}],"allowed_sim_statuses":[{"description":"Issued"}]}`,
	}, "fault")
}

// sendMigration sends and remembers.
func (p *pair) sendMigration(operation string, s sentMigration) {
	r := request{"POST", "/api/v1/sim/migration/workspace", s.text, map[string]string{}}
	if s.request.Key != "" {
		r.header["Idempotency-Key"] = s.request.Key
		if p.chance(3, "quoted") {
			r.header["Idempotency-Key"] = `"` + s.request.Key + `"`
		}
		p.sent.keyed = append(p.sent.keyed, s)
	}
	if s.request.IfMatch != "" {
		r.header["If-Match"] = s.request.IfMatch
	}
	want := p.model.Migrate(s.bearer, s.request)
	got := p.try(operation, s.bearer, r, want)
	if s.request.Key != "" && (want.Status == 200 || want.Status == 409) {
		p.model.Remember(s.bearer, "sim.migrate", s.request.Key, got)
	}
	tag := p.sides[0].answer.header.Get("ETag")
	dry := s.request.Body["dry_run"] != false
	if (want.Status == 200 && dry) != (tag != "") {
		p.t.Fatalf("%s: ETag %q", operation, tag)
	}
	if tag != "" {
		if !p.model.Previewed(s.bearer, s.request, tag) {
			p.t.Fatalf("%s: the tag %s stands for two previews", operation, tag)
		}
		s.tag = tag
		p.sent.previews = append(p.sent.previews, s)
	}
}

// migrateAgain sends a request again that had a key, as it was or changed.
func (p *pair) migrateAgain() {
	if len(p.sent.keyed) == 0 {
		return
	}
	s := pick(p, p.sent.keyed, "again")
	s.bearer = p.again(s.bearer)
	if p.chance(3, "changed") && !s.request.Malformed {
		s.request.Body = maps.Clone(s.request.Body)
		switch p.index(3, "change") {
		case 0:
			s.request.Body["target_workspace"] = ref(pick(p, workspaces, "target"))
		case 1:
			s.request.Body["dry_run"] = true
		default:
			s.request.Body["auto_detach_devices"] = s.request.Body["auto_detach_devices"] != true
		}
		s.text = p.write(s.request.Body)
	} else if !s.request.Malformed {
		s.text = p.write(s.request.Body)
	}
	p.sendMigration("migrate again", s)
}

// runPreview makes a preview real, with its tag: at once, or after much has happened.
func (p *pair) runPreview() {
	if len(p.sent.previews) == 0 {
		return
	}
	from := 0
	if p.chance(2, "fresh") {
		from = len(p.sent.previews) - 1
	}
	s := pick(p, p.sent.previews[from:], "preview")
	s.bearer = p.again(s.bearer)
	s.request.Body = maps.Clone(s.request.Body)
	s.request.Body["dry_run"] = false
	s.request.IfMatch, s.request.Key = s.tag, ""
	if p.chance(5, "weak") {
		s.request.IfMatch = pick(p, []string{"W/" + s.tag, `"a", ` + s.tag, s.tag + `, W/"b"`}, "form of the tag")
	}
	if p.chance(4, "key") {
		s.request.Key = p.freshKey()
	}
	s.text = p.write(s.request.Body)
	p.sendMigration("run a preview", s)
}
