package profile

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// Authenticator is the part of the server that a session needs; *client.Client implements it.
type Authenticator interface {
	AuthenticateRefresh(ctx context.Context, refreshToken string) (*api.AuthResponse, error)
	AuthenticateApplication(ctx context.Context, token string) (*api.AuthResponse, error)
}

// Session returns the bearer of a profile and renews it. It is a client.TokenSource.
type Session struct {
	Store Store
	Name  string
	Auth  Authenticator
	Clock client.Clock

	mu   sync.Mutex
	read bool
	p    Profile
}

// Token returns the bearer. An expired or refused one is renewed, unless another process has
// done so: then its bearer is returned.
func (s *Session) Token(ctx context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read {
		if err := s.load(); err != nil {
			return "", err
		}
	}
	if s.good(refused) {
		return s.p.Bearer, nil
	}
	unlock, err := lockedfile.MutexAt(s.Store.lock(s.Name)).Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.load(); err != nil {
		return "", err
	}
	if s.good(refused) {
		return s.p.Bearer, nil
	}
	return s.renew(ctx)
}

func (s *Session) load() (err error) {
	s.p, err = s.Store.Load(s.Name)
	s.read = err == nil
	return err
}

func (s *Session) good(refused string) bool {
	return s.p.Bearer != "" && s.p.Bearer != refused && (s.p.RenewAt.IsZero() || s.Clock.Now().Before(s.p.RenewAt))
}

// renew runs under the lock. The new refresh token is on disk before the new bearer is used. A
// process that is killed in between has used nothing, so the old refresh token, still on disk,
// works again for the same renewal.
func (s *Session) renew(ctx context.Context) (string, error) {
	got, err := s.authenticate(ctx)
	switch {
	case client.IsUnauthorized(err) && !client.IsTooManyRequests(err):
		return "", client.ErrSessionEnded
	case err != nil:
		return "", err
	case got.AuthToken == "":
		return "", client.ErrSessionEnded
	}
	s.p.Keep(got, s.Clock.Now())
	return s.p.Bearer, s.Store.Save(s.Name, s.p)
}

func (s *Session) authenticate(ctx context.Context) (*api.AuthResponse, error) {
	switch {
	case s.p.ApplicationToken != "":
		return s.Auth.AuthenticateApplication(ctx, s.p.ApplicationToken)
	case s.p.RefreshToken != "":
		// Once begun it is finished: an interrupted reply would be a lost session.
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer done()
		return s.refresh(ctx)
	}
	return nil, client.ErrSessionEnded
}

// refresh uses the refresh token, and if it is refused the one before: a server that was
// restored, or has failed over, may have forgotten the last renewal.
func (s *Session) refresh(ctx context.Context) (*api.AuthResponse, error) {
	got, err := s.Auth.AuthenticateRefresh(ctx, s.p.RefreshToken)
	if s.p.Previous == "" || !client.IsUnauthorized(err) || client.IsTooManyRequests(err) {
		return got, err
	}
	before, failed := s.Auth.AuthenticateRefresh(ctx, s.p.Previous)
	if failed != nil {
		return nil, err
	}
	s.p.RefreshToken = s.p.Previous
	return before, nil
}

// Keep stores the tokens of a sign-in. Without a new refresh token the old one stays.
func (p *Profile) Keep(got *api.AuthResponse, now time.Time) {
	p.Bearer, p.RenewAt = got.AuthToken, time.Time{}
	if life := client.BearerLifetime(got.AuthToken); life > 0 {
		p.RenewAt = now.Add(life - min(life/10, time.Minute))
	}
	if got.RefreshToken != "" && got.RefreshToken != p.RefreshToken {
		p.Previous, p.RefreshToken = p.RefreshToken, got.RefreshToken
	}
}

var errNoServer = errors.New("the profile names no server")

// Client returns a client of the profile's server, signed in as its user.
func (s *Session) Client(opts ...client.Option) (*client.Client, error) {
	p, err := s.Store.Load(s.Name)
	if err != nil {
		return nil, err
	}
	if p.Server == "" {
		return nil, errNoServer
	}
	plain, err := client.New(p.Server, opts...)
	if err != nil {
		return nil, err
	}
	s.Auth = plain
	return client.New(p.Server, append(opts, client.WithTokenSource(s))...)
}
