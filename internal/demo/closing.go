package demo

import (
	"crypto/sha1" //nolint:gosec // the contract's form of a password
	"encoding/hex"
	"strings"
)

// closing prints how to continue.
func (t *printer) closing(url string) {
	t.heading("Now you")
	t.linef("  Console   %s  (open it in a browser)", url)
	t.linef("  API       %s/api/v1", url)
	t.linef("  Docs      %s/docs", url)
	t.linef("  User      %s", username)
	t.linef("  Password  %s", password)
	t.line("")
	t.prose("Paste this into another terminal: it signs in (passwords travel as their SHA-1) and previews the migration of three more SIMs.")
	t.line("")
	for line := range strings.SplitSeq(tryIt(url), "\n") {
		t.line(line)
	}
	t.line("")
	t.line("Ctrl-C stops the server and removes its database.")
}

// tryIt returns a command for a dry run, for bash.
func tryIt(url string) string {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return strings.NewReplacer("URL", url, "USER", username, "DIGEST", hex.EncodeToString(sum[:])).Replace(
		`TOKEN=$(curl -sS URL/api/v1/authenticate \
  -H 'Content-Type: application/json' \
  -d '{"username": "USER",
       "password": "DIGEST"}' |
  sed 's/.*"auth_token":"\([^"]*\)".*/\1/')
curl -sS URL/api/v1/sim/migration/workspace \
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"target_workspace": {"id": 200}, "dry_run": true,
       "iccid_range": {"start": "8988303000000100500",
                       "end": "8988303000000100502"}}'; echo`)
}
