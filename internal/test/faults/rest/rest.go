// Package rest sends single requests of the API to servers that are being disturbed, exactly once
// each: packages traffic and jobload write down what they send, so nothing may repeat it unseen.
package rest

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

// Patience is how long a client waits for a reply.
const Patience = 20 * time.Second

// Call is a request.
type Call struct {
	Method, URL string
	Bearer      string      // "" for none
	Body        string      // JSON; "" for none
	Header      http.Header // others, as Idempotency-Key; may be nil
}

// Reply is a response, read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Client returns a client that keeps up to idle unused connections to a server. It does not
// decompress, because bytes are compared.
func Client(idle int) *http.Client {
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
	own.DisableCompression = true
	own.MaxIdleConnsPerHost = idle
	return &http.Client{Transport: own, Timeout: Patience}
}

// Send sends a request once. Without GetBody the transport cannot send it a second time.
func Send(ctx context.Context, client *http.Client, c Call) (r Reply, err error) {
	req, err := http.NewRequestWithContext(ctx, c.Method, c.URL, bytes.NewReader([]byte(c.Body)))
	if err != nil {
		return r, err
	}
	req.GetBody = nil
	for name, values := range c.Header {
		req.Header[name] = values
	}
	if c.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.Bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return r, err // a reply that breaks off does not count
	}
	return Reply{resp.StatusCode, resp.Header, text}, nil
}

// SignIn returns the bearer of a user. A refusal is an error.
func SignIn(ctx context.Context, client *http.Client, url, user, password string) (bearer string, err error) {
	r, err := TrySignIn(ctx, client, url, user, password)
	if err != nil {
		return "", err
	}
	return r.bearer("the sign-in of " + user)
}

// TrySignIn makes one attempt to sign in.
func TrySignIn(ctx context.Context, client *http.Client, url, user, password string) (Reply, error) {
	return Send(ctx, client, Call{
		Method: http.MethodPost, URL: url + "/api/v1/authenticate",
		Body: fmt.Sprintf(`{"username":%q,"password":%q}`, user, identity.WireDigest(password)),
	})
}

// Enter returns a bearer of the same user for a Workspace.
func Enter(ctx context.Context, client *http.Client, url, bearer string, workspace int64) (string, error) {
	r, err := Send(ctx, client, Call{
		Method: http.MethodPost, URL: url + "/api/v1/authenticate/workspace", Bearer: bearer,
		Body: fmt.Sprintf(`{"target_organisation":{"id":%d}}`, workspace),
	})
	if err != nil {
		return "", err
	}
	return r.bearer(fmt.Sprintf("the change to Workspace %d", workspace))
}

func (r Reply) bearer(what string) (string, error) {
	var got struct {
		Token string `json:"auth_token"`
	}
	if err := json.Unmarshal(r.Body, &got); err != nil || got.Token == "" {
		return "", fmt.Errorf("%s was answered %d %.200s: %w", what, r.Status, r.Body, err)
	}
	return got.Token, nil
}

// Ready returns the status of a server's /readyz, 0 without a reply.
func Ready(ctx context.Context, url string) int {
	client := Client(0)
	defer client.CloseIdleConnections()
	r, _ := Send(ctx, client, Call{Method: http.MethodGet, URL: url + "/readyz"}) // 0 says it
	return r.Status
}
