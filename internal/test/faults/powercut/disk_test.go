package powercut

import (
	"math/rand/v2"
	"testing"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// script is a recording of consecutive calls.
type script struct{ steps []step }

func (s *script) begin(o op) *op {
	o.began, o.ended = len(s.steps), never
	s.steps = append(s.steps, step{&o, false})
	return &o
}

func (s *script) finish(o *op) {
	o.ended = len(s.steps)
	s.steps = append(s.steps, step{o, true})
}

func (s *script) do(ops ...op) {
	for _, o := range ops {
		s.finish(s.begin(o))
	}
}

// seen returns the contents of a file after 1,000 cuts at the end; "none" if it is gone.
func (s *script) seen(file string) map[string]bool {
	d, rng, all := newDisk(), rand.New(rand.NewPCG(1, 1)), make(map[string]bool)
	for _, st := range s.steps {
		d.advance(st)
	}
	for range 1000 {
		l := draw(rng)
		l.garbage = false
		content, there := d.cut(l)[file]
		if !there {
			content = []byte("none")
		}
		all[string(content)] = true
	}
	return all
}

func write(text string, off int64) op {
	return op{kind: tracer.Write, file: "f", data: []byte(text), off: off}
}

var (
	create     = op{kind: tracer.Create, file: "f"}
	syncFile   = op{kind: tracer.Sync, file: "f"}
	syncFolder = op{kind: tracer.Sync, file: "."}
)

func TestStatesAfterAPowerCut(t *testing.T) {
	t.Parallel()
	overlapping := func(s *script) {
		s.do(create, syncFolder)
		w := s.begin(write("ab", 0))
		y := s.begin(syncFile)
		s.finish(w)
		s.finish(y)
	}
	for name, tt := range map[string]struct {
		script func(*script)
		want   []string
	}{
		"synced":                     {func(s *script) { s.do(create, write("ab", 0), syncFile, syncFolder) }, []string{"ab"}},
		"synced without its name":    {func(s *script) { s.do(create, write("ab", 0), syncFile) }, []string{"ab", "none"}},
		"one of two not synced":      {func(s *script) { s.do(create, syncFolder, write("ab", 0), syncFile, write("c", 1)) }, []string{"ab", "ac"}},
		"out of order":               {func(s *script) { s.do(create, syncFolder, write("a", 0), write("b", 1)) }, []string{"", "a", "ab", "\x00b"}},
		"a sync that came too early": {overlapping, []string{"", "ab"}},
		"a sync that has not ended":  {func(s *script) { s.do(create, syncFolder, write("ab", 0)); s.begin(syncFile) }, []string{"", "ab"}},
		"truncated": {func(s *script) {
			s.do(create, write("ab", 0), syncFile, syncFolder, op{kind: tracer.Truncate, file: "f", size: 1})
		}, []string{"ab", "a"}},
		"removed": {func(s *script) {
			s.do(create, write("ab", 0), syncFile, syncFolder, op{kind: tracer.Unlink, file: "f"})
		}, []string{"ab", "none"}},
		"removed for good": {func(s *script) {
			s.do(create, write("ab", 0), syncFile, op{kind: tracer.Unlink, file: "f"}, syncFolder)
		}, []string{"none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s script
			tt.script(&s)
			got := s.seen("f")
			for _, w := range tt.want {
				if !got[w] {
					t.Errorf("never %q", w)
				}
				delete(got, w)
			}
			for g := range got {
				t.Errorf("got %q", g)
			}
		})
	}
}

func TestSectorsAreTorn(t *testing.T) {
	t.Parallel()
	long := make([]byte, 2048)
	for i := range long {
		long[i] = 'x'
	}
	var s script
	s.do(create, syncFolder, write(string(long), 256))
	partial := 0
	for content := range s.seen("f") {
		if n := count(content, 'x'); n > 0 && n < len(long) {
			partial++
			if n%512 != 0 && n%512 != 256 {
				t.Errorf("%d bytes arrived, which is not a whole number of sectors", n)
			}
		}
	}
	if partial < 10 {
		t.Errorf("only %d ways to be torn", partial)
	}
}

func count(text string, b byte) (n int) {
	for i := range len(text) {
		if text[i] == b {
			n++
		}
	}
	return n
}
