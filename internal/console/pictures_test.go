package console_test

import (
	"bytes"
	_ "embed" // for the fleet
	"flag"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/browser"
)

// update is set by make pictures.
var update = flag.Bool("update", false, "rewrite the pictures of the documents")

// pictures is the folder of the pictures of the documents.
const pictures = "../../docs/pictures"

//go:embed testdata/pictures.yaml
var picturesWorld string

// picturesMoves are the moves before the pictures are taken.
var picturesMoves = []struct {
	daysAgo, first, count, target int
	undone                        bool
}{
	{84, 500000, 420, 100, false},
	{80, 500420, 180, 300, false},
	{72, 1, 1, 100, false},
	{71, 200000, 350, 400, false},
	{63, 100000, 500, 200, false},
	{62, 100500, 160, 200, false},
	{55, 500600, 240, 400, false},
	{48, 300000, 300, 500, false},
	{41, 200350, 410, 300, true},
	{34, 500840, 330, 200, false},
	{27, 400000, 150, 300, false},
	{20, 100660, 440, 200, false},
	{19, 101100, 280, 200, false},
	{13, 300300, 120, 400, false},
	{7, 501170, 370, 100, false},
	{4, 101380, 260, 300, false},
	{1, 200760, 310, 100, false},
}

// picturesSite returns a console over a fleet whose history fills the pages.
func picturesSite(t *testing.T) *site {
	t.Helper()
	const most = 90
	clock := kit.NewClock()
	clock.Advance(-most * 24 * time.Hour)
	s := kit.StartOn(t, kit.SQLite.URL(t), clock).Seed(picturesWorld)
	today := most
	for _, m := range picturesMoves {
		clock.Advance(time.Duration(today-m.daysAgo) * 24 * time.Hour)
		today = m.daysAgo
		s.SignOut()
		anna := s.As("anna@example.com")
		var sims []any
		for id := m.first; id < m.first+m.count; id++ {
			sims = append(sims, map[string]any{"id": id})
		}
		moved := anna.Post("/api/v1/sim/migration/workspace", map[string]any{
			"target_workspace": map[string]any{"id": m.target}, "sims": sims, "dry_run": false,
		}).Is(http.StatusOK)
		if m.undone {
			anna.Post(moved.Header.Get("Location")+"/undo", map[string]any{"dry_run": false}).Is(http.StatusOK)
		}
		activate(anna, m.target, sims)
	}
	clock.Advance(time.Duration(today) * 24 * time.Hour)
	s.SignOut()
	anna := s.As("anna@example.com")
	anna.Patch("/api/v1/endpoint/9001", map[string]any{"sim": map[string]any{"id": 1, "status": map[string]any{"id": 1}}}).Is(http.StatusNoContent)
	clock.Advance(3 * time.Hour)
	return serveSite(t, s, console.Options{Mail: true})
}

// activate activates the first SIMs of a move in its target, as people do.
func activate(anna *kit.Client, target int, sims []any) {
	there := anna.In(int64(target))
	for _, sim := range sims[:min(len(sims), 10)] {
		id, _ := sim.(map[string]any)["id"].(int)
		there.Patch("/api/v1/sim/"+strconv.Itoa(id), map[string]any{"status": map[string]any{"id": 1}})
	}
}

// TestPictures takes the pictures of the documents. With -update it stores them.
func TestPictures(t *testing.T) {
	b := picturesSite(t).open(t)
	b.visit("/sign-in")
	b.fill("#email", "anna@example.com")
	b.fill("#pw", kit.Password)
	b.shoot("sign-in", 900, 520)
	b.press("main button.go")
	const list = "/sims?status=1&sel=2,3,5&column=status&column=device&column=msisdn&column=activated"
	for _, p := range []struct {
		name, path, sees string
		height           int64
	}{
		{"overview", "/overview", "Payment termi…", 960},
		{"sims", list, "3 SIMs are selected", 620},
		{"sim", "/sims/1", "meter-0001", 840},
	} {
		b.visit(p.path)
		b.sees(p.sees)
		b.shoot(p.name, 1200, p.height)
	}
}

// picturesTwoSides is the world of simferry demo --two-sides.
const picturesTwoSides = "../demo/twosides.yaml"

// TestPicturesTwoSides takes the pictures of a hand-over between two companies, from both sides:
// the offer as the giver previews and as the receiver sees it, the answer, and the ledger of both.
func TestPicturesTwoSides(t *testing.T) {
	world, err := os.ReadFile(picturesTwoSides)
	if err != nil {
		t.Fatal(err)
	}
	clock := kit.NewClock()
	server := kit.StartOn(t, kit.SQLite.URL(t), clock).Seed(strings.ReplaceAll(string(world), "staple battery", kit.Password))
	s := serveSite(t, server, console.Options{})
	giver, receiver := s.open(t).signIn("giver@example.com"), s.open(t).signIn("receiver@example.com")
	code := s.as(t, "receiver@example.com").newCode("description", "Order 4711", "uses", "one")

	giver.visit("/offers/new")
	giver.fill("#code", code)
	giver.do(chromedp.Click(chromedp.CSS("#f-paste")))
	giver.fill("#paste", "8988303000000300001-8988303000000300300")
	giver.do(chromedp.Click(chromedp.CSS("#d2")))
	giver.fill("#reason", "The meters of the river district")
	giver.fill("#reference", "Order 4711")
	giver.press("#preview")
	giver.sees("Offer 300 SIMs to City Meters")
	giver.shoot("hand-offer", 1200, 700)
	giver.press("button[value=make]")
	giver.sees("Waits for an answer")
	here := value[string](giver, "location.pathname")

	receiver.visit("/overview")
	receiver.sees("Fleet North offers you 300 SIMs")
	receiver.visit(here + "?page=6")
	receiver.sees("Accept or refuse, SIM by SIM")
	for _, id := range []string{"300299", "300300"} {
		receiver.do(chromedp.Click(chromedp.CSS("#r" + id)))
	}
	receiver.shoot("hand-look", 1200, 700)
	receiver.press("#preview")
	receiver.sees("Accept 298, refuse 2")
	receiver.fill("#rw", "Factory test SIM, not a meter")
	receiver.shoot("hand-answer", 1200, 820)
	receiver.press("form.confirm button")
	receiver.sees("Partly accepted")

	giver.visit(here + "?state=refused")
	giver.sees("Factory test SIM, not a meter")
	giver.shoot("hand-refused", 1200, 1120)
}

// shoot takes a picture of the upper part of the page in light and in dark.
func (b *tab) shoot(name string, width, height int64) {
	b.t.Helper()
	for _, scheme := range schemes {
		if err := browser.Show(b.ctx, width, height, scheme); err != nil {
			b.t.Fatal(err)
		}
		shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			b.t.Fatal(err)
		}
		file := "console-" + name + "-" + scheme + ".png"
		config, err := png.DecodeConfig(bytes.NewReader(shot))
		if err != nil || config.Width != int(width) || config.Height != int(height) {
			b.t.Errorf("%s: %v, %d by %d pixels, want %d by %d", file, err, config.Width, config.Height, width, height)
		}
		if !*update {
			continue
		}
		if err := os.WriteFile(filepath.Join(pictures, file), shot, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}
