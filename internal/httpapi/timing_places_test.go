package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// manyIDs is the length of the longest set of ids, and scatter the distance of ids that no index
// finds side by side.
const (
	manyIDs = 500
	scatter = 3
)

// The first numbers of the sets: resources of a Workspace that the caller cannot access, and two
// sets that do not exist.
const (
	foreignSet = 20_001
	absentSet  = 30_001
	otherSet   = 40_001
	behindSets = 50_001 // exists, because a search after the last entry of an index is quick
)

// timedRequest is a request without its bearer.
type timedRequest struct{ method, path, body string }

// timedPlace is a place of an operation, with a request for a foreign id, one for an unknown id,
// and one for another unknown id, which shows the noise.
type timedPlace struct {
	place, what, as        string // place is the operation and the place, what also the kind of id
	foreign, absent, other timedRequest
}

// timedPlaces derives the places from the routes, the document and the filters of the lists. A
// place that takes a list of ids is tried with one id and with many; one that takes a user also
// with an e-mail address. A new operation is covered automatically.
func timedPlaces(t *testing.T, s *kit.Server, known map[string]string, many int) (places []timedPlace) {
	t.Helper()
	for _, p := range append(probes(t, known), filterProbes(t, s, known)...) {
		what := p.pattern + " " + p.place
		if otherPaths[what] != "" || p.pattern == "POST /api/v1/authenticate" {
			continue
		}
		with := func(id string) timedRequest { return p.request(p.spelled(id)) }
		for _, id := range p.thing.foreign {
			places = append(places, timedPlace{what, what + " " + id, p.as, with(id), with(p.thing.absent), with(p.another(known))})
		}
		if p.place == "{user_id}" {
			places = append(places, timedPlace{what, what + " by name", p.as, with("both@example.com"), with("noon@example.com"), with("noon@example.net")})
		}
		places = append(places, p.sets(t, s, many)...)
		if p.pattern == "POST "+migration { // once more for a user of very many Workspaces
			p.as, p.body = "wide@example.com", strings.Replace(p.body, `"id": 200`, `"id": 2000`, 1)
			for _, place := range p.sets(t, s, many) {
				place.what += ", for many Workspaces"
				places = append(places, place)
			}
		}
	}
	return places
}

// another returns a second unknown id.
func (p probe) another(known map[string]string) string {
	last := len(p.thing.absent) - 1
	for digit := byte('8'); digit > '0'; digit-- {
		id := p.thing.absent[:last] + string(digit)
		if !slices.Contains(slices.Collect(maps.Values(known)), id) {
			return id
		}
	}
	return p.thing.absent
}

// request returns the request with an id in JSON or path form.
func (p probe) request(id string) timedRequest {
	escaped := url.PathEscape(id)
	if strings.Contains(p.path, "?") {
		escaped = url.QueryEscape(id)
	}
	return timedRequest{p.method(), own(strings.ReplaceAll(p.path, "{id}", escaped)), own(strings.ReplaceAll(p.body, "{id}", id))}
}

// own inserts the same SIM of the caller's Workspace into each request.
func own(text string) string { return strings.ReplaceAll(text, "{fresh}", "1001") }

// issuerToo are the lists that an issuer or a reseller reads in another way than an enterprise.
var issuerToo = []string{"GET /api/v1/sim"}

// filterProbes returns a probe for each filter by an id, a name or a number of each list.
func filterProbes(t *testing.T, s *kit.Server, known map[string]string) (list []probe) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		if o := documented(t, r.Pattern); !o.Lists() {
			continue
		}
		for _, as := range []string{"admin@example.com", "issuer@example.com"} {
			if as != "admin@example.com" && !slices.Contains(issuerToo, r.Pattern) {
				continue
			}
			c, path := s.As(as), own(probe{pattern: r.Pattern}.pathOf(known))+"?q="
			numbers := numbersOf(c, path)
			for _, field := range numbers {
				kind, ok := filtered[r.Pattern+" "+field]
				if !ok {
					kind = filtered[field]
				}
				if as != "admin@example.com" && kind == "Workspace" { // an issuer may ask for the SIMs of every Workspace
					continue
				}
				th := resourceKinds[kind].filled(known)
				th.foreign = slices.DeleteFunc(th.foreign, func(id string) bool {
					return kind == "SIM" && id == deletedSIM || kind == "device" && id == deletedDevice
				})
				list = append(list, probe{pattern: r.Pattern, place: "q=" + field, thing: th, as: as, path: path + field + ":{id}"})
			}
			for _, field := range textsOf(c, path) {
				if !slices.Contains(numbers, field) {
					list = append(list, probe{pattern: r.Pattern, place: "q=" + field, thing: resourceKind{set: textSets[field], text: true}, as: as, path: path + field + ":{id}"})
				}
			}
		}
	}
	return list
}

// These are of the caller's own Workspace: a filter by status shows them, so that a list need not
// keep their existence secret.
var deletedSIM, deletedDevice = fmt.Sprint(kit.DeletedSIM), "9202"

// wideUser returns a world with a user of more Workspaces than are searched one by one.
func wideUser() string {
	var b, roles strings.Builder
	b.WriteString("workspaces:\n")
	for id := 2000; id < 2020; id++ {
		fmt.Fprintf(&b, "  - {id: %d, name: Wide %d, type: enterprise, country: DE, parent: 1}\n", id, id)
		fmt.Fprintf(&roles, "%d: administrator, ", id)
	}
	fmt.Fprintf(&b, "users:\n  - {id: 60, username: wide@example.com, name: Wide, password: correct horse, default_workspace: 2000, roles: {%s}}\n",
		strings.TrimSuffix(roles.String(), ", "))
	return b.String()
}

// textSets are the formats of the names and numbers by which lists can be filtered, and which
// timedWorld gives to what belongs to others.
var textSets = map[string]string{
	"iccid": "89883030000000%05d", "iccid_with_luhn": "89883030000000%05d", "imsi": "2950500000%05d", "msisdn": "4236600%05d", "eid": "890490320000000000000000000%05d",
	"username": "hidden%05d@example.com", "user": "hidden%05d@example.com", "name": "Hidden %05d", "endpoint": "%05d", "organisation": "%05d",
	"imei": "3500000000%05d", "ip_address": "10.0.0.%d", "reference": "H-%05d",
}

// textsOf returns the fields of a list that take such a text.
func textsOf(c *kit.Client, path string) (fields []string) {
	for field := range textSets {
		if c.Get(path+field+":"+url.QueryEscape(textOf(field, 1))).Status == http.StatusOK {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return fields
}

// textOf returns one number of a set.
func textOf(field string, n int) string {
	text := fmt.Sprintf(textSets[field], n)
	if field == "iccid_with_luhn" {
		text = fleet.ICCID(text).WithLuhn()
	}
	return text
}

// atMost is how many values a filter takes, in its refusal.
var atMost = regexp.MustCompile(`takes at most (\d+) values`)

// filterSets returns the places of a filter with many values: as many as it takes, at most 10, and,
// of a text, one.
func (p probe) filterSets(s *kit.Server, many int) (places []timedPlace) {
	if p.thing.set == "" {
		return nil
	}
	field := strings.TrimPrefix(p.place, "q=")
	with := func(first, n int) timedRequest {
		values := make([]string, n)
		for i := range values {
			if values[i] = fmt.Sprintf(p.thing.set, first+i); textSets[field] != "" && p.thing.text {
				values[i] = textOf(field, first+i)
			}
		}
		return p.request(strings.Join(values, "|"))
	}
	if refused := atMost.FindSubmatch(with(absentSet, many).send(s.As(p.as)).Body); refused != nil {
		many, _ = strconv.Atoi(string(refused[1]))
	}
	counts := []int{min(many, 10), many}
	if p.thing.text {
		counts = append(counts, 1)
	}
	slices.Sort(counts)
	what := p.pattern + " " + p.place
	for _, n := range slices.Compact(counts) {
		text := fmt.Sprintf("%s, %d values", what, n)
		if p.as != "admin@example.com" {
			text += " by an issuer"
		}
		places = append(places, timedPlace{what, text, p.as, with(foreignSet, n), with(absentSet, n), with(otherSet, n)})
	}
	return places
}

// sets returns the place with many ids, side by side and scattered. A kind of id without a
// set is repeated, which multiplies a difference as well.
func (p probe) sets(t *testing.T, s *kit.Server, many int) (places []timedPlace) {
	t.Helper()
	what := p.pattern + " " + p.place
	if strings.HasPrefix(p.place, "q=") {
		return p.filterSets(s, many)
	}
	if p.place == "iccid_range.end" {
		span := func(first int) timedRequest {
			body := strings.Replace(p.body, "{id}", p.spelled(fmt.Sprintf(p.thing.set, first+many-1)), 1)
			return timedRequest{p.method(), p.path, strings.Replace(body, "{id}", p.spelled(fmt.Sprintf(p.thing.set, first)), 1)}
		}
		return []timedPlace{{what, what + ", a range", p.as, span(foreignSet), span(absentSet), span(otherSet)}}
	}
	if !strings.Contains(p.place, "[]") || len(p.thing.foreign) == 0 {
		return nil
	}
	if p.thing.set == "" {
		again := func(id string) timedRequest { return p.requestOf(t, many, func(int) string { return id }) }
		absent := p.thing.absent
		return []timedPlace{{what, what + ", repeated", p.as, again(p.thing.foreign[0]), again(absent), again(p.another(nil))}}
	}
	for name, step := range map[string]int{", many": 1, ", many scattered": scatter} {
		with := func(first int) timedRequest {
			return p.requestOf(t, many, func(n int) string { return fmt.Sprintf(p.thing.set, first+n*step) })
		}
		places = append(places, timedPlace{what, what + name, p.as, with(foreignSet), with(absentSet), with(otherSet)})
	}
	return places
}

// requestOf returns the request with many ids: the element of the list that has the id is
// repeated for each of them.
func (p probe) requestOf(t *testing.T, many int, id func(n int) string) timedRequest {
	t.Helper()
	const mark = 123454321
	var value any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(own(p.body), "{id}", fmt.Sprint(mark))), &value); err != nil {
		t.Fatalf("%s %s: %v", p.pattern, p.place, err)
	}
	within, _, _ := strings.Cut(p.place, "[]")
	list := value
	for _, name := range strings.FieldsFunc(within, func(r rune) bool { return r == '.' }) {
		properties, _ := list.(map[string]any)
		list = properties[name]
	}
	elements, _ := list.([]any)
	if len(elements) == 0 {
		t.Fatalf("%s %s: no list in %s", p.pattern, p.place, p.body)
	}
	element, whole := encoded(t, elements[0]), encoded(t, value)
	all := make([]string, many)
	for n := range all {
		all[n] = strings.ReplaceAll(element, fmt.Sprint(mark), p.spelled(id(n)))
	}
	return timedRequest{p.method(), p.path, strings.Replace(whole, element, strings.Join(all, ","), 1)}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "1.23454321e+08", "123454321")
}

// timedWorld loads the world of the measurement, with the sets of the foreign Workspace.
func timedWorld(t *testing.T, e kit.Engine) (*kit.Server, map[string]string) {
	t.Helper()
	s, known := probed(t, e)
	both := s.As("both@example.com")
	for _, to := range []int64{900, 901, 900, 901, 900} { // until the ids of entries have two digits
		known["foreign entry"] = entryOf(both.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 290}], "dry_run": false}`, to)))
	}
	known["foreign audit"] = newest(both, "/api/v1/audit")
	var devices, sims strings.Builder
	devices.WriteString("devices:\n")
	sims.WriteString("id,iccid,imsi,msisdn,eid,workspace,issuer,device\n")
	for n := foreignSet; n <= behindSets; n++ {
		if n == foreignSet+manyIDs*scatter {
			n = behindSets
		}
		fmt.Fprintf(&devices, "  - {id: %d, workspace: 900, name: Hidden %05d, imei: \"%s\"}\n", n, n, textOf("imei", n))
		fmt.Fprintf(&sims, "%d,%s,%s,%s,%s,900,650,%d\n", n, textOf("iccid", n), textOf("imsi", n), textOf("msisdn", n), textOf("eid", n), n)
	}
	s.Seed(wideUser())
	s.Seed(devices.String())
	if _, err := s.Import(sims.String()); err != nil {
		t.Fatal(err)
	}
	s.Exec(fmt.Sprintf(`INSERT INTO users (id, username, name, status, super_admin, password_hash, session_epoch, created_at)
		SELECT g.n, 'hidden' || g.n || '@example.com', 'Hidden ' || g.n, 1, 0, '', 0, 1 FROM (WITH RECURSIVE g (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) g`,
		foreignSet, foreignSet+manyIDs-1))
	s.Exec("INSERT INTO memberships (user_id, workspace_id, status) SELECT id, 900, 1 FROM users WHERE username LIKE 'hidden%'")
	return s, known
}
