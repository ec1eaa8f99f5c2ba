package httpx_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpx"
)

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadBody(t *testing.T) {
	const limit, anonymous = 1 << 20, 8 << 10
	gz := []string{"Content-Encoding", "gzip"}
	const caller, nobody = "user 1", ""
	for name, test := range map[string]struct {
		by     string
		body   string
		header []string
		status int
		want   string // the number of bytes read, or the message
	}{
		"small":              {caller, "{}", nil, 200, "2"},
		"any type":           {caller, "{}", []string{"Content-Type", "text/plain"}, 200, "2"},
		"byte order mark":    {caller, "\ufeff{}", nil, 200, "2"},
		"at the limit":       {caller, strings.Repeat("x", limit), nil, 200, strconv.Itoa(limit)},
		"over the limit":     {caller, strings.Repeat("x", limit+1), nil, 413, "The body is larger than 1048576 bytes"},
		"empty":              {caller, "", nil, 400, "The body is empty: send a JSON object"},
		"gzip":               {caller, zip(t, "{}"), gz, 200, "2"},
		"x-gzip":             {caller, zip(t, "{}"), []string{"Content-Encoding", "X-GZIP"}, 200, "2"},
		"identity":           {caller, "{}", []string{"Content-Encoding", "identity"}, 200, "2"},
		"gzip bomb":          {caller, zip(t, strings.Repeat("x", limit+1)), gz, 413, "The body is larger than 1048576 bytes"},
		"gzip cut short":     {caller, zip(t, "{}")[:12], gz, 400, "The body could not be read"},
		"no gzip":            {caller, "{}", gz, 400, "The body is not valid gzip, though Content-Encoding says so"},
		"brotli":             {caller, "{}", []string{"Content-Encoding", "br"}, 400, "Content-Encoding: only gzip is supported"},
		"anonymous":          {nobody, strings.Repeat("x", anonymous), nil, 200, strconv.Itoa(anonymous)},
		"anonymous, larger":  {nobody, strings.Repeat("x", anonymous+1), nil, 413, "The body is larger than 8192 bytes"},
		"anonymous and gzip": {nobody, zip(t, "{}"), gz, 400, "Content-Encoding: send the body uncompressed; gzip requires a bearer token"},
	} {
		t.Run(name, func(t *testing.T) {
			res := serve(t, httpx.Options{}, newRequest(t, "POST", "", test.body, test.header...), func(s *httpx.Server, r *httpx.Request) (httpx.Response, error) {
				if err := s.Admit(r, test.by, "workspace 100", false); err != nil {
					return httpx.Response{}, err
				}
				body, err := r.ReadBody()
				return httpx.JSON(http.StatusOK, len(body)), err
			})
			want := test.want
			if test.status != http.StatusOK {
				want = refusal("1000", "BadRequest", test.want)
			}
			wantResponse(t, res, test.status, want)
		})
	}
}

// The memory for bodies is shared: a body that finds none is refused, and says when to retry.
func TestReadBodyWithoutMemory(t *testing.T) {
	o := httpx.Options{Limits: httpx.Limits{BodyMemory: 16 << 10, BodyMemoryPerCaller: 16 << 10}}
	res := serve(t, o, newRequest(t, "POST", "", strings.Repeat("x", 200<<10)), func(s *httpx.Server, r *httpx.Request) (httpx.Response, error) {
		if err := s.Admit(r, "user 1", "workspace 100", false); err != nil {
			return httpx.Response{}, err
		}
		_, err := r.ReadBody()
		return httpx.Response{Status: http.StatusOK}, err
	})
	if got := res.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: %q", got)
	}
	wantResponse(t, res, http.StatusServiceUnavailable, refusal("1000", "Unavailable", "Too many large request bodies at the moment: retry"))
}

func TestDecode(t *testing.T) {
	type inner struct {
		ID *int64 `json:"id"`
	}
	type body struct {
		Name  *string `json:"name"`
		Count *int    `json:"count"`
		Open  *bool   `json:"open"`
		SIMs  []inner `json:"sims"`
	}
	for name, test := range map[string]struct{ body, want string }{
		"all":                {`{"name": "x", "count": 1, "open": true, "sims": [{"id": 1}]}`, ""},
		"unknown":            {`{"nam": "x"}`, "nam: unknown property; known properties: name, count, open, sims"},
		"duplicate":          {`{"name": "x", "name": "y"}`, "name: duplicate property"},
		"unknown inside":     {`{"sims": [{"id": 1}, {"iccid": 1}]}`, "sims[1].iccid: unknown property; known properties: id"},
		"number for a text":  {`{"name": 1}`, "name: it must be a text, in quotes, not a number"},
		"text for a number":  {`{"count": "1"}`, "count: it must be a whole number, not a text"},
		"number for a bool":  {`{"open": 1}`, "open: it must be true or false, not a number"},
		"object for a list":  {`{"sims": {}}`, "sims: it must be a list, in [ ], not an object"},
		"number in a list":   {`{"sims": [1]}`, `sims[0]: it must be an object such as {"id": 1}, not a number`},
		"a list":             {`[]`, "the body: it must be an object, in { }, not a list"},
		"null":               {`null`, "The body is null: send a JSON object"},
		"more after the end": {`{} {}`, "The body is not valid JSON: error at byte 3"},
		"cut short":          {`{"name": `, "The body is not valid JSON: error at byte 9"},
		"too many lists":     {`{"sims": [` + strings.Repeat("{},", 50_000) + `{}]}`, "The body has more than 50000 objects and lists: send it in parts"},
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			serve(t, httpx.Options{}, newRequest(t, "POST", "", test.body), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
				got = r.Decode(&body{})
				return httpx.Response{Status: http.StatusNoContent}, got
			})
			if message := refused(got); message != test.want {
				t.Errorf("got %q (%v), want %q", message, got, test.want)
			}
		})
	}
}

func TestDecodeOptional(t *testing.T) {
	serve(t, httpx.Options{}, newRequest(t, "POST", "", `{"x": 1}`), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
		if got, want := refused(r.DecodeOptional(&struct{}{})), "x: unknown property; this object has no properties: leave it out"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		return httpx.Response{Status: http.StatusNoContent}, nil
	})
	for body, valid := range map[string]bool{"": true, "{}": true, "{": false} {
		serve(t, httpx.Options{}, newRequest(t, "POST", "", body), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
			if err := r.DecodeOptional(&struct{}{}); (err == nil) != valid {
				t.Errorf("%q: %v", body, err)
			}
			return httpx.Response{Status: http.StatusNoContent}, nil
		})
	}
}
