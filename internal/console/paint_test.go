package console_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// maxPaint is the most bytes that a browser loads for a page with an empty cache.
const maxPaint = 100_000

// A page and all that it loads are small, also lists with the longest pages.
func TestConsole_FirstPaint(t *testing.T) {
	s := newSite(t, console.Options{})
	s.moveSome()
	p := s.as(t, "admin@example.com")
	loaded := func(path string) int {
		req := p.request(http.MethodGet, path, nil)
		req.Header.Set("Accept-Encoding", "gzip") // and the client does not decompress the body
		res, err := p.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", path, res.StatusCode, err)
		}
		return len(body)
	}
	assets := map[string]int{}
	for _, path := range []string{
		"/sign-in", "/overview", "/sims?per=100&" + allColumns(), simPage(kit.AttachedSIM), "/devices", "/move", "/jobs", "/ledger", "/audit", "/people", "/me",
	} {
		total := loaded(path)
		for name := range pageAssets(t, p, path) {
			if _, known := assets[name]; !known {
				assets[name] = loaded(name)
			}
			total += assets[name]
		}
		if total > maxPaint {
			t.Errorf("%s loads %d bytes, at most %d", path, total, maxPaint)
		}
	}
}

func allColumns() string {
	return "column=status&column=device&column=msisdn&column=imsi&column=model&column=activated&column=eid&column=issuer&column=reseller"
}

var (
	assetLinks = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)
	imports    = regexp.MustCompile(`from "\./([^"]+)"`)
)

// pageAssets returns the files that a page loads, with the modules that its scripts import.
func pageAssets(t *testing.T, p *person, path string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if found[name] {
			return
		}
		found[name] = true
		if strings.HasSuffix(name, ".js") {
			for _, m := range imports.FindAllStringSubmatch(p.get(name).is(t, http.StatusOK).Text, -1) {
				add(name[:strings.LastIndexByte(name, '/')+1] + m[1])
			}
		}
	}
	for _, m := range assetLinks.FindAllStringSubmatch(p.get(path).is(t, http.StatusOK).Text, -1) {
		add(m[1])
	}
	if len(found) < 3 {
		t.Fatalf("%s loads only %v", path, found)
	}
	return found
}

// places returns the positions of all elements of the page, and the size of its main part.
const places = `JSON.stringify([...document.querySelectorAll("header, nav, main, main *:not(time), footer")].filter((e) => !e.closest("[popover], svg, details:not([open]) > :not(summary)")).map((e) => {
	const r = e.getBoundingClientRect();
	return e.tagName + "." + e.className + (e.id ? "#" + e.id : "") + " " + [r.left, r.top, r.width, r.height].map(Math.round).join(" ");
}))`

// Scripts do not move elements: with scripts, and with the times of another zone, each element has
// the position that it has without scripts.
func TestConsole_NoLayoutShift(t *testing.T) {
	s := newSite(t, console.Options{})
	s.moveSome()
	b := s.open(t).signIn("admin@example.com")
	if _, err := chromedp.Call(b.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/overview", "/sims?sel=1003,1004", simPage(kit.AttachedSIM), "/devices", "/move", "/ledger", "/audit", "/people", "/me",
	} {
		for _, width := range []int64{320, 1440} {
			var seen [2][]string
			b.show(width, "light")
			for i, scripts := range []bool{false, true} {
				b.setScripts(scripts)
				b.visit(path)
				seen[i] = value[[]string](b, "JSON.parse("+places+")")
			}
			if len(seen[0]) != len(seen[1]) {
				t.Errorf("%s at %d px: %d elements, with scripts %d", path, width, len(seen[0]), len(seen[1]))
				continue
			}
			moved := 0
			for i := range seen[0] {
				if seen[0][i] != seen[1][i] && moved < 3 {
					moved++
					t.Errorf("%s at %d px: %s moves to %s", path, width, seen[0][i], seen[1][i])
				}
			}
		}
	}
}
