package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"

	"github.com/simferry/simferry/internal/ferry"
	"github.com/simferry/simferry/internal/termtext"
)

// screen is what a person sees of a run: on standard output, or on standard error where a
// program reads the output. Progress is on standard error in any case.
type screen struct {
	out   io.Writer
	notes io.Writer
	bars  bool // notes is a terminal
	color bool

	mu       sync.Mutex
	bar      *progressbar.ProgressBar
	total    int
	lastLine time.Time
}

func newScreen(p Process, form *output) *screen {
	s := &screen{out: p.Stdout, notes: p.Stderr, color: colors(p.Stderr, p.LookupEnv)}
	if *form == asJSON {
		s.out = p.Stderr
	}
	_, s.bars = width(p.Stderr)
	return s
}

// line prints one line. Texts in it cannot begin another one.
func (s *screen) line(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format+"\n", inLine(args)...)
}

// block prints lines that are complete already.
func (s *screen) block(text string) { _, _ = fmt.Fprintln(s.out, text) }

// printf prints like fmt.Fprintf. Texts among args cannot begin another line.
func printf(w io.Writer, format string, args ...any) (int, error) {
	return fmt.Fprintf(w, format, inLine(args)...)
}

// inLine escapes the texts among values to be formatted.
func inLine(args []any) []any {
	safe := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case string:
			safe[i] = termtext.Escape(v)
		case error:
			safe[i] = termtext.Escape(v.Error())
		default:
			safe[i] = a
		}
	}
	return safe
}

// prose is a line that goes on below its beginning where the terminal ends, indented.
func (s *screen) prose(indent int, format string, args ...any) {
	said := fmt.Sprintf(format, inLine(args)...)
	if columns, ok := width(s.out); ok && columns > 2*indent {
		said = text.WrapSoft(said, columns-indent)
	}
	margin := strings.Repeat(" ", indent)
	s.block(margin + strings.ReplaceAll(said, "\n", "\n"+margin))
}

// note says something that is no part of the answer. A bar makes room for it.
func (s *screen) note(format string, args ...any) {
	if s.bar != nil {
		_ = s.bar.Clear()
	}
	_, _ = fmt.Fprintf(s.notes, format+"\n", inLine(args)...)
}

// betweenLines is how often progress is told where there is no terminal.
const betweenLines = 5 * time.Second

func (s *screen) progress(what string, done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total = total
	if s.bars {
		if s.bar == nil {
			s.bar = s.newBar(what, total)
		}
		_ = s.bar.Set(done)
		return
	}
	now := time.Now()
	if s.lastLine.IsZero() {
		s.lastLine = now // what is over before the first line is due needs none
	}
	if now.Sub(s.lastLine) >= betweenLines {
		s.lastLine = now
		s.note("%s: %s of %s SIMs", what, thousands(done), thousands(total))
	}
}

func (s *screen) newBar(what string, total int) *progressbar.ProgressBar {
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(termtext.Raw(s.notes)),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("SIMs"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionEnableColorCodes(s.color),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

func (s *screen) planning(known, total int) { s.progress("dry run", known, total) }

// planned ends the bar of the dry runs.
func (s *screen) planned() { s.end() }

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
	s.lastLine = time.Time{}
}

// waiting tells why nothing happens for a while.
func (s *screen) waiting(wait time.Duration, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note("waiting %v: %s", wait.Round(100*time.Millisecond), why)
}

// begin tells how to go on after whatever may happen now.
func (s *screen) begin(r *run) {
	s.total = r.plan.Count()
	s.note("Run %s; after an interruption: simferry migrate resume", r.id)
}

func (s *screen) moved(n int, settled bool) {
	if settled {
		s.mu.Lock()
		s.note("an answer was lost, and the SIMs were read back: they have moved")
		s.mu.Unlock()
	}
	s.progress("moving", n, s.total)
}

func thousands(n int) string { return humanize.Comma(int64(n)) }

func target(p *ferry.Plan) string {
	return fmt.Sprintf("%s (%d)", p.Terms.Target.Name, p.Terms.Target.ID)
}

// result is the summary at the end of a run.
func (s *screen) result(r report, dir, file string, refused int) {
	t := r.Tally
	s.line("")
	for _, row := range []struct {
		n    int
		what string
	}{
		{t.Moved, "moved to " + r.Target.Name},
		{t.There, "there already"},
		{t.Refused, "may not move"},
		{t.NotMoved, "not moved"},
		{t.Unknown, "unknown: sent, without an answer"},
	} {
		if row.n > 0 || row.what == "moved to "+r.Target.Name {
			s.line("  %s  %s", padded(thousands(row.n), 9), row.what)
		}
	}
	if file == "" {
		file = filepath.Join(dir, reportFile)
	}
	s.line("\nEvery SIM and its verdict:\n%s", file)
	if t.NotMoved+t.Unknown > 0 {
		s.line("To go on: simferry migrate resume %s", r.Run)
	} else if refused > 0 {
		s.line("To try the refused SIMs again, once the reason is gone: simferry migrate resume %s", r.Run)
	}
}
