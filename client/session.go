package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/simferry/simferry/api"
)

// TokenSource returns the bearer token of each request. It must be safe for concurrent use.
type TokenSource interface {
	// Token returns a bearer. refused is "" or the bearer that the server has just refused with
	// 401: a source that can renew it returns another one; otherwise it returns the same one,
	// and the caller gets the refusal.
	Token(ctx context.Context, refused string) (string, error)
}

// static is a bearer that cannot be renewed.
type static string

func (s static) Token(context.Context, string) (string, error) { return string(s), nil }

// session renews a bearer: with a refresh token if there is one, else by signing in again.
type session struct {
	client  *Client
	signIn  func(context.Context) (*api.AuthResponse, error) // nil if there is only a refresh token
	rotated func(next string)

	once sync.Once
	busy chan struct{} // a lock; its holder renews the bearer and owns the fields below

	bearer  string
	renewAt time.Time // zero if the bearer's expiry is unknown
	refresh string    // "" if there is none
}

// Token waits for a renewal in progress instead of starting a second one. The refused bearer
// shows whether another request has renewed it meanwhile.
func (s *session) Token(ctx context.Context, refused string) (string, error) {
	s.once.Do(func() { s.busy = make(chan struct{}, 1) })
	select {
	case s.busy <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-s.busy }()
	if s.bearer != "" && s.bearer != refused && !s.expired() {
		return s.bearer, nil
	}
	return s.renew(ctx)
}

func (s *session) expired() bool {
	return !s.renewAt.IsZero() && !s.client.clock.Now().Before(s.renewAt)
}

func (s *session) renew(ctx context.Context) (string, error) {
	got, err := s.refreshed(ctx)
	if got == nil && s.signIn != nil {
		got, err = s.signIn(ctx)
	}
	if err != nil {
		return "", err
	}
	if got.AuthToken == "" {
		return "", ErrSecondFactor
	}
	s.keep(got)
	return s.bearer, nil
}

// ErrSessionEnded means that a session cannot be renewed: the user must sign in again. A custom
// TokenSource should return it in that case.
var ErrSessionEnded = errors.New("the session has ended: sign in again")

// refreshed exchanges the refresh token. If the response is lost, the same token can be sent
// again, because it stays valid until its successor is used. Only a refusal invalidates it.
func (s *session) refreshed(ctx context.Context) (*api.AuthResponse, error) {
	token := s.refresh
	if token == "" {
		return nil, ErrSessionEnded
	}
	got, err := s.client.AuthenticateRefresh(ctx, token)
	if IsUnauthorized(err) {
		s.refresh = ""
	}
	return got, err
}

func (s *session) keep(got *api.AuthResponse) {
	s.bearer, s.renewAt = got.AuthToken, time.Time{}
	if life := BearerLifetime(got.AuthToken); life > 0 {
		s.renewAt = s.client.clock.Now().Add(life - min(life/10, time.Minute))
	}
	if got.RefreshToken == "" {
		return
	}
	s.refresh = got.RefreshToken
	if s.rotated != nil {
		s.rotated(got.RefreshToken)
	}
}

// BearerLifetime returns how long a bearer is valid after its issue, 0 if unknown. It uses the
// difference of its dates only, because the clocks may differ.
func BearerLifetime(bearer string) time.Duration {
	const longest = 10 * 365 * 24 * time.Hour
	claims := claimsOf(bearer)
	if claims.Issued <= 0 || claims.Expires <= claims.Issued {
		return 0
	}
	return time.Duration(min(claims.Expires-claims.Issued, longest.Seconds()) * float64(time.Second))
}

// BearerUser returns the id of a bearer's user, "" for an application token or if unknown.
func BearerUser(bearer string) string { return claimsOf(bearer).Subject }

// claims are the parts of a bearer that a client reads. It does not verify them.
type claims struct {
	Subject string  `json:"sub"`
	Issued  float64 `json:"iat"`
	Expires float64 `json:"exp"`
}

func claimsOf(bearer string) (c claims) {
	parts := strings.Split(bearer, ".")
	if len(parts) != 3 {
		return claims{}
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &c) != nil {
		return claims{}
	}
	return c
}
