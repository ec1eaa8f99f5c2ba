package console_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// person is a browser without scripts: it has cookies, follows nothing, and sends forms.
type person struct {
	t    testing.TB
	site *site
	http *http.Client
}

// answer is a response of the console.
type answer struct {
	*http.Response
	Text string
}

func (s *site) person(t testing.TB) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, s, &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as returns a person who has signed in.
func (s *site) as(t testing.TB, username string) *person {
	t.Helper()
	p := s.person(t)
	p.post("/sign-in", "username", username, "password", kit.Password).is(t, http.StatusSeeOther)
	return p
}

func (p *person) send(req *http.Request) answer {
	p.t.Helper()
	res, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if strings.Contains(string(body), "%!") {
		p.t.Errorf("%s %s has a text with the wrong arguments: %s", req.Method, req.URL, body)
	}
	formsName(p.t, req.URL.Path, string(body))
	return answer{res, string(body)}
}

var formTag = regexp.MustCompile(`<form [^>]*method="post"[^>]*>(<input type="hidden" name="of-workspace" value="\d+">)?`)

// formsName fails the test unless each form of a page of a Workspace says which Workspace it is
// for.
func formsName(t testing.TB, path, page string) {
	t.Helper()
	if !strings.Contains(page, `action="/switch"`) {
		return
	}
	for _, m := range formTag.FindAllStringSubmatch(page, -1) {
		if m[1] == "" {
			t.Errorf("%s has a form without a Workspace: %s", path, m[0])
		}
	}
}

func (p *person) request(method, path string, form url.Values) *http.Request {
	p.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.site.URL+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", p.site.URL)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return req
}

func (p *person) get(path string) answer {
	p.t.Helper()
	return p.send(p.request(http.MethodGet, path, nil))
}

// post sends a form of names and values.
func (p *person) post(path string, pairs ...string) answer {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.send(p.request(http.MethodPost, path, form))
}

func (a answer) is(t testing.TB, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.main())
	}
	return a
}

// leads fails the test unless the answer redirects to a path.
func (a answer) leads(t testing.TB, path string) answer {
	t.Helper()
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != path {
		t.Fatalf("%s %s: status %d, to %q, want %q: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, got, path, a.main())
	}
	return a
}

func (a answer) has(t testing.TB, words ...string) answer {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(a.Text, w) {
			t.Fatalf("%s %s does not have %q: %s", a.Request.Method, a.Request.URL.Path, w, a.main())
		}
	}
	return a
}

func (a answer) lacks(t testing.TB, words ...string) answer {
	t.Helper()
	for _, w := range words {
		if strings.Contains(a.Text, w) {
			t.Fatalf("%s %s has %q: %s", a.Request.Method, a.Request.URL.Path, w, a.main())
		}
	}
	return a
}

// main returns the part of a page that differs.
func (a answer) main() string {
	_, text, _ := strings.Cut(a.Text, "<main")
	text, _, _ = strings.Cut(text, "</main>")
	return text
}

var onceValue = regexp.MustCompile(`name="once" value="([^"]+)"`)

// once returns the idempotency key of the first form of a page.
func (a answer) once(t testing.TB) string {
	t.Helper()
	m := onceValue.FindStringSubmatch(a.Text)
	if m == nil {
		t.Fatalf("%s has no form with a key: %s", a.Request.URL.Path, a.main())
	}
	return m[1]
}
