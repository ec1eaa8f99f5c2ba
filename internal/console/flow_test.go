package console_test

import (
	"testing"

	"github.com/simferry/simferry/internal/console"
)

// From the sign-in to a SIM, in a browser.
func TestConsole_SignInToSIM(t *testing.T) {
	b := newSite(t, console.Options{}).open(t)
	b.visit("/sims/251")
	b.at("/sign-in")
	b.look("sign-in")
	b.fill("#email", "admin@example.com")
	b.fill("#pw", "wrong")
	b.press("main button.go")
	b.sees("E-mail or password is wrong")
	b.signIn("admin@example.com")
	b.at("/overview")
	b.look("overview")
	b.visit("/sims")
	b.sees("605 SIMs in Fleet DE")
	b.look("sims")
	b.press("tbody tr:nth-child(2) th a")
	b.at("/sims/251")
	b.sees("Activated: online")
	b.look("sim")
	b.press(`button[name="status"][value="2"]`)
	b.sees("The status is changed.")
	b.sees("Suspended: offline")
}
