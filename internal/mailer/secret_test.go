package mailer_test

import (
	"os"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/mailer"
)

func TestReadablePasswordFileIsRefused(t *testing.T) {
	password := file(t, "password", "p")
	if err := os.Chmod(password, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := mailer.New(mailer.Options{URL: "smtp://ferry@127.0.0.1", PasswordFile: password, From: "a@example.com"})
	if err == nil || !strings.Contains(err.Error(), "run chmod 6") {
		t.Error(err)
	}
}
