package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

var lists = []string{"/api/v1/sim", "/api/v1/event", simURL(kit.AttachedSIM) + "/event", "/api/v1/migration"}

func TestUnknownFields(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("observer@example.com")
		for _, path := range lists {
			for _, text := range []string{"colour:red", "id", "id:1,colour:red", ":1", "id:1,", ",", "version:1", "workspace_id:1", "s.id:1"} {
				got := wantCode(t, c.Get(path+"?"+q(text).Encode()), http.StatusUnprocessableEntity, 1301)
				if !strings.HasPrefix(got.Message, "q: ") {
					t.Errorf("%s: %s", text, got.Message)
				}
			}
			for _, text := range []string{"colour", "-", "id,colour", "id,", "--id", "id desc", "s.id", "1", "id;DROP TABLE sims"} {
				wantCode(t, c.Get(path+"?"+sort(text).Encode()), http.StatusUnprocessableEntity, 1302)
			}
		}
	})
}

func TestContract_BadFilterValue(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.StartFerry(t, e).As("observer@example.com")
		for path, values := range map[string][]string{
			"/api/v1/sim": {
				"id:x", "id:", "id:1.5", "id:null", "id:1|", "id:9223372036854775808", "status:activated", "status:null", "endpoint:none", "customer_org:null",
				"iccid:", "imsi:", "eid:", "iccid_with_luhn:8988303000000510033", "iccid_with_luhn:89883030000005100330", "iccid_with_luhn:x",
				"production_date:yesterday", "production_date:2021-02-30", "production_date:2021-11-18T08:25:53", "production_date:null",
				"imsi:\x00", "imsi:1\x00", "imsi:\xff", "iccid:\xc3\x28",
			},
			"/api/v1/event":     {"timestamp:now", "event_type:sim", "sim:x", "user:", "alert:yes", "event_source:null", "type:40000", "source:3", "severity:0|9", "id:\x00", "timestamp:\xff"},
			"/api/v1/migration": {"timestamp:now", "user:null", "target_workspace:Fleet", "id:\x00"},
		} {
			for _, text := range values {
				wantCode(t, c.Get(path+"?"+q(text).Encode()), http.StatusUnprocessableEntity, 1301)
			}
		}
		// A date is a whole day, or an instant.
		if got := listed(c, "/api/v1/sim", q("production_date:2026-11-22,id:250")); len(got) != 1 {
			t.Errorf("by day: %v", got)
		}
		if got := listed(c, "/api/v1/sim", q("production_date:2026-11-22T10:00:00Z,id:250")); len(got) != 1 {
			t.Errorf("by instant: %v", got)
		}
	})
}

// Whatever a query contains, headers have only printable ASCII, and no header is added.
func TestQueriesInHeaders(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("observer@example.com")
		for _, value := range []string{
			"1\r\nX-Evil: 1", "1\nSet-Cookie: a=b", "\x01\x1f\x7f", "é", "日本", "\u2028\u202e", "<x>; rel=\"next\"", "\"", ">", "a b",
		} {
			for _, query := range []url.Values{q("imsi:" + value), {"q": {"imsi:1"}, "x": {value}}, {"q": {"imsi:1"}, value: {"x"}}} {
				a := c.Get("/api/v1/sim?" + query.Encode()).Is(http.StatusOK)
				for name, values := range a.Header {
					for _, v := range values {
						if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) || name == "X-Evil" || name == "Set-Cookie" {
							t.Errorf("%q: the header %s is %q", value, name, v)
						}
					}
				}
				whereIs(a)
			}
		}
	})
}

// Queries that an engine might choke on.
func TestLargeQueries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("observer@example.com")
		many := func(n int, form string) string {
			values := make([]string, n)
			for i := range values {
				values[i] = fmt.Sprintf(form, i)
			}
			return strings.Join(values, "|")
		}
		for name, test := range map[string]struct {
			query  url.Values
			status int
			items  int
		}{
			"thousands of ids":   {q("id:" + many(5000, "%d")), 200, 605},
			"thousands of types": {q("status:" + many(5000, "%d")), 422, 0},
			"one type, often":    {q("status:" + strings.Repeat("0|", 5000) + "1"), 200, -1},
			"500 texts":          {q("imsi:" + many(500, "%015d")), 200, 0},
			"501 texts":          {q("imsi:" + many(501, "%015d")), 422, 0},
			"thousands of texts": {q("imsi:" + many(5000, "%015d")), 422, 0},
			"500 prefixes":       {q("iccid:" + many(500, "8988303000000001%03d")), 200, 500},
			"501 prefixes":       {q("iccid:" + many(501, "8988303000000001%03d")), 422, 0},
			"500 days":           {q("production_date:" + strings.Repeat("2021-11-18|", 499) + "2021-11-18"), 200, 0},
			"50 filters of 10":   {q(strings.Repeat("imsi:"+many(10, "%d")+",", 49) + "imsi:" + many(10, "%d")), 200, 0},
			"50 filters of 11":   {q(strings.Repeat("imsi:"+many(11, "%d")+",", 49) + "imsi:" + many(11, "%d")), 422, 0},
			"50 filters":         {q(strings.Repeat("id:250,", 49) + "id:250"), 200, 1},
			"51 filters":         {q(strings.Repeat("id:250,", 50) + "id:250"), 422, 0},
			"one key, often":     {sort(strings.Repeat("id,-id,", 3000) + "iccid"), 200, 605},
			"a long text":        {q("imsi:" + strings.Repeat("é", 20_000)), 200, 0},
			"a long field":       {q(strings.Repeat("x", 50_000) + ":1"), 422, 0},
			"a long number":      {q("id:" + strings.Repeat("9", 50_000)), 422, 0},
			"a long sort":        {sort(strings.Repeat("x", 50_000)), 422, 0},
		} {
			a := c.Get("/api/v1/sim?" + test.query.Encode())
			if a.Status != test.status {
				t.Errorf("%s: %d, want %d: %.300s", name, a.Status, test.status, a.Body)
			} else if test.status == http.StatusOK && test.items >= 0 && whereIs(a).Total != test.items {
				t.Errorf("%s: %s SIMs, want %d", name, a.Header.Get("X-Total-Count"), test.items)
			}
			if len(a.Body) > 2000 && test.status != http.StatusOK {
				t.Errorf("%s: the refusal repeats what was sent: %d bytes", name, len(a.Body))
			}
		}
	})
}

// NUL bytes, invalid UTF-8 and half escapes never reach an engine that fails on them.
func TestHostileQueries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("observer@example.com")
		for _, path := range lists {
			for _, raw := range []string{
				"q=%00", "q=id:%00", "q=%ff:1", "q=id:%ff", "q=imsi:%00", "q=imsi:%ed%a0%80", "q=%", "q=%zz", "q=id:1;sort=x", "sort=%00", "sort=id%00", "sort=%ff",
				"page=%00", "per_page=%ff", "q=id:1&q=%00", "&&&", "=", "q", "q=id:1%0d%0aX:1", "q=" + strings.Repeat("%00", 1000),
				"q=iccid:%F4%8F%BF%BF", "q=iccid:'%20OR%201=1--", "q=imsi:\\", "q=imsi:$1", "q=imsi:%25",
			} {
				if got := c.Get(path + "?" + raw); got.Status != http.StatusOK && got.Status != http.StatusUnprocessableEntity && got.Status != http.StatusBadRequest {
					t.Errorf("%s?%s: %d %s", path, raw, got.Status, got.Body)
				}
			}
		}
	})
}
