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

// TokenSource gives the bearer token of each request. It must be safe for concurrent use.
type TokenSource interface {
	// Token returns a bearer. refused is "" or the bearer that the server has just refused
	// with 401: a source that can, returns another one; a source that cannot, returns the
	// same, and the refusal goes to the caller.
	Token(ctx context.Context, refused string) (string, error)
}

// static is a bearer that cannot be renewed.
type static string

func (s static) Token(context.Context, string) (string, error) { return string(s), nil }

// session is a bearer that is renewed: by a refresh token where there is one, else by
// signing in again.
type session struct {
	client  *Client
	signIn  func(context.Context) (*api.AuthResponse, error) // nil where only a refresh token is known
	rotated func(next string)

	once sync.Once
	busy chan struct{} // holds one value while somebody renews; all below is its holder's

	bearer  string
	renewAt time.Time // zero where the bearer does not tell its expiry
	refresh string    // "" where there is none
}

// Token waits for a renewal that is under way instead of starting a second one. Which
// bearer was refused tells whether somebody else has renewed it meanwhile.
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

// ErrSessionEnded is a session that cannot be renewed: only its user can go on, by signing
// in again. A TokenSource of one's own should return it in that case.
var ErrSessionEnded = errors.New("the session has ended: sign in again")

// refreshed exchanges the refresh token. Only a refusal ends its use: if the answer is lost,
// the same token can be sent again, because it is spent only once its successor is used.
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

// BearerLifetime is how long a bearer is valid from its issue on, 0 where it does not tell.
// Only the difference of its dates counts, because the clocks here and there may differ.
func BearerLifetime(bearer string) time.Duration {
	const longest = 10 * 365 * 24 * time.Hour
	claims := claimsOf(bearer)
	if claims.Issued <= 0 || claims.Expires <= claims.Issued {
		return 0
	}
	return time.Duration(min(claims.Expires-claims.Issued, longest.Seconds()) * float64(time.Second))
}

// BearerUser is the id of the user whom a bearer is for, "" for a program, or where the
// bearer does not tell.
func BearerUser(bearer string) string { return claimsOf(bearer).Subject }

// claims are what a client may read of a bearer. It is not theirs to verify.
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
