package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/simferry/simferry/internal/identity"
)

// patience is how long a client waits for a reply.
const patience = 20 * time.Second

func newHTTPClient() *http.Client {
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
	own.DisableCompression = true                          // bytes are compared
	return &http.Client{Transport: own, Timeout: patience}
}

// post sends JSON. The transport must not repeat a request on its own, because the journal would not
// know: without GetBody it cannot.
func post(ctx context.Context, client *http.Client, method, url, bearer, body string, header http.Header) (status int, got http.Header, text []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, nil, err
	}
	req.GetBody = nil
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, text, err
}

// TrySignIn makes one attempt to sign in, and returns the status of the reply.
func TrySignIn(ctx context.Context, url, user, with string) (status int, err error) {
	client := newHTTPClient()
	defer client.CloseIdleConnections()
	status, _, err = signIn(ctx, client, url, user, with)
	return status, err
}

func signIn(ctx context.Context, client *http.Client, url, user, with string) (status int, token string, err error) {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, user, identity.WireDigest(with))
	return authenticate(ctx, client, url+"/api/v1/authenticate", "", body)
}

func authenticate(ctx context.Context, client *http.Client, url, bearer, body string) (status int, token string, err error) {
	status, _, text, err := post(ctx, client, http.MethodPost, url, bearer, body, nil)
	if err != nil {
		return 0, "", err
	}
	var got struct {
		Token string `json:"auth_token"`
	}
	_ = json.Unmarshal(text, &got) // an unreadable body has no token
	return status, got.Token, nil
}

// Ready returns the status of a server's /readyz, 0 without a reply.
func Ready(ctx context.Context, url string) int {
	client := newHTTPClient()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return 0
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
