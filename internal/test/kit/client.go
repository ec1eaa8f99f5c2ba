package kit

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/identity"
)

// Client sends requests: as a user, as a program, or without a bearer.
type Client struct {
	T      testing.TB
	Server *Server
	Token  string      // the bearer; "" sends none
	Header http.Header // added to every request
}

// Anonymous returns a client without a bearer.
func (s *Server) Anonymous() *Client { return &Client{T: s.T, Server: s, Header: http.Header{}} }

// Password is the password of every user that the tests seed.
const Password = "correct horse"

// As signs a user in, in the user's default Workspace.
func (s *Server) As(username string) *Client {
	s.T.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.Anonymous()
	if s.tokens[username] == "" {
		digest := identity.WireDigest(Password)
		var got api.AuthResponse
		c.Post("/api/v1/authenticate", api.AuthRequest{Username: &username, Password: &digest}).Is(http.StatusOK).JSON(&got)
		s.tokens[username] = got.AuthToken
	}
	c.Token = s.tokens[username]
	return c
}

// SignedIn is As in a new session, for a test that lets hours pass.
func (s *Server) SignedIn(username string) *Client {
	s.T.Helper()
	s.mu.Lock()
	delete(s.tokens, username)
	s.mu.Unlock()
	return s.As(username)
}

// In switches to another Workspace.
func (c *Client) In(workspace int64) *Client {
	c.T.Helper()
	var got api.AuthResponse
	c.Post("/api/v1/authenticate/workspace", map[string]any{"target_organisation": map[string]any{"id": workspace}}).Is(http.StatusOK).JSON(&got)
	other := *c
	other.Token = got.AuthToken
	return &other
}

// With returns the same client with one more header.
func (c *Client) With(name, value string) *Client {
	other := *c
	other.Header = c.Header.Clone()
	other.Header.Set(name, value)
	return &other
}

// Get sends a GET. Post and Patch send a body: it may be a string, sent as it is, or
// anything else, sent as JSON.
func (c *Client) Get(path string) *Answer { c.T.Helper(); return c.Do(http.MethodGet, path, nil) }

// Post sends a POST.
func (c *Client) Post(path string, body any) *Answer {
	c.T.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Patch sends a PATCH.
func (c *Client) Patch(path string, body any) *Answer {
	c.T.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Do sends any request.
func (c *Client) Do(method, path string, body any) *Answer {
	c.T.Helper()
	req, err := http.NewRequestWithContext(c.T.Context(), method, c.Server.URL+path, c.reader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.Server.HTTP.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return &Answer{T: c.T, Request: method + " " + path, Status: resp.StatusCode, Header: resp.Header, Body: text}
}

func (c *Client) reader(body any) io.Reader {
	c.T.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return bytes.NewReader([]byte(b))
	case []byte:
		return bytes.NewReader(b)
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.T.Fatal(err)
	}
	return bytes.NewReader(text)
}

// Answer is a response.
type Answer struct {
	T       testing.TB
	Request string
	Status  int
	Header  http.Header
	Body    []byte
}

// Is ends the test if the status is another.
func (a *Answer) Is(status int) *Answer {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("%s: status %d, want %d: %s", a.Request, a.Status, status, a.Body)
	}
	return a
}

// JSON decodes the body.
func (a *Answer) JSON(into any) *Answer {
	a.T.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		a.T.Fatalf("%s: %v: %s", a.Request, err, a.Body)
	}
	return a
}
