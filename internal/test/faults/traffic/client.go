package traffic

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Patience is how long a client waits for one reply.
const Patience = 20 * time.Second

const migrations = "/api/v1/sim/migration/workspace"

// Clients send requests to servers over one database.
type Clients struct {
	http   *http.Client
	bearer *atomic.Pointer[string]
	urls   []string
}

// SignIn makes clients of servers and signs them in at the first one.
func SignIn(ctx context.Context, urls ...string) (*Clients, error) {
	c := &Clients{
		http:   &http.Client{Timeout: Patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		bearer: new(atomic.Pointer[string]), urls: urls,
	}
	err := c.Renew(ctx)
	return c, err
}

// Renew signs in again.
func (c *Clients) Renew(ctx context.Context) error {
	status, token, err := c.TrySignIn(ctx, username, password)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("sign in: %d", status)
	}
	if err == nil {
		c.bearer.Store(&token)
	}
	return err
}

// TrySignIn makes one attempt to sign in.
func (c *Clients) TrySignIn(ctx context.Context, user, with string) (status int, token string, err error) {
	digest := sha1.Sum([]byte(with))
	body := fmt.Appendf(nil, `{"username":%q,"password":%q}`, user, hex.EncodeToString(digest[:]))
	a, err := c.post(ctx, 0, "/api/v1/authenticate", body, "")
	if err != nil {
		return 0, "", err
	}
	var got struct {
		Token string `json:"auth_token"`
	}
	_ = json.Unmarshal(a.Body, &got) // an unreadable body has no token
	return a.Status, got.Token, nil
}

// At returns the same clients, connected to other servers.
func (c *Clients) At(urls ...string) *Clients { return &Clients{c.http, c.bearer, urls} }

// send makes one attempt and records its outcome.
func (c *Clients) send(ctx context.Context, r *Request, server int) Answer {
	sent := time.Now()
	a, err := c.post(ctx, server, migrations, r.body, r.Key)
	if err != nil {
		a = Answer{At: time.Now(), Server: server}
	}
	a.Sent = sent
	r.Answers = append(r.Answers, a)
	return a
}

func (c *Clients) post(ctx context.Context, server int, path string, body []byte, key string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.urls[server]+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer := c.bearer.Load(); bearer != nil {
		req.Header.Set("Authorization", "Bearer "+*bearer)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	} else {
		req.GetBody = nil // or the transport might send it a second time
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{
		Server: server, Status: resp.StatusCode, Location: resp.Header.Get("Location"), Later: resp.Header.Get("Retry-After"),
		Replayed: resp.Header.Get("Idempotent-Replayed") == "true",
	}
	a.Body, err = io.ReadAll(resp.Body)
	a.At = time.Now()
	return a, err
}

// Ready returns the status of a server's /readyz, 0 without a reply.
func (c *Clients) Ready(ctx context.Context, server int) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.urls[server]+"/readyz", nil)
	if err != nil {
		return 0
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
