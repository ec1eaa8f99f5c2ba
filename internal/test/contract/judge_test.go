package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/contract"
)

// recorder is a testing.TB that remembers failures instead of failing.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	errors []string
}

func (w *recorder) Helper() {}

func (w *recorder) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, fmt.Sprintf(format, args...))
}

// exchange is one request and the answer that a server gives to it.
type exchange struct {
	method, target, send string
	sendHeader           http.Header
	status               int
	header               http.Header
	answer               string
}

func (x exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	h := x.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if h.Get("Content-Type") == "" && x.answer != "" {
		h.Set("Content-Type", "application/json")
	}
	return &http.Response{StatusCode: x.status, Header: h, Body: io.NopCloser(strings.NewReader(x.answer)), Request: req}, nil
}

func (x exchange) request(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), x.method, "http://simferry.test"+x.target, strings.NewReader(x.send))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range x.sendHeader {
		req.Header[k] = v
	}
	return req
}

// judge runs the exchange past a judge and returns what it found.
func (x exchange) judge(t *testing.T) []string {
	t.Helper()
	w := &recorder{TB: t}
	resp, err := contract.New(w).RoundTripper(x).RoundTrip(x.request(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(got) != x.answer {
		t.Fatalf("the caller got %q, %v instead of the answer", got, err)
	}
	return w.errors
}

const (
	migratePath = "/api/v1/sim/migration/workspace"
	goodRequest = `{"target_workspace":{"id":200},"sims":[{"id":250}]}`
	goodAnswer  = `{"sim_count":1,"dry_run":true,"target_workspace":{"id":200,"name":"B"},"auto_detach_devices":false,"allowed_sim_statuses":null,` +
		`"sims":[{"id":250,"iccid":"8988303000000000129","iccid_with_luhn":"89883030000000001294","status":{"id":0,"description":"Issued"},"source_workspace":{"id":100,"name":"A"}}]}`
	errorBody = `{"error_code":1000,"error_token":"BadRequest","message":"no"}`
)

func migrate(send string, status int, answer string) exchange {
	return exchange{method: http.MethodPost, target: migratePath, send: send, status: status, answer: answer}
}

func get(target string, status int, answer string) exchange {
	return exchange{method: http.MethodGet, target: target, status: status, answer: answer}
}

func list(answer string, without ...string) exchange {
	x := get("/api/v1/sim", 200, answer)
	x.header = http.Header{
		"X-Count-Per-Page": {"2000"}, "X-Current-Page": {"1"}, "X-Total-Count": {"0"}, "X-Total-Pages": {"1"}, "X-Sort": {"id"},
		"Link": {`</api/v1/sim?page=1>; rel="first", </api/v1/sim?page=1>; rel="last"`},
	}
	for _, name := range without {
		x.header.Del(name)
	}
	return x
}

func with(x exchange, name, value string) exchange {
	x.header = x.header.Clone()
	if x.header == nil {
		x.header = http.Header{}
	}
	x.header.Set(name, value)
	return x
}

func TestJudgeAccepts(t *testing.T) {
	for name, x := range map[string]exchange{
		"a dry run":                  with(migrate(goodRequest, 200, goodAnswer), "ETag", `"abc"`),
		"a real run":                 with(migrate(`{"target_workspace":{"id":200.0,"name":"B"},"sims":[{"id":250,"iccid":"x"}],"dry_run":false}`, 200, goodAnswer), "Location", "/api/v1/migration/7"),
		"a refused request":          migrate(`{"target_workspace":{"id":200},"dry_run":"false"}`, 400, errorBody),
		"a null selection":           migrate(`{"target_workspace":{"id":200},"sims":null,"iccids":["8988303000000000129"]}`, 200, goodAnswer),
		"a conflict":                 migrate(goodRequest, 409, `{"status_code":409,"message":"no","errors":[{"error_code":1508,"message":"no","sims":[]}]}`),
		"a busy key":                 with(migrate(goodRequest, 409, errorBody), "Retry-After", "1"),
		"an empty list":              list(`[]`),
		"an unknown route":           get("/api/v1/nothing", 404, errorBody),
		"a method without route":     {method: http.MethodDelete, target: "/api/v1/event", status: 405, answer: errorBody},
		"a preflight":                {method: http.MethodOptions, target: migratePath, status: 204},
		"a HEAD":                     {method: http.MethodHead, target: "/healthz", status: 200},
		"a parameter with charset":   with(get("/healthz", 200, `{"status":"ok"}`), "Content-Type", "application/json; charset=utf-8"),
		"a 401 without body":         {method: http.MethodPost, target: "/api/v1/authenticate", send: `{"username":"a","password":"b"}`, status: 401},
		"a 401 of the lockout":       with(exchange{method: http.MethodPost, target: "/api/v1/authenticate", send: `{"username":"a","password":"b"}`, status: 401, answer: errorBody}, "Retry-After", "300"),
		"no answer while it is down": migrate(`{`, 503, errorBody),
		"a user by e-mail":           get("/api/v1/user/a@example.com", 404, errorBody),
		"an id with a point":         func() exchange { x := list(`[]`); x.target = "/api/v1/sim/250.0/event"; return x }(),
		"a bad path parameter":       get("/api/v1/sim/abc", 400, errorBody),
	} {
		t.Run(name, func(t *testing.T) {
			if found := x.judge(t); found != nil {
				t.Errorf("it is blameless, but: %s", strings.Join(found, "\n"))
			}
		})
	}
}

func TestJudgeCatches(t *testing.T) {
	for name, c := range map[string]struct {
		exchange exchange
		says     string
	}{
		"an undocumented status":            {get("/api/v1/sim/status", 418, ``), "not documented"},
		"an extra property":                 {migrate(goodRequest, 200, strings.Replace(goodAnswer, `{`, `{"extra":1,`, 1)), "extra"},
		"an extra property deep inside":     {migrate(goodRequest, 200, strings.Replace(goodAnswer, `"id":250`, `"id":250,"imsi":"1"`, 1)), "imsi"},
		"a missing property":                {migrate(goodRequest, 200, strings.Replace(goodAnswer, `"dry_run":true,`, ``, 1)), "dry_run"},
		"a wrong type":                      {migrate(goodRequest, 200, strings.Replace(goodAnswer, `"id":250`, `"id":"250"`, 1)), "/sims/0/id"},
		"a wrong form":                      {migrate(goodRequest, 200, strings.Replace(goodAnswer, `89883030000000001294`, `898830300000000012`, 1)), "iccid_with_luhn"},
		"a null that should be absent":      {migrate(goodRequest, 200, strings.Replace(goodAnswer, `"id":250`, `"endpoint":null,"id":250`, 1)), "endpoint"},
		"a list that is null":               {list(`null`), "array"},
		"an unknown route that answers":     {get("/api/v1/nothing", 200, `[]`), "no such route"},
		"an unknown method that answers":    {exchange{method: http.MethodDelete, target: "/api/v1/event", status: 204}, "no such route"},
		"a bad request that got 200":        {migrate(`{"target_workspace":{"id":200},"sims":[{"id":250.5}]}`, 200, goodAnswer), "refuses the request"},
		"a mistyped guard that got 200":     {migrate(`{"target_workspace":{"id":200},"sims":[{"id":250}],"allowed_sim_status":[{"id":1}]}`, 200, goodAnswer), "allowed_sim_status"},
		"no body that got 200":              {migrate(``, 200, goodAnswer), "missing"},
		"no JSON that got 500":              {migrate(`{`, 500, errorBody), "no JSON"},
		"a bad path parameter that got 500": {get("/api/v1/sim/abc", 500, errorBody), "sim_id"},
		"a bad header that got 200": {func() exchange {
			x := migrate(goodRequest, 200, goodAnswer)
			x.sendHeader = http.Header{"Idempotency-Key": {"ключ"}}
			return x
		}(), "Idempotency-Key"},
		"a missing header":                     {list(`[]`, "X-Total-Count"), "X-Total-Count"},
		"a header of the wrong form":           {with(list(`[]`), "X-Total-Count", "many"), "X-Total-Count"},
		"an entity tag without quotes":         {with(migrate(goodRequest, 200, goodAnswer), "ETag", "abc"), "ETag"},
		"no challenge":                         {get("/api/v1/organisation/my", 401, `{"message":"no"}`), "WWW-Authenticate"},
		"an undocumented body":                 {exchange{method: http.MethodPatch, target: "/api/v1/sim/1", send: `{"status":{"id":1}}`, status: 204, answer: `{}`}, "none is documented"},
		"a missing body":                       {get("/healthz", 200, ``), "body is missing"},
		"a body that is not JSON":              {get("/healthz", 200, `ok`), "no JSON"},
		"a content type that is not its own":   {with(get("/healthz", 200, `{"status":"ok"}`), "Content-Type", "text/plain"), "text/plain"},
		"a conflict with an unknown rule":      {migrate(goodRequest, 409, `{"status_code":409,"message":"no","errors":[{"error_code":1514,"message":"no","sims":[]}]}`), "1509"},
		"a ledger entry listed with its lines": {get("/api/v1/migration", 200, `[{"sims":[]}]`), "sims"},
	} {
		t.Run(name, func(t *testing.T) {
			found := strings.Join(c.exchange.judge(t), "\n")
			if !strings.Contains(found, c.says) || !strings.Contains(found, c.exchange.method) || !strings.Contains(found, fmt.Sprint(c.exchange.status)) {
				t.Errorf("want a finding with method, status and %q, got %q", c.says, found)
			}
		})
	}
}

func TestJudgeReadsGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"status":"strange"}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	x := with(get("/healthz", 200, packed.String()), "Content-Encoding", "gzip")
	if found := strings.Join(x.judge(t), ""); !strings.Contains(found, "strange") && !strings.Contains(found, "status") {
		t.Errorf("the packed body was not judged: %q", found)
	}
}

func TestJudgePassesErrorsOn(t *testing.T) {
	broken := errors.New("the line is dead")
	rt := contract.New(t).RoundTripper(transport(func(*http.Request) (*http.Response, error) { return nil, broken }))
	resp, err := rt.RoundTrip(get("/healthz", 0, "").request(t))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestJudgeLeavesTheRequestToTheServer(t *testing.T) {
	var got string
	server := transport(func(req *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(req.Body)
		got = string(b)
		if err != nil {
			return nil, err
		}
		return migrate("", 200, goodAnswer).RoundTrip(req)
	})
	client := &http.Client{Transport: contract.New(t).RoundTripper(server)}
	resp, err := client.Do(migrate(goodRequest, 0, "").request(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got != goodRequest {
		t.Errorf("the server received %q", got)
	}
}

func TestJudgeIsSafeForConcurrentUse(t *testing.T) {
	w := &recorder{TB: t}
	j := contract.New(w)
	good, bad := j.RoundTripper(migrate("", 200, goodAnswer)), j.RoundTripper(migrate("", 418, ""))
	var wg sync.WaitGroup
	for i := range 64 {
		rt := good
		if i%2 == 1 {
			rt = bad
		}
		req := migrate(goodRequest, 0, "").request(t)
		wg.Go(func() {
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		})
	}
	wg.Wait()
	if len(w.errors) != 32 {
		t.Errorf("32 of 64 exchanges were bad, %d findings", len(w.errors))
	}
	if seen := seenOf(j.Coverage(), "migrateSims", "200"); seen != 32 {
		t.Errorf("the coverage counts %d good exchanges, want 32", seen)
	}
}

func BenchmarkJudge(b *testing.B) {
	r := api.MigrationResponse{SIMCount: 500}
	for i := range 500 {
		r.SIMs = append(r.SIMs, api.MigrationSIM{ID: int64(i), ICCID: fmt.Sprintf("%019d", i), ICCIDWithLuhn: fmt.Sprintf("%020d", i), Endpoint: &api.NamedRef{ID: 1, Name: "x"}})
	}
	answer, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	for name, x := range map[string]exchange{"500 SIMs": migrate(goodRequest, 200, string(answer)), "health": get("/healthz", 200, `{"status":"ok"}`)} {
		b.Run(name, func(b *testing.B) {
			rt := contract.New(b).RoundTripper(x)
			for b.Loop() {
				resp, err := rt.RoundTrip(x.request(b))
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && len(contract.Total().Unseen()) == len(contract.Total()) {
		_, _ = os.Stderr.WriteString("the judges of this process have counted nothing\n")
		code = 1
	}
	os.Exit(code) //nolint:forbidigo // a TestMain that looks back at its tests has to
}
