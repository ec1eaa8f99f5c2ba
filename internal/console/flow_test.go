package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// From the sign-in to a SIM, in a browser.
func TestConsole_SignInToSIM(t *testing.T) {
	b := newSite(t, console.Options{}).open(t)
	b.visit(simPage(kit.ActivatedSIM))
	b.at("/sign-in")
	b.takePicture("sign-in")
	b.fill("#email", "admin@example.com")
	b.fill("#pw", "wrong")
	b.press("main button.go")
	b.sees("E-mail or password is wrong")
	b.signIn("admin@example.com")
	b.at("/overview")
	b.takePicture("overview")
	b.visit("/sims")
	b.sees("605 SIMs in Fleet DE")
	b.takePicture("sims")
	b.press("tbody tr:nth-child(2) th a")
	b.at(simPage(kit.ActivatedSIM))
	b.sees("Activated: online")
	b.takePicture("sim")
	b.press(`button[name="status"][value="2"]`)
	b.sees("The status is changed.")
	b.sees("Suspended: offline")
}

// In the list the count follows the boxes, also with Shift and for the whole page, and the search
// follows the keys. The selection reaches the next page.
func TestConsole_ListWithScripts(t *testing.T) {
	b := newSite(t, console.Options{}).open(t).signIn("admin@example.com")
	b.visit("/sims")
	b.do(chromedp.Click(chromedp.CSS(`input[name="sim"][value="250"]`)))
	b.sees("1 SIM is selected.")
	b.do(b.script(`document.querySelector('input[value="254"][name="sim"]').dispatchEvent(new MouseEvent("click", {shiftKey: true, bubbles: true}))`))
	b.sees("5 SIMs are selected.")
	b.do(chromedp.Click(chromedp.CSS(`[data-page]`)))
	b.sees("25 SIMs are selected.")
	b.press(`button[value="next"]`)
	b.sees("25 SIMs are selected.")
	b.sees("Rows 26 to 50 of 605")
	b.do(chromedp.KeyEvent("/"))
	if at := value[string](b, "document.activeElement.id"); at != "find" {
		t.Errorf("/ leads to %q", at)
	}
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "tracker"))
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("#match-count").textContent === "1 matches"`)); err != nil {
		t.Fatal(err, b.where())
	}
	b.sees("tracker-7")
	if at := value[string](b, "location.search"); at != "?q=tracker&sort=id&column=status&column=device&column=msisdn&column=imsi&column=model&column=activated" {
		t.Errorf("the address is %s", at)
	}
	b.do(chromedp.Click(chromedp.CSS(`input[name="sim"][value="250"]`)))
	b.sees("1 SIM is selected.")
}

// The essential flow without scripts.
func TestConsole_WithoutScripts(t *testing.T) {
	b := newSite(t, console.Options{}).open(t).withoutScripts()
	b.signIn("user@example.com")
	b.visit("/sims?q=295050000000253")
	b.press("tbody th a")
	b.at(simPage(kit.SuspendedSIM))
	b.press(`button[name="status"]`)
	b.sees("Activated: online")
}
