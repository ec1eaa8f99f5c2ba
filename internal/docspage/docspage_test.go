package docspage_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/docspage"
)

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	docspage.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func TestPageIsServed(t *testing.T) {
	w := get(t, "/docs")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d, %q", w.Code, w.Header().Get("Content-Type"))
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("nosniff is missing")
	}
}

// The policy forbids inline scripts and foreign hosts, so the page must have neither.
func TestPageObeysItsPolicy(t *testing.T) {
	w := get(t, "/docs")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy %q lets too much through", policy)
	}
	page := w.Body.String()
	for _, never := range []string{"https://", "http://", "<style", "style=", "onload", "onclick", "<script>"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
}

func TestPageFindsAllItsFiles(t *testing.T) {
	refs := regexp.MustCompile(`(?:src|href)="(docs/[^"]+)"`).FindAllStringSubmatch(get(t, "/docs").Body.String(), -1)
	if len(refs) < 4 {
		t.Fatalf("the page refers to %v only", refs)
	}
	for _, ref := range refs {
		w := get(t, "/"+ref[1])
		want := "text/javascript; charset=utf-8"
		if strings.HasSuffix(ref[1], ".css") {
			want = "text/css; charset=utf-8"
		}
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want || w.Body.Len() == 0 {
			t.Errorf("%s: got %d, %q, %d bytes", ref[1], w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
	}
}

func TestNoForeignValidator(t *testing.T) {
	if !strings.Contains(get(t, "/docs/docs.js").Body.String(), "validatorUrl: null") {
		t.Error("Swagger UI would send the document's address to a validator elsewhere")
	}
}

func TestLicencesAreServed(t *testing.T) {
	for name, want := range map[string]string{"LICENSE": "Apache License", "NOTICE": "SmartBear", "swagger-ui-bundle.js.LICENSE.txt": "@license"} {
		if w := get(t, "/docs/"+name); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d", name, w.Code)
		}
	}
}

func TestUnknownFilesAreNotFound(t *testing.T) {
	for _, path := range []string{"/docs/index.html", "/docs/README.md", "/docs/nothing", "/docs/..%2fdocspage.go", "/docs/static/LICENSE", "/other"} {
		if w := get(t, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
}

// The embedded files are those that the README names.
func TestStaticFilesAreUnchanged(t *testing.T) {
	readme, err := os.ReadFile("static/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(readme, []byte("Swagger UI "+docspage.Version)) {
		t.Errorf("the README is not about version %s", docspage.Version)
	}
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css", "LICENSE", "NOTICE"} {
		sum := sha256.Sum256(get(t, "/docs/"+name).Body.Bytes())
		if row := fmt.Sprintf("| %#q | `%x` |", name, sum); !bytes.Contains(readme, []byte(row)) {
			t.Errorf("%s is not the file that the README lists; its sum is %x", name, sum)
		}
	}
}
