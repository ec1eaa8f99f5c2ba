package identity_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/simferry/simferry/internal/identity"
)

// Test vectors of RFC 6238, appendix B; apps show the last six digits.
func TestTOTPVectors(t *testing.T) {
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		step, ok, err := identity.TOTPStep([]byte("12345678901234567890"), code, time.Unix(at, 0))
		if err != nil || !ok || step != at/30 {
			t.Errorf("%s at %d: step %d, %v, %v", code, at, step, ok, err)
		}
	}
}

func TestTOTPWindow(t *testing.T) {
	f, err := identity.NewTOTP("admin@example.com")
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(f.Text, now) // as an app computes it
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		later time.Duration
		ok    bool
	}{{-60 * time.Second, false}, {-30 * time.Second, true}, {0, true}, {29 * time.Second, true}, {30 * time.Second, true}, {59 * time.Second, true}, {60 * time.Second, false}} {
		step, ok, err := identity.TOTPStep(f.Secret, code, now.Add(test.later))
		if err != nil || ok != test.ok || ok && step != now.Unix()/30 {
			t.Errorf("%v later: step %d, %v, %v", test.later, step, ok, err)
		}
	}
	for _, wrong := range []string{"", "0", code + "0", code[1:], " " + code, "abcdef"} {
		if _, ok, _ := identity.TOTPStep(f.Secret, wrong, now); ok {
			t.Errorf("%q counts", wrong)
		}
	}
}

func TestNewTOTP(t *testing.T) {
	one, err := identity.NewTOTP("admin@example.com")
	if err != nil {
		t.Fatal(err)
	}
	other, err := identity.NewTOTP("admin@example.com")
	if err != nil || one.Text == other.Text || len(one.Secret) != 20 || len(one.Text) != 32 {
		t.Errorf("%d bytes, %q and %q, %v", len(one.Secret), one.Text, other.Text, err)
	}
	u, err := url.Parse(one.URL)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Simferry:admin@example.com" || u.Query().Get("secret") != one.Text || u.Query().Get("issuer") != "Simferry" {
		t.Errorf("%s, %v", one.URL, err)
	}
}
