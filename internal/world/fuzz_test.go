package world_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, r := range refusals {
		if len(r.text) < 1<<10 {
			f.Add([]byte(r.text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := world.Parse(bytes.NewReader(text))
		if err != nil {
			wantSoundError(t, err)
			return
		}
		wantSoundWorld(t, w)
	})
}

func wantSoundWorld(t *testing.T, w *world.World) {
	t.Helper()
	ids, iccids, imsis := set[fleet.SIMID]{}, set[fleet.ICCID]{}, set[string]{}
	listed := len(w.SIMs)
	n := 0
	for s := range w.AllSIMs() {
		wantSoundSIM(t, s)
		if s.ID <= 0 || s.Workspace <= 0 || !ids.add(s.ID) || !iccids.add(s.ICCID) {
			t.Fatalf("%+v is invalid or occurs twice", s)
		}
		if n >= listed && !imsis.add(s.IMSI) {
			t.Fatalf("IMSI %s is derived twice", s.IMSI)
		}
		if n++; n == 5_000 { // a range may have ten million
			return
		}
	}
	if n != w.SIMCount() {
		t.Fatalf("%d SIMs, but SIMCount is %d", n, w.SIMCount())
	}
}

func FuzzReadSIMs(f *testing.F) {
	for _, s := range []string{
		"iccid\n8988303000006738593\n",
		"\ufeffICCID;Status;Production_Date\r\n89883030000067385937;Activated;2021-11-18\r\n;;\r\n",
		"id\ticcid\teid\n1\t8.98E+18\t\n1\t\"8988303000006738593\"\t8\n",
		"iccid,imsi\n\"8988303000006738593\n\",1\"2\nx\n",
		"\xff\xfei\x00", "", "\n\n", "iccid\n\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := world.ReadSIMs(func() (io.Reader, error) { return bytes.NewReader(text), nil })
		if err != nil {
			wantSoundError(t, err)
			return
		}
		ids, iccids, line := set[fleet.SIMID]{}, set[fleet.ICCID]{}, 1
		sims, lines := all(t, list)
		for i, s := range sims {
			wantSoundSIM(t, s)
			if !iccids.add(s.ICCID) || s.ID < 0 || s.ID > 0 && !ids.add(s.ID) {
				t.Fatalf("%+v is invalid or occurs twice", s)
			}
			if lines[i] <= line {
				t.Fatalf("SIM %d is on line %d, below line %d", i, lines[i], line)
			}
			line = lines[i]
		}
	})
}

func wantSoundSIM(t *testing.T, s fleet.SIM) {
	t.Helper()
	if _, err := fleet.ParseICCID(string(s.ICCID)); err != nil || !s.Status.Known() {
		t.Fatalf("%+v: %v", s, err)
	}
}

// wantSoundError checks that an error is a *fleet.Error with a message.
func wantSoundError(t *testing.T, err error) {
	t.Helper()
	var refusal *fleet.Error
	if !errors.As(err, &refusal) || refusal.Message == "" || len(refusal.Problems) == 0 {
		t.Fatalf("got %T %v", err, err)
	}
}
