package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/dburl"
	"github.com/simferry/simferry/internal/termtext"
)

// screen prints the progress and the result of a run: on standard output, or on standard error if a
// program reads the output. Progress is on standard error in any case.
type screen struct {
	out   io.Writer
	notes io.Writer
	bars  bool // notes is a terminal
	color bool // out has colours

	mu         sync.Mutex
	bar        *progressbar.ProgressBar
	before     int  // SIMs that had moved before this process
	todo       int  // SIMs that this process is to move
	previewing bool // a resumed run previews the remaining SIMs
	lastLine   time.Time
	pause      *pause // while nothing is sent; nil otherwise
	lastReason string // the reason for the last pause; "" after the next response
}

func newScreen(p Process, form *output) *screen {
	s := &screen{out: p.Stdout, notes: p.Stderr}
	if *form == asJSON {
		s.out = p.Stderr
	}
	s.color = colors(s.out, p.LookupEnv)
	_, s.bars = width(p.Stderr)
	return s
}

// style is how a terminal shows a line, as a code of SGR.
type style string

const (
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// styled prints a line in a style, if the terminal has colours.
func (s *screen) styled(as style, format string, args ...any) {
	said := s.wrapped(0, "", fmt.Sprintf(format, escapeArgs(args)...))
	if !s.color {
		s.block(said)
		return
	}
	var safe strings.Builder
	w := termtext.NewWriter(&safe)
	_, _ = io.WriteString(w, said)
	_ = w.Flush()
	_, _ = fmt.Fprintf(termtext.Raw(s.out), "\x1b[%sm%s\x1b[0m\n", as, safe.String())
}

// line prints one line. Texts in it cannot begin another one.
func (s *screen) line(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format+"\n", escapeArgs(args)...)
}

// block prints lines that are complete already.
func (s *screen) block(text string) { _, _ = fmt.Fprintln(s.out, text) }

// printf prints like fmt.Fprintf. Texts among args cannot begin another line.
func printf(w io.Writer, format string, args ...any) (int, error) {
	return fmt.Fprintf(w, format, escapeArgs(args)...)
}

// escapeArgs escapes the texts among values to be formatted, and hides the database URLs in errors.
func escapeArgs(args []any) []any {
	safe := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case string:
			safe[i] = termtext.Escape(v)
		case error:
			safe[i] = termtext.Escape(dburl.Scrub(screenText(v)))
		default:
			safe[i] = a
		}
	}
	return safe
}

// paragraph prints text that is wrapped at the terminal's width; the lines below the first are
// indented.
func (s *screen) paragraph(indent int, format string, args ...any) {
	s.block(s.wrapped(indent, strings.Repeat(" ", indent), fmt.Sprintf(format, escapeArgs(args)...)))
}

// hanging prints a paragraph with another margin for its first line.
func (s *screen) hanging(indent int, first, said string) {
	s.block(s.wrapped(indent, first, termtext.Escape(said)))
}

// wrapped breaks a text where the terminal ends. Its first line begins with first, and the others
// with a margin.
func (s *screen) wrapped(indent int, first, said string) string {
	if columns, ok := width(s.out); ok && columns > 2*indent {
		lines := strings.Split(text.WrapSoft(said, columns-indent), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		said = strings.Join(lines, "\n")
	}
	return first + strings.ReplaceAll(said, "\n", "\n"+strings.Repeat(" ", indent))
}

// note prints a remark beside the result. A progress bar makes room for it.
func (s *screen) note(format string, args ...any) {
	s.endPause()
	if s.bar != nil {
		_ = s.bar.Clear()
	}
	_, _ = fmt.Fprintf(s.notes, format+"\n", escapeArgs(args)...)
}

// progressInterval is how often progress is printed without a terminal.
const progressInterval = 5 * time.Second

func (s *screen) progress(what string, done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastReason = ""
	s.endPause()
	if s.bars {
		if s.bar == nil {
			s.bar = s.newBar(what, total)
		}
		_ = s.bar.Set(done)
		return
	}
	now := time.Now()
	if s.lastLine.IsZero() {
		s.lastLine = now // short work ends before the first line is due
	}
	if now.Sub(s.lastLine) >= progressInterval {
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
		progressbar.OptionEnableColorCodes(false),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

func (s *screen) planProgress(known, total int) { s.progress("dry run", known, total) }

// endPlan ends the bar of the dry runs.
func (s *screen) endPlan() { s.end() }

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endPause()
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
	s.lastLine = time.Time{}
}

// begin says how to continue after any interruption.
func (s *screen) begin(r *run) {
	s.note("Run %s; after an interruption: simferry migrate resume", r.id)
	t := r.state.Tally()
	s.before, s.todo = t.Moved, t.NotMoved+t.Unknown
	s.progress("moving", 0, s.todo) // so that the rate counts from the start
}

// previewProgress shows the progress of a resumed run's previews, before anything moves.
func (s *screen) previewProgress(known, total int) {
	if !s.previewing {
		s.end()
		s.previewing = true
	}
	s.progress("dry run", known, total)
	if known >= total {
		s.end()
		s.progress("moving", 0, s.todo)
	}
}

// moveProgress shows how many SIMs of a run have moved, including those of earlier processes.
func (s *screen) moveProgress(n int, settled bool) {
	if settled {
		s.mu.Lock()
		s.note("a response was lost; the SIMs were read back: they have moved")
		s.mu.Unlock()
	}
	s.progress("moving", n-s.before, s.todo)
}

func thousands(n int) string { return humanize.Comma(int64(n)) }

func target(p *bulk.Plan) string {
	return fmt.Sprintf("%s (%d)", p.Terms.Target.Name, p.Terms.Target.ID)
}

// printResult prints the summary at the end of a run.
func (s *screen) printResult(r report, dir, file string, refused int) {
	s.printTally(r)
	t := r.Tally
	if file == "" {
		file = filepath.Join(dir, reportFile)
	}
	s.line("\nThe result of every SIM:\n%s", file)
	if inLedger(r.SIMs) {
		defer s.line("To take it back: simferry migrate runs undo %s", r.Run)
	}
	if t.NotMoved+t.Unknown > 0 {
		s.line("To continue: simferry migrate resume %s", r.Run)
	} else if refused > 0 {
		s.line("To try the refused SIMs again when the reason is gone: simferry migrate resume %s", r.Run)
	}
}

// inLedger reports whether the server has recorded a move of a run, so that it can be undone.
func inLedger(verdicts []bulk.Verdict) bool {
	return slices.ContainsFunc(verdicts, func(v bulk.Verdict) bool { return v.Outcome == bulk.Moved && v.Ledger != 0 })
}

// printTally prints how many SIMs had which outcome.
func (s *screen) printTally(r report) {
	t := r.Tally
	s.line("")
	for _, row := range []struct {
		n    int
		what string
		as   style
	}{
		{t.Moved, "moved to " + r.Target.Name, green},
		{t.AlreadyThere, "already there", green},
		{t.Refused, "may not move", red},
		{t.NotMoved, "not moved", yellow},
		{t.Unknown, "unknown: sent, without a response", yellow},
	} {
		if row.n > 0 || row.what == "moved to "+r.Target.Name {
			s.styled(row.as, "  %s  %s", padded(thousands(row.n), 9), row.what)
		}
	}
	if n := suspendedBy(r.SIMs); n > 0 {
		s.paragraph(0, "%s of them %s Activated and %s now Suspended: offline until %s activated in %s.", thousands(n),
			plural(n, "was", "were"), plural(n, "is", "are"), plural(n, "it is", "they are"), r.Target.Name)
	}
}

// suspendedBy counts the SIMs that a run has moved and thereby suspended.
func suspendedBy(verdicts []bulk.Verdict) (n int) {
	for _, v := range verdicts {
		if v.Outcome == bulk.Moved && v.Status.ID == client.SIMActivated {
			n++
		}
	}
	return n
}
