package dburl_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/dburl"
)

func TestParseShowsHostPortAndDatabaseOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sqlite:simferry.db":                           "sqlite:simferry.db",
		"sqlite:/var/lib/a b#c%d.db":                   "sqlite:/var/lib/a b#c%d.db",
		"sqlite:///var/lib/fleet.db":                   "sqlite:///var/lib/fleet.db",
		"postgres://h/db":                              "postgres://h/db",
		"postgres://u:s%40crt@h/db":                    "postgres://h/db",
		"postgres://u:s:crt@h:5432/db?sslmode=require": "postgres://h:5432/db",
		"postgres://s@h/db?password=crt&sslpassword=x": "postgres://h/db",
		"postgresql://u:p@[::1]:5433/db":               "postgresql://[::1]:5433/db",
		"postgres://u:p@a:1,b:2/db":                    "postgres://a:1,b:2/db",
		"postgres://u:p@%2Ftmp%2Fsock/db":              "postgres://%2Ftmp%2Fsock/db",
		"postgres:///db?host=/tmp":                     "postgres://%2Ftmp/db",
		"postgres:///db?host=127.0.0.1&port=5433":      "postgres://127.0.0.1:5433/db",
		"postgres:///db":                               "postgres:///db",
	} {
		u, err := dburl.Parse(text)
		if err != nil || u.String() != want {
			t.Errorf("Parse(%q) = %q, %v, want %q", text, u, err, want)
		}
	}
}

// Hostile lists URLs whose password, or part of it, is in the wrong place. Each has the word
// "secret" in its password and nowhere else.
var hostile = []string{
	"postgres://u:pa@secret@h/db", "postgres://u:secret@x@h/db", "postgres://u:secret@@h/db",
	"postgres://u@example.com:secret@h/db", "postgres://u:@secret@h:5432/db?sslmode=disable",
	"postgres://u:1/secret@h/db", "postgres://u:secret/@h/db", "postgres://u:/secret@h/db",
	"postgres://u:1?secret@h/db", "postgres://u:1?secret=@h/db", "postgres://u:1#secret@h/db",
	"postgres://u:secret#@h/db", "postgres://u:secret%zz@h/db", "postgres://u:secret%@h/db",
	"postgres://u:sec ret secret@h/db", "postgres://u:secret\n@h/db", "postgres://u:secret\\@h/db",
	"postgres://u:secret/db", "postgres://u:secret", "postgres://u:p@h:secret/db",
	"postgres://u:p@h/db?password=secret&password=secret", "postgres://u:p@h/db?x=%zz&y=secret", "postgres://u:p@h/db?a;secret",
	"postgres:host=h password=secret", "host=h password=secret", "mysql://u:secret@h/db", "Postgres://u:secret@h/db",
	"//u:secret@h/db", "postgres//u:secret@h/db", "sqlite://u:secret@h/db", "sqlite://u:secret@h/db?x=1", "sqlite:file:secret@h/db",
}

func TestNothingOfAMalformedURLIsQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		_, err := dburl.Parse(text)
		if err == nil {
			t.Errorf("Parse(%q) accepts it", text)
			continue
		}
		for where, printed := range map[string]string{"the error": err.Error(), "Redact": dburl.Redact(text)} {
			if strings.Contains(printed, "secret") || strings.Contains(printed, "h/db") {
				t.Errorf("%s of %q is %q", where, text, printed)
			}
		}
	}
}

func TestASecondAtSignIsRefusedWithTheCure(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"postgres://u:pa@ss@h/db", "postgres://u:1/2@h/db", "postgres://u:1?2@h/db", "postgres://u:1#2@h/db"} {
		if _, err := dburl.Parse(text); err == nil || !strings.Contains(err.Error(), "%40 for @") {
			t.Errorf("Parse(%q): %v, want the percent form of @", text, err)
		}
	}
}

func TestSQLiteTakesNoParameters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sqlite:s.db?mode=ro":        "takes no parameters",
		"sqlite:/a/s.db?":            "takes no parameters",
		"sqlite:///a/s.db?cache=x":   "takes no parameters",
		"sqlite:":                    "with the path of a file",
		"sqlite://":                  "with the path of a file",
		"sqlite::memory:":            "must name a file",
		"sqlite:file:s.db":           "remove \"file:\"",
		"sqlite:file:s.db?mode=ro":   "remove \"file:\"",
		"sqlite:s\x00.db":            "NUL",
		"sqlite://file:s.db?mode=ro": "remove \"file:\"",
	} {
		if _, err := dburl.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", text, err, want)
		}
	}
}

func TestScrubCleansTextThatQuotesAURL(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		if !strings.HasPrefix(text, "postgres://") || strings.Contains(text, "\n") {
			continue
		}
		printed := dburl.Scrub(`open "` + text + `": no such file`)
		if strings.Contains(printed, "secret") && strings.Contains(text, "@") {
			t.Errorf("Scrub leaves %q", printed)
		}
	}
	for _, text := range []string{ // as a path, in capitals, in the notation of another program
		"postgres:/u:p@secret@h/db.731.partial", "/srv/postgres:/u:secret@h/db", "POSTGRES://u:secret@h/db",
		"Postgresql:/u:secret@h/db", "postgresql+psycopg://u:secret@h/db", "postgres:///u:secret@h/db",
	} {
		if got := dburl.Scrub("open " + text + ": no such file"); strings.Contains(got, "secret") {
			t.Errorf("Scrub leaves %q", got)
		}
	}
	if got := dburl.Scrub("cannot reach postgres://u:p@h:1/db: refused"); !strings.HasPrefix(got, "cannot reach postgres://") || strings.Contains(got, "u:p") {
		t.Errorf("Scrub makes %q", got)
	}
	if got := dburl.Scrub("two postgres servers"); got != "two postgres servers" {
		t.Errorf("Scrub changes %q", got)
	}
}
