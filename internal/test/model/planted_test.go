package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/test/kit"
)

// exchange is the transport of a faulty server: send passes a request to the real one.
type exchange func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response

// planted are bugs in the transport to one of the servers, and the words of the failure that each
// must cause. bug returns a new one for each pair of servers, because it can have state.
var planted = []struct {
	name, words string
	bug         func() exchange
}{
	{"a conflict group lacks a SIM", "the engines differ", shortConflict},
	{"the last SIM moves in the answer only", "differ", movesAllButOne},
	{"a key replays the response to another body", "the engines differ", replayBlindly},
	{"an event is missing in a list", "events: the engines differ", forgetEvent},
	{"a dry run moves", "differ", dryRunWrites},
	{"If-Match is ignored", "differ", ignoreMatch},
	{"the total of a list is one too high", "the engines differ", miscount},
	{"no address is ever locked out", "differ", spreadAddresses},
	{"a device and its SIM stay as they are", "differ", keepDevice},
}

// The harness must find every planted bug: otherwise a run without failures proves nothing. The
// seed is one that finds all of them early; the usual one takes twice as many actions.
func TestPlanted(t *testing.T) {
	for _, e := range []kit.Engine{kit.SQLite, kit.Postgres} {
		prepare(t, e)
	}
	for name, value := range map[string]string{"rapid.shrinktime": "1ms", "rapid.seed": "4", "rapid.checks": "20", "rapid.steps": "150"} {
		before := setting(name)
		set(name, value)
		t.Cleanup(func() { set(name, before) })
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			var n tally
			failed, message := caught(check(func(next http.RoundTripper) http.RoundTripper {
				return faulty{next, p.bug()}
			}, &n))
			if !failed || !strings.Contains(message, p.words) {
				t.Errorf("not caught in %d actions: %s", n.actions, message)
			}
			t.Logf("caught within %d actions", n.actions)
		})
	}
}

// caught runs a property as rapid does and reports whether it failed.
func caught(property func(*rapid.T)) (failed bool, message string) {
	fake := &verdict{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		rapid.Check(fake, property)
	}()
	<-done
	return fake.failed, fake.messages.String()
}

// verdict implements rapid's TB and records a failure without failing the test.
type verdict struct {
	failed   bool
	messages strings.Builder
}

func (v *verdict) Helper()                      {}
func (v *verdict) Name() string                 { return "planted" }
func (v *verdict) Logf(string, ...any)          {}
func (v *verdict) Log(...any)                   {}
func (v *verdict) Skipf(string, ...any)         { v.FailNow() }
func (v *verdict) Skip(...any)                  { v.FailNow() }
func (v *verdict) SkipNow()                     { v.FailNow() }
func (v *verdict) Fail()                        { v.failed = true }
func (v *verdict) FailNow()                     { v.failed = true; runtime.Goexit() }
func (v *verdict) Failed() bool                 { return v.failed }
func (v *verdict) Error(args ...any)            { fmt.Fprintln(&v.messages, args...); v.Fail() }
func (v *verdict) Fatal(args ...any)            { v.Error(args...); v.FailNow() }
func (v *verdict) Errorf(f string, args ...any) { fmt.Fprintf(&v.messages, f+"\n", args...); v.Fail() }
func (v *verdict) Fatalf(f string, args ...any) { v.Errorf(f, args...); v.FailNow() }

// faulty is a transport with a bug.
type faulty struct {
	next http.RoundTripper
	bug  exchange
}

func (f faulty) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	var failure error
	resp := f.bug(req, body, func(r *http.Request, body []byte) *http.Response {
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if len(body) == 0 {
			r.Body = http.NoBody
		}
		resp, err := f.next.RoundTrip(r)
		if err != nil {
			failure = err
			return &http.Response{Header: http.Header{}, Body: http.NoBody}
		}
		return resp
	})
	if failure != nil {
		return nil, failure
	}
	return resp, nil
}

// content returns the body of a response, and replace sets another one.
func content(resp *http.Response) []byte {
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return replace(resp, text)
}

func replace(resp *http.Response, text []byte) []byte {
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	if resp.Header.Get("Content-Length") != "" {
		resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
	}
	return text
}

func isMigration(req *http.Request) bool {
	return strings.HasSuffix(req.URL.Path, "/migration/workspace")
}

func isReal(body []byte) bool { return bytes.Contains(body, []byte(`"dry_run":false`)) }

// edit changes a body that is JSON.
func edit[T any](text []byte, change func(T) T) []byte {
	var v T
	if json.Unmarshal(text, &v) != nil {
		return text
	}
	out, err := json.Marshal(change(v))
	if err != nil {
		return text
	}
	return out
}

func shortConflict() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		resp := send(req, body)
		if isMigration(req) && resp.StatusCode == http.StatusConflict {
			replace(resp, edit(content(resp), func(o object) object {
				groups, _ := o["errors"].([]any)
				for _, g := range groups {
					if group, is := g.(object); is {
						if sims, _ := group["sims"].([]any); len(sims) > 1 {
							group["sims"] = sims[:len(sims)-1]
						}
					}
				}
				return o
			}))
		}
		return resp
	}
}

// movesAllButOne returns the response of a dry run and moves one SIM less.
func movesAllButOne() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		var o object
		_ = json.Unmarshal(body, &o)
		sims, _ := o["sims"].([]any)
		if !isMigration(req) || !isReal(body) || len(sims) < 2 || req.Header.Get("If-Match") != "" || req.Header.Get("Idempotency-Key") != "" {
			return send(req, body)
		}
		dry := send(req, bytes.Replace(body, []byte(`"dry_run":false`), []byte(`"dry_run":true`), 1))
		answer := content(dry)
		if dry.StatusCode != http.StatusOK {
			return send(req, body)
		}
		resp := send(req, edit(body, func(o object) object { o["sims"] = sims[:len(sims)-1]; return o }))
		content(resp)
		replace(resp, bytes.Replace(answer, []byte(`"dry_run":true`), []byte(`"dry_run":false`), 1))
		return resp
	}
}

func replayBlindly() exchange {
	first := map[string]func() *http.Response{}
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		key := req.URL.Path + " " + strings.Trim(req.Header.Get("Idempotency-Key"), `"`)
		if stored := first[key]; stored != nil {
			return stored()
		}
		resp := send(req, body)
		if req.Header.Get("Idempotency-Key") != "" && resp.StatusCode == http.StatusOK && isReal(body) {
			text, header := content(resp), resp.Header.Clone()
			first[key] = func() *http.Response {
				again := &http.Response{StatusCode: http.StatusOK, Header: header.Clone(), Request: req}
				again.Header.Set("Idempotent-Replayed", "true")
				replace(again, text)
				return again
			}
		}
		return resp
	}
}

func forgetEvent() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		resp := send(req, body)
		if strings.HasSuffix(req.URL.Path, "/event") && resp.StatusCode == http.StatusOK {
			replace(resp, edit(content(resp), func(list []json.RawMessage) []json.RawMessage {
				if len(list) > 1 {
					return list[:len(list)-1]
				}
				return list
			}))
		}
		return resp
	}
}

func dryRunWrites() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		resp := send(req, body)
		if isMigration(req) && !isReal(body) && resp.StatusCode == http.StatusOK {
			text := content(resp)
			content(send(req, edit(body, func(o object) object { o["dry_run"] = false; return o })))
			replace(resp, text)
		}
		return resp
	}
}

func ignoreMatch() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		req.Header.Del("If-Match")
		return send(req, body)
	}
}

func miscount() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		resp := send(req, body)
		if n, err := strconv.Atoi(resp.Header.Get("X-Total-Count")); err == nil && resp.Header.Get("X-Current-Page") != "1" {
			resp.Header.Set("X-Total-Count", strconv.Itoa(n+1))
		}
		return resp
	}
}

// keepDevice changes the status of a device and its SIM only in the response.
func keepDevice() exchange {
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		if req.Method == http.MethodPatch && strings.Contains(req.URL.Path, "/endpoint/") {
			body = edit(body, func(o object) object {
				delete(o, "status")
				delete(o, "sim")
				return o
			})
		}
		return send(req, body)
	}
}

// spreadAddresses gives every request another client address.
func spreadAddresses() exchange {
	n := 0
	return func(req *http.Request, body []byte, send func(*http.Request, []byte) *http.Response) *http.Response {
		if req.Header.Get("X-Forwarded-For") != "" {
			n++
			req.Header.Set("X-Forwarded-For", "2001:db8:1::"+strconv.FormatInt(int64(n), 16))
		}
		return send(req, body)
	}
}
