package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/kit"
)

// stuckReader is a client that does not read its response until it is released.
type stuckReader struct {
	*httptest.ResponseRecorder
	reached chan struct{}
	release chan struct{}
	once    sync.Once
}

func (w *stuckReader) Write(piece []byte) (int, error) {
	w.once.Do(func() { close(w.reached) })
	<-w.release
	return w.ResponseRecorder.Write(piece)
}

// TestStuckReadersHoldNoSnapshot sends each read, in each format, from a client that does not read
// the response. SQLite's log can still be emptied, so it does not grow.
func TestStuckReadersHoldNoSnapshot(t *testing.T) {
	s, admin := startFerry(t, kit.SQLite)
	job := admin.With("Content-Type", "text/csv").Post(migrationJobs+"?target_workspace=300&on_conflict=skip",
		"iccid\n8988303000000009999\n").Is(http.StatusCreated).Header.Get("Location")
	s.RunJobs()
	handler := httpapi.New(s.Control, httpx.Options{Log: slog.New(slog.DiscardHandler)})
	names := strings.NewReplacer("{sim_id}", "250", "{endpoint_id}", "9001", "{user_id}", "my", "{job_id}", job[strings.LastIndex(job, "/")+1:], "{", "", "}", "")
	reads := 0
	for _, route := range httpapi.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet {
			continue
		}
		for _, form := range []string{"application/json", "text/csv", "application/jsonl"} {
			w := &stuckReader{ResponseRecorder: httptest.NewRecorder(), reached: make(chan struct{}), release: make(chan struct{})}
			ctx, hangUp := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, method, names.Replace(path), http.NoBody)
			r.Header.Set("Authorization", "Bearer "+admin.Token)
			r.Header.Set("Accept", form)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				defer func() { _ = recover() }() // a stream that is cut off
				handler.ServeHTTP(w, r)
			}()
			select {
			case <-w.reached:
			case <-ended:
				hangUp()
				continue
			}
			reads++
			s.Exec("UPDATE workspaces SET name = name || '' WHERE id = 100")
			if blocked := s.Rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]; blocked != int64(0) {
				t.Errorf("%s as %s holds a snapshot while the client reads", route.Pattern, form)
			}
			hangUp() // otherwise a watch continues
			close(w.release)
			<-ended
		}
	}
	if reads < 60 {
		t.Errorf("only %d responses were begun", reads)
	}
}
