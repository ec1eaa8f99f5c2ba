package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/browser"
)

// site is a console on a real port over a fresh database.
type site struct {
	*kit.Server
	URL string

	options console.Options
	server  *http.Server
}

// newSite runs a console over the world of the tests.
func newSite(t testing.TB, o console.Options) *site {
	t.Helper()
	s := kit.StartFerry(t, kit.SQLite)
	return serveSite(t, s, o)
}

func serveSite(t testing.TB, s *kit.Server, o console.Options) *site {
	t.Helper()
	o.Log, o.Version = slog.New(slog.DiscardHandler), "1.2.3"
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	made := &site{Server: s, URL: "http://" + listener.Addr().String(), options: o}
	made.serve(listener)
	t.Cleanup(func() { _ = made.server.Close() })
	return made
}

func (s *site) serve(l net.Listener) {
	s.server = &http.Server{Handler: console.New(s.Control, s.options), ReadHeaderTimeout: time.Minute}
	go func(server *http.Server) { _ = server.Serve(l) }(s.server)
}

// stop ends the server of the console, with its connections, and returns a function that serves it
// again at the same address.
func (s *site) stop() (start func()) {
	s.T.Helper()
	if err := s.server.Close(); err != nil {
		s.T.Fatal(err)
	}
	return func() {
		l, err := new(net.ListenConfig).Listen(s.T.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			s.T.Fatal(err)
		}
		s.serve(l)
	}
}

// tab is one tab of the browser, with its own cookies.
type tab struct {
	t    *testing.T
	ctx  context.Context
	site *site

	complaints iter.Seq2[chromedp.ConsoleMessage, error] // of the policy, and errors of scripts
}

// hung is the time after which a test counts as hung. The slowest takes half a minute on an idle
// machine; a busy one needs many times that.
const hung = 20 * time.Minute

// open opens a tab. Violations of the Content-Security-Policy and errors of scripts fail the test.
func (s *site) open(t *testing.T) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	root, err := browser.Start()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, hung)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, site: s}
	b.complaints = chromedp.Console(ctx)
	b.do()
	t.Cleanup(b.clean)
	return b
}

// clean fails the test if the browser has complained.
func (b *tab) clean() {
	const last = "the test has ended"
	b.do(b.script("console.log('" + last + "')"))
	for m, err := range b.complaints {
		if err != nil {
			b.t.Error(err)
			return
		}
		if m.Text == last {
			return
		}
		if (m.Type == "error" && m.Source != "network") || m.Source == "security" || m.IsException() {
			b.t.Errorf("the browser complains: %s", m.Text)
		}
	}
}

// step is something that the browser does.
type step = chromedp.Action[chromedp.Void]

func (b *tab) do(steps ...step) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v, on the page: %s", err, b.where())
	}
}

// script returns a step that runs a script for its effect.
func (b *tab) script(text string) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[bool](text+"; true")(ctx, t)
		return chromedp.Void{}, err
	}
}

// value returns the value of an expression on the page.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *tab) where() string {
	at, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + ': ' + document.body.innerText.slice(0, 500)"))
	return at
}

// visit opens a page.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.site.URL + path))
}

// withoutScripts turns scripts off: the pages must work as plain forms.
func (b *tab) withoutScripts() *tab {
	b.t.Helper()
	b.setScripts(false)
	return b
}

func (b *tab) setScripts(run bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run}); err != nil {
		b.t.Fatal(err)
	}
}

// eachWay runs a flow in a browser with scripts, and in one without, each over its own world.
func eachWay(t *testing.T, flow func(t *testing.T, s *site, b *tab)) {
	for _, scripts := range []bool{true, false} {
		t.Run(map[bool]string{true: "scripts", false: "forms"}[scripts], func(t *testing.T) {
			s := serveSite(t, kit.StartFerry(t, kit.SQLite), console.Options{})
			b := s.open(t)
			if !scripts {
				b.withoutScripts()
			}
			flow(t, s, b)
		})
	}
}

// fill types into a field.
func (b *tab) fill(field, text string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(field), text))
}

// press clicks what leads to another page, and waits for it.
func (b *tab) press(what string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(what)))
	if err != nil {
		b.t.Fatalf("press %s: %v, on the page: %s", what, err, b.where())
	}
}

// sees fails the test unless the page contains a text.
func (b *tab) sees(text string) {
	b.t.Helper()
	if all := value[string](b, "document.body.innerText"); !strings.Contains(all, text) {
		b.t.Fatalf("the page does not have %q: %s", text, b.where())
	}
}

// at fails the test unless the address has this path.
func (b *tab) at(path string) {
	b.t.Helper()
	if here := value[string](b, "location.pathname"); here != path {
		b.t.Fatalf("the path is %s, not %s: %s", here, path, b.where())
	}
}

// signIn signs a user in, in the form.
func (b *tab) signIn(username string) *tab {
	b.t.Helper()
	b.visit("/sign-in")
	b.fill("#email", username)
	b.fill("#pw", kit.Password)
	b.press("main button.go")
	return b
}

// widths and schemes are the ways in which every page is looked at.
var (
	widths  = []int64{320, 768, 1440}
	schemes = []string{"light", "dark"}
)

// takePicture checks the page at every width, in light and dark: no horizontal scroll, nothing that
// axe-core objects to. With SIMFERRY_SCREENSHOTS it writes a picture of each.
func (b *tab) takePicture(name string) {
	b.t.Helper()
	b.do(b.script(axeScript))
	looked.see(value[string](b, "location.href"))
	if value[bool](b, `document.body.innerText.includes("%!")`) {
		b.t.Errorf("%s has a text with the wrong arguments: %s", name, b.where())
	}
	for _, width := range widths {
		for _, scheme := range schemes {
			b.show(width, scheme)
			if value[bool](b, "document.documentElement.scrollWidth > document.documentElement.clientWidth") {
				b.t.Errorf("%s at %d px scrolls sideways", name, width)
			}
			b.axe(fmt.Sprintf("%s at %d px, %s", name, width, scheme), scheme)
			b.picture(fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
		}
	}
	b.show(1440, "light")
}

// show sets the width of the window and the scheme of colours. axe-core would measure colours in
// the middle of a change, so nothing moves.
func (b *tab) show(width int64, scheme string) {
	b.t.Helper()
	if err := browser.Show(b.ctx, width, 900, scheme); err != nil {
		b.t.Fatal(err)
	}
}

// rules are the tags of the rules that axe-core checks: WCAG 2.2 A and AA, and good practice. A
// page has the same elements in light and dark, so in dark only the rules about colours are checked
// again. They take a quarter of the time.
var rules = map[string]string{
	"light": `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`,
	"dark":  `["color-contrast", "link-in-text-block"]`,
}

// alike returns the rows of tables and lists that have the same elements, attributes and classes
// as two rows before them. axe-core leaves them out: a page of fifty SIMs costs no more than one
// of five.
const alike = `() => {
	const seen = new Map();
	return [...document.querySelectorAll("tbody tr, li")].filter(row => {
		const shape = [row, ...row.querySelectorAll("*")].map(e => [e.tagName, e.className, e.getAttributeNames()].join(" ")).join();
		seen.set(shape, (seen.get(shape) ?? 0) + 1);
		return seen.get(shape) > 2;
	});
}`

// axe fails the test for every rule that the page breaks.
func (b *tab) axe(name, scheme string) {
	b.t.Helper()
	run := `axe.run({include: [document], exclude: (` + alike + `)()}, {resultTypes: ["violations"], runOnly: ` + rules[scheme] + `})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html)}))))`
	text := value[string](b, run)
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range found {
		b.t.Errorf("%s: %s: %s: %s", name, v.ID, v.Help, strings.Join(v.Nodes, " "))
	}
}

func (b *tab) picture(file string) {
	b.t.Helper()
	dir := os.Getenv("SIMFERRY_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
