package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// login --browser shows the page and the code, waits, and keeps the session.
func TestLoginByBrowser(t *testing.T) {
	for _, c := range []struct {
		name    string
		replies []string // to polls: a status and a body
		start   string
		printed []string
		code    int
	}{
		{"approved", []string{`200 {"authorization_pending": true}`, `200 {"auth_token": "t", "refresh_token": "r"}`}, `{"device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": "/terminal", "expires_in": 600, "interval": 1}`,
			[]string{"/terminal\n  WDJB-MJHT\n", "up to 10 minutes", "as admin@example.com, in the Workspace Fleet (100)"}, 0},
		{"at a public address", []string{`200 {"auth_token": "t", "refresh_token": "r"}`}, `{"device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": "https://sims.example.com/terminal", "expires_in": 600, "interval": 1}`,
			[]string{"  https://sims.example.com/terminal\n"}, 0},
		{"refused", []string{"401 "}, `{"device_code": "secret", "user_code": "\u001b[2J", "verification_uri": "/terminal", "expires_in": 600, "interval": 1}`,
			[]string{`\u001b[2J`, "refused in the browser"}, 1},
		{"not in time", []string{`200 {"authorization_pending": true}`}, `{"device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": "/terminal", "expires_in": 1, "interval": 60}`,
			[]string{"up to 1 second", "in time", "simferry login --browser"}, 1},
		{"no console", nil, "", []string{"does not offer a sign-in by browser"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			polls := 0
			mux := http.NewServeMux()
			if c.start != "" {
				mux.HandleFunc("POST /api/v1/authenticate/device", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.start)) })
			}
			mux.HandleFunc("POST /api/v1/authenticate", func(w http.ResponseWriter, r *http.Request) {
				var body map[string]any
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["device_code"] != "secret" || len(body) != 1 {
					t.Errorf("the server got %v, %v", body, err)
				}
				status, reply, _ := strings.Cut(c.replies[min(polls, len(c.replies)-1)], " ")
				if polls++; status == "401" {
					w.WriteHeader(http.StatusUnauthorized)
				}
				_, _ = w.Write([]byte(reply))
			})
			mux.HandleFunc("GET /api/v1/user/my", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"id": 1, "username": "admin@example.com"}`))
			})
			mux.HandleFunc("GET /api/v1/organisation/my", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"id": 100, "name": "Fleet"}`))
			})
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			var out bytes.Buffer
			home := t.TempDir()
			code := Run(t.Context(), Process{
				Args: []string{"login", "--server", server.URL, "--browser"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
				LookupEnv: func(name string) (string, bool) { return map[string]string{"SIMFERRY_HOME": home}[name], true },
			})
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.printed {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q: %s", want, out.String())
				}
			}
		})
	}
}
