package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/termtext"
)

// pause is a wait that a terminal shows as a countdown, in one line.
type pause struct {
	until time.Time
	stop  context.CancelFunc
	ended chan struct{}
}

// waiting shows why the command waits: on a terminal as a countdown, elsewhere
// once until the server responds again.
func (s *screen) waiting(wait time.Duration, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(wait)
	if !s.bars {
		if why != s.lastReason {
			s.note("%s; trying again in %s", why, seconds(wait))
		}
		s.lastReason = why
		return
	}
	s.endPause()
	if s.bar != nil {
		_ = s.bar.Clear()
	}
	ctx, stop := context.WithCancel(context.Background())
	s.pause, s.lastReason = &pause{until, stop, make(chan struct{})}, why
	go s.pause.show(ctx, s, why)
}

// show rewrites one line every second until the pause is over.
func (p *pause) show(ctx context.Context, s *screen, why string) {
	defer close(p.ended)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	w := termtext.Raw(s.notes)
	columns, _ := width(s.notes)
	for {
		left := time.Until(p.until)
		if ctx.Err() != nil || left <= 0 {
			_, _ = fmt.Fprint(w, clearLine)
			return
		}
		_, _ = fmt.Fprint(w, clearLine+shortened(termtext.Escape(why), columns-30)+"; trying again in "+seconds(left))
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// clearLine goes to the beginning of the line and empties it.
const clearLine = "\r\x1b[2K"

// endPause takes the countdown away.
func (s *screen) endPause() {
	if s.pause == nil {
		return
	}
	s.pause.stop()
	<-s.pause.ended
	s.pause = nil
}

// seconds formats a wait in whole seconds, at least one.
func seconds(d time.Duration) string {
	return max(d.Round(time.Second), time.Second).String()
}

// shortened cuts a text so that it takes no second line.
func shortened(text string, columns int) string {
	runes := []rune(text)
	if columns < 20 || len(runes) <= columns {
		return text
	}
	return string(runes[:columns-1]) + "…"
}
