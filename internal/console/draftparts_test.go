package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// The ICCIDs of a large draft are kept in parts, so that no preview holds them all: each preview
// has the same SIMs, and the parts are there as long as the draft.
func TestConsole_LargeDraft(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "admin@example.com")
		var file strings.Builder
		const lines = 10_002 // more than one transaction writes
		for i := range lines {
			fmt.Fprintf(&file, "%019d\n", 8988303000000001000+i)
		}
		key := p.get("/move").once(t)
		draft := p.upload("large.csv", file.String(), "once", key, "from", "file").to(t)
		if again := p.upload("large.csv", file.String(), "once", key, "from", "file").to(t); again != draft {
			t.Errorf("a repetition made %s beside %s", again, draft)
		}
		for _, row := range s.Rows("SELECT length(selection) FROM move_drafts") {
			if fmt.Sprint(row...) != "2" {
				t.Errorf("the draft itself has %v bytes of a selection", row)
			}
		}
		parts := func(when string, want int) {
			t.Helper()
			rows := s.Rows("SELECT count(*) FROM job_parts")
			if got := fmt.Sprint(rows[0]...); got != fmt.Sprint(want) {
				t.Errorf("%s, there are %s parts, want %d", when, got, want)
			}
		}
		parts("with the draft", 5)
		for _, when := range []string{"first", "second"} {
			p.options(draft).leads(t, draft+"/preview")
			s.RunJobs()
			if page := p.get(draft + "/preview").Text; !strings.Contains(page, "10,002") {
				t.Errorf("the %s preview does not have all lines: %s", when, page)
			}
			parts("after the "+when+" preview", 5)
		}
		s.Exec("UPDATE move_drafts SET expires_at = 1")
		s.Exec("UPDATE job_parts SET job_id = -1") // of long ago
		p.upload("other.csv", file.String(), "once", p.get("/move").once(t), "from", "file").to(t)
		parts("with the next draft only", 5)
	})
}
