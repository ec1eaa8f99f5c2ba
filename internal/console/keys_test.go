package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// The keys go to rows and pages, select, and can be turned off.
func TestKeys_InBrowser(t *testing.T) {
	s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
	b := s.open(t).signIn("admin@example.com")
	b.visit("/sims")
	press := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			b.do(chromedp.KeyEvent(k))
		}
	}
	press("j", "j", "x", "j", "j", "X")
	b.sees("3 SIMs are selected.")
	press("k")
	if at := value[string](b, "document.activeElement.getAttribute('href')"); at != simPage(kit.SuspendedSIM-1) {
		t.Errorf("the focus is on %s", at)
	}
	press("?")
	if !value[bool](b, `document.querySelector("#keys").matches(":popover-open")`) {
		t.Error("? does not open the list of keys")
	}
	b.do(b.script(axeScript))
	b.axe("the list of keys", "light")
	b.picture("keys.png")
	b.do(chromedp.Click(chromedp.CSS("#keys-on")))
	b.do(b.script(`document.querySelector("#keys").hidePopover(); document.activeElement.blur()`))
	press("/")
	if at := value[string](b, "document.activeElement.id"); at == "find" {
		t.Error("keys that are turned off work")
	}
	b.do(b.script(`localStorage.clear()`))
	press("g")
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent("l")); err != nil {
		t.Fatal(err)
	}
	b.at("/ledger")
}
