package httpx

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

// Rows of docs/troubleshooting.md begin with a status and a code, and have a cause and a cure.
var troubleshootingRow = regexp.MustCompile(`(?m)^\| (\d{3}), (\d{4}) \| [^|]{10,} \| [^|]{5,} \|$`)

// TestTroubleshootingMatchesTheResponses compares the statuses and codes of the page with the table
// that the responses are made of, in both directions.
func TestTroubleshootingMatchesTheResponses(t *testing.T) {
	text, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	page := make(map[[2]int]bool)
	for _, m := range troubleshootingRow.FindAllStringSubmatch(string(text), -1) {
		status, _ := strconv.Atoi(m[1])
		code, _ := strconv.Atoi(m[2])
		page[[2]int{status, code}] = true
	}
	sent := map[[2]int]bool{{500, 1000}: true} // Failure
	for code, row := range failures {
		switch code {
		case fleet.Required, fleet.InvalidFormat, fleet.OutOfRange: // only within the errors of a 1400
			if !strings.Contains(string(text), strconv.Itoa(row.code)) {
				t.Errorf("docs/troubleshooting.md does not mention %d", row.code)
			}
		default:
			sent[[2]int{row.status, row.code}] = true
		}
	}
	for pair := range sent {
		if !page[pair] {
			t.Errorf("docs/troubleshooting.md has no row for status %d, code %d", pair[0], pair[1])
		}
	}
	for pair := range page {
		if !sent[pair] {
			t.Errorf("docs/troubleshooting.md has a row for status %d, code %d, which is not sent", pair[0], pair[1])
		}
	}
	if n := strings.Count(string(text), "| 401, only a `message` |"); n != 2 {
		t.Errorf("%d rows for responses without a code, want one for InvalidToken and one for TokenExpired", n)
	}
}
