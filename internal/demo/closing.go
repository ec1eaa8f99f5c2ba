package demo

import (
	"crypto/sha1" //nolint:gosec // the contract's form of a password
	"encoding/hex"
	"strings"
)

// closing prints how to continue.
func (s *story) closing(url string) {
	s.heading("Now you")
	s.linef("  Console   %s  (open it in a browser)", url)
	s.linef("  API       %s/api/v1", url)
	s.linef("  Docs      %s/docs", url)
	s.linef("  User      %s", username)
	s.linef("  Password  %s", password)
	s.line("")
	s.prose("Paste this into another terminal: it signs in (passwords travel as their SHA-1) and previews the migration of three more SIMs.")
	s.line("")
	for line := range strings.SplitSeq(tryIt(url), "\n") {
		s.line(line)
	}
	s.line("")
	s.line("Ctrl-C stops the server and removes its database.")
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
