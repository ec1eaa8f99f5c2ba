package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// enrol adds a second factor for the Administrator through the client.
func enrol(t *testing.T, s *kit.Server) (key *api.NewMFAKey, code func(context.Context) (string, error)) {
	t.Helper()
	c := clientAs(t, s, admin)
	key, err := c.AddMFAKey(t.Context(), kit.Password)
	if err != nil {
		t.Fatal(err)
	}
	app := kit.NewAuthenticator(s, key.SecretKey)
	if err := c.ActivateMFAKey(t.Context(), key.ID, app.Code()); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(30 * time.Second)
	return key, func(context.Context) (string, error) { return app.Code(), nil }
}

func TestSecondFactor(t *testing.T) {
	s := startFerry(t)
	key, code := enrol(t, s)
	ctx := t.Context()
	if _, err := clientAs(t, s, admin).MyWorkspace(ctx); !errors.Is(err, client.ErrSecondFactor) {
		t.Errorf("without a code: %v", err)
	}
	c := clientAs(t, s, admin, client.WithSecondFactor(code))
	if _, err := c.MyWorkspace(ctx); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no phone at hand")
	if _, err := clientAs(t, s, admin, client.WithSecondFactor(func(context.Context) (string, error) { return "", failed })).MyWorkspace(ctx); !errors.Is(err, failed) {
		t.Errorf("with a source that fails: %v", err)
	}
	keys, err := c.MFAKeys(ctx, "my")
	if err != nil || len(keys) != 1 || keys[0].ID != key.ID || keys[0].Status.ID != 1 {
		t.Errorf("the keys are %+v, %v", keys, err)
	}
	if list, err := c.MFAStatuses(ctx); err != nil || len(list) != 2 {
		t.Errorf("the statuses are %v, %v", list, err)
	}
	if list, err := c.MFATypes(ctx); err != nil || len(list) != 1 {
		t.Errorf("the kinds are %v, %v", list, err)
	}
	if err := c.RemoveMFAKey(ctx, "my", key.ID); err != nil {
		t.Error(err)
	}
	if _, err := clientAs(t, s, admin).MyWorkspace(ctx); err != nil {
		t.Error(err)
	}
	if err := c.RemoveMFAKey(ctx, "my", key.ID); !client.IsNotFound(err) {
		t.Error(err)
	}
}

func TestTrustedDevice(t *testing.T) {
	s := startFerry(t)
	_, code := enrol(t, s)
	ctx := t.Context()
	nobody := clientFor(t, s)
	waiting, err := nobody.AuthenticateUser(ctx, admin, kit.Password)
	if err != nil || waiting.MFAToken == "" || waiting.AuthToken != "" {
		t.Fatalf("%+v, %v", waiting, err)
	}
	if _, err := nobody.AuthenticateSecondFactor(ctx, waiting.MFAToken, "000000"); !client.IsUnauthorized(err) {
		t.Errorf("a wrong code: %v", err)
	}
	shown, _ := code(ctx)
	got, err := nobody.AuthenticateAndTrust(ctx, waiting.MFAToken, shown, api.DeviceToTrust{Fingerprint: "f1", Name: "Build host"})
	if err != nil || got.AuthToken == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	c := clientAs(t, s, admin, client.WithFingerprint("f1"))
	devices, err := c.TrustedDevices(ctx, "my")
	if err != nil || len(devices) != 1 || devices[0].Name != "Build host" {
		t.Fatalf("the devices are %+v, %v", devices, err)
	}
	if err := c.RemoveTrustedDevice(ctx, "my", devices[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := clientAs(t, s, admin, client.WithFingerprint("f1")).MyWorkspace(ctx); !errors.Is(err, client.ErrSecondFactor) {
		t.Errorf("on a device that is trusted no longer: %v", err)
	}
}

func TestChangePasswordAndLogout(t *testing.T) {
	s := startFerry(t)
	ctx := t.Context()
	c := clientAs(t, s, admin)
	if err := c.ChangePassword(ctx, "no password", "battery staple"); !client.IsInvalid(err) {
		t.Errorf("a wrong one: %v", err)
	}
	if err := c.ChangePassword(ctx, kit.Password, "battery staple"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MyWorkspace(ctx); !client.IsUnauthorized(err) {
		t.Errorf("with the old password: %v", err)
	}
	got, err := clientFor(t, s).AuthenticateUser(ctx, admin, "battery staple")
	if err != nil {
		t.Fatal(err)
	}
	c = clientFor(t, s, client.WithBearer(got.AuthToken))
	if err := c.Logout(ctx, false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MyWorkspace(ctx); !client.IsUnauthorized(err) {
		t.Errorf("signed out: %v", err)
	}
}

func TestApplicationTokens(t *testing.T) {
	s := startFerry(t)
	ctx := t.Context()
	c := clientAs(t, s, admin)
	text, err := c.CreateApplicationToken(ctx, client.NewApplicationToken{Description: "billing", Expires: s.Clock.Now().Add(time.Hour), IP: "127.0.0.0/8"}, client.IdempotencyKey("one"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateApplicationToken(ctx, client.NewApplicationToken{Description: "billing", Expires: s.Clock.Now().Add(time.Hour), IP: "127.0.0.0/8"}, client.IdempotencyKey("one"))
	if e := asError[*client.APIError](t, err); e.Status != http.StatusConflict || !strings.Contains(e.Message, "token 1") {
		t.Errorf("again: %v", err)
	}
	program := clientFor(t, s, client.WithApplicationToken(text))
	if _, err := program.MyWorkspace(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.DescribeApplicationToken(ctx, 1, "invoices"); err != nil {
		t.Fatal(err)
	}
	for got, err := range c.AllApplicationTokens(ctx, client.ListOptions{}) {
		if err != nil || got.Description != "invoices" || got.IP != "127.0.0.0/8" || got.Creator.Name != admin {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if page, err := c.ListApplicationTokens(ctx, client.ListOptions{}); err != nil || page.Total != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if err := c.RevokeApplicationToken(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := program.MyWorkspace(ctx); !client.IsUnauthorized(err) {
		t.Errorf("revoked: %v", err)
	}
}
