package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A file with a database password that other users may read is refused; one without a password
// is not.
func TestReadableSecretFilesAreRefused(t *testing.T) {
	open := func(name, content string) string {
		file := write(t, name, content)
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const secret = "postgres://simferry:secret@db/simferry"
	for name, tt := range map[string]struct {
		args []string
		good bool
	}{
		"database_file":            {[]string{"--database-file", open("url", secret)}, false},
		"config with a password":   {[]string{"--config", open("settings.yaml", "database: "+secret)}, false},
		"config with a parameter":  {[]string{"--config", open("settings.yaml", "database: postgres://db/simferry?user=simferry&password=secret")}, false},
		"config without passwords": {[]string{"--config", open("settings.yaml", "database: postgres://db/simferry")}, true},
	} {
		_, err := load(t, given{args: tt.args})
		if tt.good != (err == nil) || !tt.good && !strings.Contains(err.Error(), "run chmod 6") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: the password is printed: %v", name, err)
		}
	}
}

// TestBrokenYAMLIsNotQuoted breaks the syntax around a secret in many ways: no error repeats it.
func TestBrokenYAMLIsNotQuoted(t *testing.T) {
	for _, form := range []string{
		"%s: |s3cret", "%s: >s3cret", "%s: |1s3cret", "%s: |s3cret\n  x", "%s: \"s3cret", "%s: 's3cret", "%s: [s3cret", "%s: {s3cret", "%s: !s3cret x", "%s: *s3cret",
		"%s: &s3cret x", "%s: s3cret: x", "%s:\ts3cret", "%s: @s3cret", "%s: `s3cret", "%s: %%s3cret", "%s: x\n  s3cret: y", "%s: \"s3cret\\x\"", "%s: \"a\" s3cret",
		"%s: {s3cret: 1}", "%s: [s3cret]", "%s: \"s3cret\\uZZZZ\"", "%s: s3cret\x00", "%s: - s3cret",
	} {
		_, err := load(t, given{args: []string{"--config", write(t, "settings.yaml", fmt.Sprintf(form, "database"))}})
		if err == nil {
			continue // valid YAML
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", form, err)
		}
	}
}
