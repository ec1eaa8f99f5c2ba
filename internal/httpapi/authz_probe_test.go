package httpapi_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// probe is one place of one operation that accepts an id, with the ids to try.
type probe struct {
	pattern, place string
	thing          resourceKind
	as             string
	path, body     string // with {id}
}

// probes derives the probes from the routes and the document. A new operation is covered
// automatically; only its kind of id must be added to identified if the name is unknown.
func probes(t *testing.T, known map[string]string) (list []probe) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		for _, place := range o.IDs() {
			kind, ok := identified[r.Pattern+" "+place]
			if !ok {
				kind, ok = identified[place]
			}
			if kind == free {
				continue
			}
			th, exists := resourceKinds[kind]
			if !ok || !exists {
				t.Errorf("%s takes an id in %s: say in identified of what it is", r.Pattern, place)
				continue
			}
			special := specials[r.Pattern+" "+place]
			p := probe{pattern: r.Pattern, place: place, thing: th.filled(known), as: "admin@example.com", body: special.body}
			if special.as != "" {
				p.as = special.as
			}
			if special.own != "" {
				p.thing.own = filled(special.own, known)
			}
			p.path = p.pathOf(known)
			if p.body == "" {
				base := accesses[r.Pattern].body
				if strings.HasPrefix(place, "[]") && strings.HasPrefix(base, "{") {
					base = "[" + newDevice + "]" // the other form of that body
				}
				p.body = withPlace(t, fresh(base), place)
			}
			p.body = strings.ReplaceAll(p.body, `"receiving_code":"none"`, `"receiving_code":"`+known["code of FR"]+`"`)
			list = append(list, p)
		}
	}
	return list
}

// documented returns the documented operation of a route.
func documented(t *testing.T, pattern string) contract.Operation {
	t.Helper()
	for _, o := range contract.Operations() {
		if o.Pattern() == contract.Shape(pattern) {
			return o
		}
	}
	t.Fatalf("%s is not in the document", pattern)
	return contract.Operation{}
}

// pathOf returns a path with {id} for the probe and accessible ids elsewhere.
func (p probe) pathOf(known map[string]string) string {
	_, path, _ := strings.Cut(p.pattern, " ")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		parts[i] = resourceKinds[identified[part]].filled(known).own
		if part == p.place {
			parts[i] = "{id}"
		}
	}
	path = strings.Join(parts, "/")
	if name, query := strings.CutPrefix(p.place, "?"); query {
		path += "?" + name + "={id}"
	}
	return path
}

// withPlace returns a body with {id} at a place such as sims[].id, which it creates if missing.
func withPlace(t *testing.T, body, place string) string {
	t.Helper()
	if strings.HasPrefix(place, "{") || strings.HasPrefix(place, "?") {
		return body
	}
	var value any
	if body != "" {
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
	text, err := json.Marshal(placed(value, strings.Split(strings.ReplaceAll(place, "[]", ".[]"), ".")))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), `"{id}"`, "{id}")
}

func placed(value any, at []string) any {
	for len(at) > 0 && at[0] == "" {
		at = at[1:]
	}
	if len(at) == 0 {
		return "{id}"
	}
	if at[0] == "[]" {
		list, ok := value.([]any)
		if !ok || len(list) == 0 {
			list = []any{nil}
		}
		list[0] = placed(list[0], at[1:])
		return list
	}
	properties, ok := value.(map[string]any)
	if !ok {
		properties = map[string]any{}
	}
	properties[at[0]] = placed(properties[at[0]], at[1:])
	return properties
}

func (p probe) method() string {
	method, _, _ := strings.Cut(p.pattern, " ")
	return method
}

// ask sends the request with an id in JSON or path form.
func (p probe) ask(c *kit.Client, id string) *kit.Answer {
	var body any
	if p.body != "" {
		body = fresh(strings.ReplaceAll(p.body, "{id}", id))
	}
	return c.Do(p.method(), fresh(strings.ReplaceAll(p.path, "{id}", url.PathEscape(id))), body)
}

// spelled returns a string id in JSON.
func (p probe) spelled(id string) string {
	if p.thing.text && strings.Contains(p.body, "{id}") {
		return `"` + id + `"`
	}
	return id
}

// Numbers that are never ids, and values that are not numbers, in JSON.
var (
	unusedIDs = []string{"-1", "0", "9223372036854775807", "-9223372036854775808"}
	noIDs     = []string{
		"9223372036854775808", "18446744073709551616", "-9223372036854775809", "1" + strings.Repeat("0", 400), "1e400", "1e2147483648", "250.5", "-0.5",
		`"250"`, `"x"`, `""`, "true", "false", "null", "[250]", "[]", fmt.Sprintf(`{"id": %d}`, kit.AttachedSIM), "{}", "[[250]]",
	}
)

// Every place of every operation that accepts an id treats ids of another Workspace, deleted
// ones and unknown ones alike: same status, bytes and headers. An invalid id gets the same
// response or a 400. No row changes. An accessible id at the end shows that the place is used
// at all.
func TestProbes(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, known := probed(t, e)
		list := probes(t, known)
		callers := make([]*kit.Client, len(list))
		for i, p := range list {
			callers[i] = s.As(p.as).With("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		}
		requests, before := 0, s.Dump()
		for i, p := range list {
			what := p.pattern + " " + p.place
			t.Run(strings.ReplaceAll(what, "/", "."), func(t *testing.T) { requests += p.try(currentWorkspace(t, callers[i])) })
			after := s.Dump()
			if diff := before.Diff(after, kit.Counters...); diff != "" {
				t.Errorf("%s: a probe left a trace (-before +after):\n%s", what, diff)
			}
			before = after
		}
		t.Run("lists", func(t *testing.T) { requests += probeLists(t, currentWorkspace(t, s.As("admin@example.com")), known) })
		if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Errorf("a probe of a list left a trace (-before +after):\n%s", diff)
		}
		mayUse(t, s, list)
		t.Logf("%d places, %d requests", len(list), requests)
	})
}

// mayUse sends each request with an id that the caller may use. If it were refused as well, the
// probe would prove nothing.
func mayUse(t *testing.T, s *kit.Server, list []probe) {
	t.Helper()
	// Reads come before writes and deletions last, parts before wholes, so that each request
	// finds its resource.
	slices.SortStableFunc(list, func(a, b probe) int {
		order := func(p probe) int {
			return strings.Index("GET POST PATCH PUT DELETE", p.method())
		}
		return cmp.Or(order(a)-order(b), len(b.pattern)-len(a.pattern))
	})
	answers := make(map[string]*kit.Answer)
	for _, p := range list {
		id := p.spelled(fresh(p.thing.own))
		request := p.pattern + strings.ReplaceAll(p.path+p.body, "{id}", id) // the same for two places of one operation
		own, asked := answers[request]
		if !asked {
			own = p.ask(s.As(p.as), id)
			answers[request] = own
		}
		if own.Status >= 400 && own.Status != http.StatusConflict && own.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s in %s: an id that may be used, %s, is answered %d %.200s", p.pattern, p.place, id, own.Status, own.Body)
		}
		absent := p.ask(s.As(p.as), p.spelled(p.thing.absent))
		if own.Status == absent.Status && bytes.Equal(own.Body, absent.Body) {
			t.Errorf("%s in %s: an id that may be used, %s, is answered like one that does not exist: %d %.200s", p.pattern, p.place, id, own.Status, own.Body)
		}
	}
}

// try sends every inaccessible id and returns the number of requests.
func (p probe) try(c *kit.Client) (requests int) {
	c.T.Helper()
	absent := p.ask(c, p.spelled(p.thing.absent))
	if absent.Status >= 500 || absent.Status < 300 && !strings.HasPrefix(p.pattern, "GET ") {
		c.T.Fatalf("an id that does not exist: %d %s", absent.Status, absent.Body)
	}
	for _, id := range p.thing.foreign {
		got := p.ask(c, p.spelled(id))
		if diff := gocmp.Diff(normalizedWith(absent, p.thing.absent, id), normalizedWith(got, id, id)); diff != "" {
			c.T.Errorf("absent (-) and the foreign %s (+) differ:\n%s", id, diff)
		}
	}
	for _, id := range slices.Concat(unusedIDs, noIDs) {
		if slices.Contains(p.thing.means, id) {
			continue
		}
		got := p.ask(c, id)
		// A number is a valid id, except where ids are strings, such as ICCIDs.
		malformed := p.thing.text || slices.Contains(noIDs, id)
		if malformed && got.Status == http.StatusBadRequest {
			continue
		}
		if diff := differs(absent, p.thing.absent, got, id); diff != "" {
			c.T.Errorf("absent (-) and %.40s (+) differ:\n%s", id, diff)
		}
	}
	return 1 + len(p.thing.foreign) + len(unusedIDs) + len(noIDs)
}

// differs describes the difference between two responses, for ids of possibly different length.
func differs(absent *kit.Answer, its string, got *kit.Answer, id string) string {
	quoted, err := json.Marshal(id) // as the body repeats it
	if err != nil {
		return err.Error()
	}
	want, have := normalizedWith(absent, its, id), normalizedWith(got, id, id)
	want["body"] = normalizedWith(absent, its, string(quoted[1:len(quoted)-1]))["body"]
	for _, answer := range []object{want, have} {
		if h, ok := answer["header"].(http.Header); ok {
			h.Del("Content-Length")
		}
	}
	return gocmp.Diff(want, have)
}
