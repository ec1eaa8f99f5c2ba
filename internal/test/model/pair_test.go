package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/model"
)

// transport may put something between the harness and the server on SQLite.
type transport func(http.RoundTripper) http.RoundTripper

// pair is two servers on two engines and the model, which all get the same requests at the
// same time of one clock.
type pair struct {
	t     *rapid.T
	model *model.Model
	clock *kit.Clock
	sides [2]*side
	sent  sentRequests
	tally *tally
	own   map[string]string // bodies by server, if they must differ
	codes [][2]string       // the texts of receiving codes, by server
}

type side struct {
	engine  kit.Engine
	server  *kit.Server
	client  *http.Client
	bearers []string // as the model numbers them
	refresh []string
	answer  answer
}

type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func startPair(rt *rapid.T, wrap transport, n *tally) *pair {
	p := &pair{t: rt, clock: kit.NewClock(), tally: n}
	for i, e := range []kit.Engine{kit.SQLite, kit.Postgres} {
		t := scope{rt: rt}
		s := kit.StartOn(t, database(t, e), p.clock)
		// The responses of one server are checked against the document; those of the other must be
		// equal.
		client := s.HTTP
		if e == kit.Postgres {
			own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
			rt.Cleanup(own.CloseIdleConnections)
			client = &http.Client{Transport: own}
		} else if wrap != nil {
			client = &http.Client{Transport: wrap(client.Transport)}
		}
		p.sides[i] = &side{engine: e, server: s, client: client}
	}
	p.model = model.New(parsed(), p.clock.Now())
	return p
}

// request is one request, but for its bearer.
type request struct {
	method, path string
	body         string
	header       map[string]string
}

// try sends a request to both servers and holds the answers against each other and against
// the model's.
func (p *pair) try(operation string, bearer int, r request, want model.Answer) []byte {
	p.t.Helper()
	p.t.Logf("%s by %d: %s %s %s %v", operation, bearer, r.method, r.path, clip(r.body), r.header)
	var wg sync.WaitGroup
	for _, s := range p.sides {
		wg.Go(func() { s.answer = s.send(p, bearer, r) })
	}
	wg.Wait()
	for _, s := range p.sides {
		if s.answer.err != nil {
			p.t.Fatalf("%s: %v", s.engine, s.answer.err)
		}
	}
	if want.Secret && want.Status == http.StatusOK {
		p.takeTokens()
	}
	if operation == "make code" && want.Status == http.StatusCreated {
		p.takeCodes()
	}
	a, b := p.sides[0].answer, p.sides[1].answer
	p.tally.count(operation, b.status)
	p.tally.draw(r)
	p.tally.look(b, strings.Contains(r.body, `"dry_run":false`))
	if x, y := a.shown(), b.shown(); x != y {
		p.t.Fatalf("%s: the engines differ (-sqlite +postgres):\n%s", operation, cmp.Diff(x, y))
	}
	if diff := against(want, a); diff != "" {
		p.t.Fatalf("%s: the model differs (-model +servers):\n%s\nbody: %s", operation, diff, clip(string(a.body)))
	}
	return a.body
}

func clip(s string) string {
	const most = 600
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func (s *side) send(p *pair, bearer int, r request) answer {
	if own, is := p.own[s.server.URL]; is {
		r.body = own
	}
	req, err := http.NewRequestWithContext(p.t.Context(), r.method, s.server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{err: err}
	}
	if r.body == "" {
		req.Body = http.NoBody
		req.ContentLength = 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if bearer >= 0 {
		req.Header.Set("Authorization", "Bearer "+s.bearers[bearer])
	} else if bearer == garbled {
		req.Header.Set("Authorization", "Bearer e30.e30.e30")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body, err}
}

// The callers without a valid bearer.
const nobody, garbled = -1, -2

// takeTokens stores the tokens of a sign-in, and removes from the bodies what must differ.
func (p *pair) takeTokens() {
	for _, s := range p.sides {
		var got struct {
			Bearer  string `json:"auth_token"`
			Refresh string `json:"refresh_token"`
		}
		if err := json.Unmarshal(s.answer.body, &got); err != nil || got.Bearer == "" {
			p.t.Fatalf("%s: status %d: no token in %q: %v", s.engine, s.answer.status, s.answer.body, err)
		}
		s.bearers = append(s.bearers, got.Bearer)
		s.answer.body = bytes.Replace(s.answer.body, []byte(got.Bearer), []byte("BEARER"), 1)
		if got.Refresh != "" {
			s.refresh = append(s.refresh, got.Refresh)
			s.answer.body = bytes.Replace(s.answer.body, []byte(got.Refresh), []byte("REFRESH"), 1)
		}
		s.answer.header.Del("Content-Length") // signatures are of one length, ids of families need not be
	}
}

// takeCodes stores the texts of a receiving code, and removes them from the bodies.
func (p *pair) takeCodes() {
	var texts [2]string
	for i, s := range p.sides {
		var got struct {
			Code string `json:"receiving_code"`
		}
		if err := json.Unmarshal(s.answer.body, &got); err != nil || got.Code == "" {
			p.t.Fatalf("%s: status %d: no code in %q: %v", s.engine, s.answer.status, s.answer.body, err)
		}
		texts[i] = got.Code
		s.answer.body = bytes.Replace(s.answer.body, []byte(got.Code), []byte(model.Code), 1)
	}
	p.codes = append(p.codes, texts)
}

// shown returns the parts of a response that must be the same on both engines: all of it except
// the date and the id of the request.
func (a answer) shown() string {
	var lines []string
	for name, values := range a.header {
		if name != "Date" && name != "X-Request-Id" {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s\n\n%s", a.status, strings.Join(lines, "\n"), a.body)
}

var requestID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// against compares a response with the one that the model expects.
func against(want model.Answer, got answer) string {
	if want.Status != got.status {
		return fmt.Sprintf("-status %d\n+status %d", want.Status, got.status)
	}
	if id := got.header.Get("X-Request-Id"); !requestID.MatchString(id) {
		return "X-Request-Id: " + id
	}
	for name, value := range want.Header {
		if got.header.Get(name) != value {
			return fmt.Sprintf("-%s: %s\n+%s: %s", name, value, name, got.header.Get(name))
		}
	}
	switch {
	case want.Secret, want.Alike:
		return ""
	case want.Raw != nil:
		return cmp.Diff(string(want.Raw), string(got.body))
	case want.Body == nil:
		return cmp.Diff("", string(got.body))
	}
	return sameJSON(want, got.body)
}

func sameJSON(want model.Answer, body []byte) string {
	expected, err := json.Marshal(want.Body)
	if err != nil {
		return err.Error()
	}
	var w, g any
	if err := decode(expected, &w); err != nil {
		return err.Error()
	}
	if err := decode(body, &g); err != nil {
		return err.Error()
	}
	leaveOpen(w, g)
	if o, is := g.(map[string]any); is {
		for _, free := range want.Free {
			if s, is := o[free].(string); !is || s == "" {
				return free + " is missing"
			}
			delete(o, free)
		}
		if _, present := expectedErrors(w); !present && len(want.Free) > 0 {
			delete(o, "errors") // particulars in free words
		}
	}
	if reflect.DeepEqual(w, g) { // cmp describes the difference, but takes longer
		return ""
	}
	return cmp.Diff(w, g)
}

// leaveOpen replaces texts that the model leaves open.
func leaveOpen(want, got any) {
	switch w := want.(type) {
	case map[string]any:
		g, is := got.(map[string]any)
		for name, value := range w {
			if text, said := g[name].(string); is && said && text != "" && value == model.Words {
				g[name] = model.Words
			}
			if is {
				leaveOpen(value, g[name])
			}
		}
	case []any:
		g, _ := got.([]any)
		for i := range min(len(w), len(g)) {
			leaveOpen(w[i], g[i])
		}
	}
}

func expectedErrors(w any) (any, bool) {
	o, is := w.(map[string]any)
	if !is {
		return nil, false
	}
	v, present := o["errors"]
	return v, present
}

func decode(text []byte, into *any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}
