// Package browser finds and starts the Chromium of the tests.
package browser

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// names are the program names of Chromium and Chrome, by preference. .ci/setup installs the first.
var names = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// Start returns the context of the one browser of this process. It starts at its first use and ends
// with the process. A tab is a chromedp.NewContext of it.
var Start = sync.OnceValues(func() (context.Context, error) {
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
			// A page in the cache of the back button is frozen, and a test that asks it waits
			// forever.
			chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,BackForwardCache"))
		ctx, _ := chromedp.NewExecAllocator(context.Background(), options...) // it ends with the process
		ctx, _ = chromedp.NewContext(ctx)
		return ctx, chromedp.Do(ctx)
	}
	return nil, fmt.Errorf("no browser: install one of %s (make setup does)", strings.Join(names, ", "))
})

// Show sets the size of the window of a tab in CSS pixels, and the scheme of colours, "light" or
// "dark". Animations are off.
func Show(tab context.Context, width, height int64, scheme string) error {
	if err := chromedp.Do(tab, chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	return err
}
