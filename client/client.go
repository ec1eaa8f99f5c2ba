package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client sends requests to one server as one caller. It is safe for concurrent use. Use New to
// create one.
type Client struct {
	base      string // without a slash at the end
	http      *http.Client
	userAgent string
	tokens    TokenSource // nil without credentials
	retry     Retry
	clock     Clock

	code        func(context.Context) (string, error) // code of the second factor; nil without a source
	fingerprint string                                // of this device, "" for none
}

const (
	defaultUserAgent = "simferry-client"
	// defaultTimeout bounds one attempt. A migration of 500 SIMs takes well under a second.
	defaultTimeout = time.Minute
)

// New returns a client of the server at baseURL, such as https://sims.example.com, which may
// include a path prefix. It sends nothing.
//
// Without an option with credentials, only the health and Authenticate calls work.
func New(baseURL string, opts ...Option) (*Client, error) {
	base, err := checkBase(baseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, http: &http.Client{Timeout: defaultTimeout}, userAgent: defaultUserAgent,
		retry: DefaultRetry, clock: SystemClock{},
	}
	for _, o := range opts {
		o(c)
	}
	own := *c.http // do not modify the caller's client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	return c, nil
}

func checkBase(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("base URL: it must be like https://sims.example.com")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("base URL %q: it must be like https://sims.example.com", text)
	case u.User != nil:
		return "", errors.New("base URL: it must not contain a user name or a password; use WithPassword")
	case u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("base URL %q: it must end with its path", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// as returns the same client for another caller.
func (c *Client) as(tokens TokenSource) *Client {
	other := *c
	other.tokens = tokens
	return &other
}
