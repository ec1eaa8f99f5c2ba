package traffic

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// asked returns a request and its replies.
func asked(key string, target int64, sims []int64, answers ...Answer) *Request {
	return &Request{Key: key, Target: target, SIMs: sims, Answers: answers}
}

func done(entry int64, sims ...int64) Answer {
	ids := make([]string, len(sims))
	for i, s := range sims {
		ids[i] = fmt.Sprintf(`{"id":%d}`, s)
	}
	return Answer{Status: http.StatusOK, Location: Entry{ID: entry}.Location(), Body: []byte(`{"sims":[` + strings.Join(ids, ",") + `]}`)}
}

func stored(entries ...Entry) *Stored {
	s := &Stored{Entries: entries, byLocation: make(map[string]Entry)}
	for _, e := range entries {
		s.byLocation[e.Location()] = e
	}
	return s
}

var (
	silence = Answer{}
	later   = Answer{Status: http.StatusServiceUnavailable, Later: "1"}
	refused = Answer{Status: http.StatusConflict}
)

func TestCompare(t *testing.T) {
	t.Parallel()
	sims := []int64{1, 2}
	entry := Entry{ID: 7, Target: 100, SIMs: sims}
	under := Entry{ID: 7, Target: 100, SIMs: sims, Key: "k"}
	twice := Entry{ID: 8, Target: 100, SIMs: sims}
	for name, tt := range map[string]struct {
		asked *Request
		have  *Stored
		want  string // "" if nothing is wrong
	}{
		"done":                           {asked("", 100, sims, done(7, 1, 2)), stored(entry), ""},
		"done under a key":               {asked("k", 100, sims, silence, later, done(7, 1, 2)), stored(under), ""},
		"lost":                           {asked("", 100, sims, done(7, 1, 2)), stored(), "I5: "},
		"another target":                 {asked("", 200, sims, done(7, 1, 2)), stored(entry), "I5: "},
		"other SIMs":                     {asked("", 100, []int64{1}, done(7, 1)), stored(entry), "I5: "},
		"told of other SIMs":             {asked("", 100, sims, done(7, 1)), stored(entry), "I5: "},
		"without its key":                {asked("k", 100, sims, done(7, 1, 2)), stored(entry), "I6: "},
		"done twice":                     {asked("", 100, sims, done(7, 1, 2)), stored(entry, twice), "I7: "},
		"two answers":                    {asked("k", 100, sims, done(7, 1, 2), done(8, 1, 2)), stored(under), "I6: "},
		"done, and refused":              {asked("k", 100, sims, done(7, 1, 2), refused), stored(under), "I6: "},
		"refused":                        {asked("", 100, sims, refused), stored(), ""},
		"refused, and done":              {asked("", 100, sims, refused), stored(entry), "I7: "},
		"no answer, done":                {asked("", 100, sims, silence), stored(entry), ""},
		"no answer, not done":            {asked("", 100, sims, later), stored(), ""},
		"no answer, done twice":          {asked("", 100, sims, silence), stored(entry, twice), "I7: "},
		"no answer, something else done": {asked("", 100, []int64{1}, silence), stored(entry), "I7: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := (&Journal{Requests: []*Request{tt.asked}}).Compare(tt.have)
			if (tt.want == "") != (len(got) == 0) || len(got) > 0 && !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
