package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
)

// lastPart returns the last part of the path of a redirect, without its query.
func (a answer) lastPart() string {
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	return path[strings.LastIndex(path, "/")+1:]
}

// key returns the idempotency key of the form with this action.
func (a answer) key(t testing.TB, action string) string {
	t.Helper()
	_, form, _ := strings.Cut(a.Text, `action="`+action+`"`)
	m := onceValue.FindStringSubmatch(form)
	if m == nil {
		t.Fatalf("no form with the action %s has a key: %s", action, a.main())
	}
	return m[1]
}

// A device is created with a SIM, edited, loses its SIM, gets it back, and is deleted.
func TestConsole_DeviceLifecycle(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	key := p.get("/devices/new").once(t)
	form := []string{"once", key, "service", "1", "tariff", "1", "name", "Pump 7", "imei", "49-015420-323751-8", "tags", "north,pumps", "iccid", "8988303000000000252"}
	made := p.post("/devices/new", form...)
	made.is(t, http.StatusSeeOther)
	here := "/devices/" + made.lastPart()
	p.post("/devices/new", form...).leads(t, here+"?done=device.created") // sent twice, it is created once
	page := p.get(here).is(t, http.StatusOK).has(t, "Pump 7", "490154203237518", "north,pumps", `href="/sims/252"`)
	p.post(here, "once", page.key(t, here), "name", "Pump 8", "imei", "490154203237518", "disabled", "1").leads(t, here+"?done=device.saved")
	page = p.get(here).has(t, "Pump 8", `name="disabled" value="1" checked`)
	p.post(here+"/sim", "once", page.key(t, here+"/sim"), "do", "out").leads(t, here+"?done=device.out")
	page = p.get(here).has(t, "There is no SIM in this device").lacks(t, `href="/sims/252"`)
	p.post(here+"/sim", "once", page.key(t, here+"/sim"), "do", "in", "iccid", "8988303000000000252").leads(t, here+"?done=device.in")
	p.get("/devices?q=pump").has(t, `href="`+here+`"`, "<strong>1</strong> matches")
	p.get("/devices?q=8988303000000000252").has(t, `href="`+here+`"`)
	p.get("/devices?q=490154203237518&status=1").has(t, `href="`+here+`"`)
	page = p.get(here)
	for range 2 {
		p.post(here+"/delete", "once", page.key(t, here+"/delete")).leads(t, "/devices?done=device.deleted")
	}
	p.get(here).is(t, http.StatusNotFound)
	p.get("/sims/252").has(t, "In no device.")
}

// What a person typed wrong is shown again with the reason, and nothing is changed.
func TestConsole_DeviceProblems(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	for name, c := range map[string]struct{ field, value, want string }{
		"imei":         {"imei", "123", "imei: it must be 14 to 16 digits"},
		"address":      {"address", "not an address", "ip_address: it must be an IPv4 or IPv6 address"},
		"iccid":        {"iccid", "89883", "89883 is not a valid ICCID"},
		"foreign sim":  {"iccid", "8988303000000000260", "is not in Fleet DE"},
		"control char": {"name", "a\x1bb", "name: "},
	} {
		key := p.get("/devices/new").once(t)
		a := p.post("/devices/new", c.field, c.value, "once", key, "service", "1", "tariff", "1", "name", "Kept").is(t, http.StatusUnprocessableEntity)
		a.has(t, "This was not saved", c.want)
		if c.field != "name" {
			a.has(t, `value="Kept"`)
		}
		if a.once(t) == key {
			t.Errorf("%s: the form has the same key again", name)
		}
	}
	p.get("/devices?q=Kept").has(t, "No device matches.")
}

var deviceLink = regexp.MustCompile(`href="/devices/(\d+)"`)

// The pages of the list have every device once, forwards and backwards.
func TestConsole_DevicePages(t *testing.T) {
	s := newSite(t, console.Options{})
	admin, p := s.As("admin@example.com"), s.as(t, "admin@example.com")
	var list []any
	for range 120 {
		list = append(list, map[string]any{"name": "row", "status": map[string]any{"id": 0}, "service_profile": map[string]any{"id": 1}, "tariff_profile": map[string]any{"id": 1}})
	}
	admin.Post("/api/v2/endpoint/multi", list).Is(http.StatusCreated)
	walk := func(button string, path string) (ids []string, last string) {
		for path != "" {
			a := p.get(path).is(t, http.StatusOK)
			var page []string
			for _, m := range deviceLink.FindAllStringSubmatch(a.main(), -1) {
				page = append(page, m[1])
			}
			if button == "Previous" {
				ids = append(page, ids...)
			} else {
				ids = append(ids, page...)
			}
			last, path = path, ""
			if m := regexp.MustCompile(`href="([^"]+)">` + button + `<`).FindStringSubmatch(a.Text); m != nil {
				path = strings.ReplaceAll(m[1], "&amp;", "&")
			}
		}
		return ids, last
	}
	forwards, last := walk("Next", "/devices?q=row")
	backwards, first := walk("Previous", last)
	if len(forwards) != 120 || strings.Join(forwards, " ") != strings.Join(backwards, " ") {
		t.Errorf("%d devices forwards and %d backwards, from %s to %s", len(forwards), len(backwards), last, first)
	}
	seen := map[string]bool{}
	for _, id := range forwards {
		if seen[id] {
			t.Errorf("the device %s is listed twice", id)
		}
		seen[id] = true
	}
}

// In a browser with scripts the list follows the keys; without scripts the forms work.
func TestConsole_DevicesInBrowser(t *testing.T) {
	s := newSite(t, console.Options{})
	b := s.open(t).signIn("admin@example.com")
	b.visit("/devices/new")
	b.takePicture("device-new")
	b.fill("#name", "Lift, hospital")
	b.fill("#iccid", "8988303000000000252")
	b.press("main button.go")
	b.sees("The device is created.")
	b.takePicture("device")
	b.visit("/devices")
	b.takePicture("devices")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "Lift"))
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("#match-count").textContent === "1 matches"`)); err != nil {
		t.Fatal(err, b.where())
	}
	b.sees("Lift, hospital")
	plain := s.open(t)
	if _, err := chromedp.Call(plain.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	plain.signIn("user@example.com")
	plain.visit("/devices?q=Lift")
	plain.press("main tbody th a")
	plain.press(`button[value="out"]`)
	plain.sees("The SIM is taken out.")
}
