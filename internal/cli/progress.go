package cli

import (
	"io"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/simferry/simferry/internal/termtext"
)

// progress shows how far a long command has come: on a terminal, and nowhere else.
type progress struct {
	w    io.Writer
	what string
	bar  *progressbar.ProgressBar
}

func newProgress(p Process, what string) *progress {
	return &progress{w: termtext.Raw(p.Stderr), what: what}
}

// begin sets how much there is to do. It may be called again.
func (p *progress) begin(total int) {
	out, ok := p.w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return
	}
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(p.what), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(progressPause))
}

// reach sets how much is done.
func (p *progress) reach(n int) {
	if p.bar != nil {
		_ = p.bar.Set(n) // a bar that cannot be drawn stops nothing
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
