package console_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// A SIM is taken out of its device and put into another one, found by its name.
func TestSIM_Device(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "user@example.com")
		for _, name := range []string{"pump-1", "pump-10", "pump-11"} {
			s.As("admin@example.com").Post("/api/v1/endpoint", map[string]any{
				"name": name, "status": map[string]any{"id": 0}, "service_profile": map[string]any{"id": 1}, "tariff_profile": map[string]any{"id": 1},
			}).Is(http.StatusCreated)
		}
		here := simPage(kit.AttachedSIM)
		send := func(pairs ...string) answer {
			return p.post(here+"/device", append(pairs, "once", p.get(here).once(t))...)
		}
		send("do", "out").leads(t, here+"?done=device.out")
		p.get(here).has(t, "In no device.", "Put it into this device")
		send("device", "").is(t, http.StatusUnprocessableEntity).has(t, "Enter the name of a device.")
		send("device", "nothing|,").is(t, http.StatusUnprocessableEntity).has(t, "No device here")
		send("device", "nothing").is(t, http.StatusUnprocessableEntity).has(t, "No device here")
		send("device", "pump-").is(t, http.StatusUnprocessableEntity).has(t, "3 devices have names", "pump-11</label>")
		send("device", "pump-1").leads(t, here+"?done=device.in") // the whole name
		p.get(here).has(t, "pump-1</a>")
		other := simPage(kit.ActivatedSIM)
		p.post(other+"/device", "device", "pump-1", "once", p.get(other).once(t)).is(t, http.StatusUnprocessableEntity).has(t, `aria-invalid="true"`)
		p.post(other+"/device", "choice", "999999", "once", p.get(other).once(t)).is(t, http.StatusNotFound)
		s.as(t, "observer@example.com").get(other).is(t, http.StatusOK).lacks(t, "Put it into this device")
	})
}

// From a SIM to the undo of its last move, and to its device, in a browser.
func TestSIM_InBrowser(t *testing.T) {
	eachWay(t, func(_ *testing.T, s *site, b *tab) {
		s.move(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM)
		b.signIn("admin@example.com")
		b.visit(simPage(kit.SuspendedSIM))
		b.fill("#device", "tracker-8")
		b.press(fmt.Sprintf(`form[action="%s/device"] button`, simPage(kit.SuspendedSIM)))
		b.sees("The SIM is in the device.")
		b.do(chromedp.Click(chromedp.CSS("[popovertarget=switch]")))
		b.press(fmt.Sprintf(`#switch button[value="%d"]`, kit.FleetFR))
		b.visit(simPage(kit.ActivatedSIM))
		b.press(`.big-note a.btn`)
		b.sees("Undo: 1 SIM goes back to Fleet DE")
	})
}
