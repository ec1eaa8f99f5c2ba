package fakeserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/simferry/simferry/api"
)

// User is the only user of a plain server.
const (
	Username = "admin@example.com"
	Password = "correct horse"
	Code     = "123456"
	UserID   = 7
)

// Options are how unkind a server is: each number n makes every n-th request end that way,
// 0 none.
type Options struct {
	Throttle   int // any request: 429, not processed
	LoseAfter  int // a real run: processed, then the connection ends
	FailBefore int // a real run: 500, not processed
	FailAfter  int // a real run: processed, and 500
	Spend      int // any request: the bearer has expired, 401
	End        int // the n-th real run only: the session has ended permanently
	SecondStep bool
}

// Server is a plain server on a real port.
type Server struct {
	*Fleet
	URL string

	options Options
	home    int64 // Workspace of a sign-in

	mu       sync.Mutex
	requests int
	runs     int
	bearers  map[string]int64 // good ones, with their Workspace
	refresh  string           // the one that is good
	issued   int
	// before is the predecessor of refresh. It is good until successor has arrived: a client that
	// is killed before it stores the response to a renewal has nothing else.
	before, successor string
	Reused            int // how often a spent refresh token came back: a thief, or two processes without manners
}

// Start runs a server over a fleet, for as long as the test does.
func Start(t interface{ Cleanup(func()) }, f *Fleet, home int64, m Options) *Server {
	s := &Server{Fleet: f, options: m, home: home, bearers: make(map[string]int64)}
	server := httptest.NewServer(s.routes())
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Requests returns how many requests have come.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/authenticate", s.authenticate)
	mux.HandleFunc("POST /api/v1/authenticate/workspace", s.signedIn(s.switchTo))
	mux.HandleFunc("GET /api/v1/organisation/my", s.signedIn(s.organisation))
	mux.HandleFunc("GET /api/v2/user/{id}/workspace", s.signedIn(s.userWorkspaces))
	mux.HandleFunc("GET /api/v1/sim", s.signedIn(s.list))
	mux.HandleFunc("POST /api/v1/sim/migration/workspace", s.signedIn(s.migrate))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, problem(1201, "NotFound", "no such operation"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		throttled := nth(s.requests, s.options.Throttle)
		s.mu.Unlock()
		if throttled {
			w.Header().Set("Retry-After", "1")
			reply(w, http.StatusTooManyRequests, problem(1105, "TooManyRequests", "slow down"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func nth(count, n int) bool { return n > 0 && count%n == 0 }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // an incomplete body fails in the client
}

// authenticate issues tokens. Refresh tokens rotate, and a spent one ends the session.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case body["username"] != nil:
		if body["username"] != Username {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if s.options.SecondStep {
			reply(w, http.StatusOK, map[string]string{"mfa_token": "second"})
			return
		}
	case body["mfa_token"] != nil:
		if body["mfa_token"] != "second" || body["code"] != Code {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	case body["refresh_token"] != nil:
		if s.before != "" && body["refresh_token"] == s.before {
			s.successor = s.issue(s.home)
			reply(w, http.StatusOK, map[string]string{"auth_token": s.successor, "refresh_token": s.refresh})
			return
		}
		if body["refresh_token"] != s.refresh || s.refresh == "" {
			if s.refresh != "" { // else the session had ended before
				s.Reused++
			}
			s.refresh, s.before = "", ""
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	default:
		reply(w, http.StatusBadRequest, problem(1000, "BadRequest", "who are you?"))
		return
	}
	s.before = ""
	if body["refresh_token"] != nil {
		s.before = s.refresh
	}
	s.successor = s.issue(s.home)
	s.refresh = fmt.Sprintf("refresh-%d", s.issued)
	reply(w, http.StatusOK, map[string]string{"auth_token": s.successor, "refresh_token": s.refresh})
}

func (s *Server) issue(workspace int64) string {
	s.issued++
	part := func(v any) string {
		text, _ := json.Marshal(v) //nolint:errchkjson // maps of words and numbers
		return base64.RawURLEncoding.EncodeToString(text)
	}
	now := time.Now().Unix()
	bearer := strings.Join([]string{part(map[string]string{"alg": "none"}), part(map[string]any{
		"sub": strconv.Itoa(UserID), "iat": now, "exp": now + 3600, "jti": s.issued,
	}), "x"}, ".")
	s.bearers[bearer] = workspace
	return bearer
}

type caller struct{ workspace int64 }

func (s *Server) signedIn(do func(http.ResponseWriter, *http.Request, caller)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		s.mu.Lock()
		workspace, ok := s.bearers[bearer]
		if bearer == s.successor {
			s.before = ""
		}
		if nth(s.requests, s.options.Spend) {
			delete(s.bearers, bearer)
			ok = false
		}
		s.mu.Unlock()
		if !ok {
			reply(w, http.StatusUnauthorized, api.Message{Message: "expired"})
			return
		}
		do(w, r, caller{workspace})
	}
}

func (s *Server) switchTo(w http.ResponseWriter, r *http.Request, _ caller) {
	var body struct {
		Target struct{ ID int64 } `json:"target_organisation"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	if s.workspaces[body.Target.ID] == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, http.StatusOK, map[string]string{"auth_token": s.issue(body.Target.ID)})
}

func (s *Server) organisation(w http.ResponseWriter, _ *http.Request, caller caller) {
	reply(w, http.StatusOK, s.named(caller.workspace))
}

func (s *Server) userWorkspaces(w http.ResponseWriter, r *http.Request, _ caller) {
	if r.PathValue("id") != strconv.Itoa(UserID) {
		reply(w, http.StatusBadRequest, problem(1000, "BadRequest", "id is not a number"))
		return
	}
	list := []api.UserWorkspace{}
	for id, name := range s.workspaces {
		list = append(list, api.UserWorkspace{ID: id, Name: name, Status: api.Ref{ID: 1}, Roles: []api.NamedRef{{ID: 1, Name: "Administrator"}}})
	}
	slices.SortFunc(list, func(a, b api.UserWorkspace) int { return int(a.ID - b.ID) })
	reply(w, http.StatusOK, list)
}

// list supports the filters id and status, and pages.
func (s *Server) list(w http.ResponseWriter, r *http.Request, caller caller) {
	const most = 1000
	ids, statuses := filters(r.URL.Query().Get("q"))
	s.Fleet.mu.Lock()
	defer s.Fleet.mu.Unlock()
	var found []api.SIM
	for _, sim := range s.sims {
		if sim.Workspace == caller.workspace && (ids == nil || ids[sim.ID]) && (statuses == nil || statuses[sim.Status]) {
			found = append(found, api.SIM{
				ID: sim.ID, ICCID: sim.ICCID, Status: sim.status(), Endpoint: sim.device(),
				CustomerOrg: &api.WorkspaceRef{ID: sim.Workspace, Name: s.workspaces[sim.Workspace]},
			})
		}
	}
	slices.SortFunc(found, func(a, b api.SIM) int { return int(a.ID - b.ID) })
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	if per < 1 || per > most {
		per = most
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	pages := max(1, (len(found)+per-1)/per)
	page = min(max(1, page), pages)
	w.Header().Set("X-Total-Count", strconv.Itoa(len(found)))
	w.Header().Set("X-Total-Pages", strconv.Itoa(pages))
	w.Header().Set("X-Current-Page", strconv.Itoa(page))
	w.Header().Set("X-Count-Per-Page", strconv.Itoa(per))
	first := (page - 1) * per
	reply(w, http.StatusOK, append([]api.SIM{}, found[first:min(first+per, len(found))]...))
}

func filters(q string) (ids, statuses map[int64]bool) {
	for part := range strings.SplitSeq(q, ",") {
		field, values, ok := strings.Cut(part, ":")
		if !ok {
			continue
		}
		set := make(map[int64]bool)
		for value := range strings.SplitSeq(values, "|") {
			n, _ := strconv.ParseInt(value, 10, 64)
			set[n] = true
		}
		if field == "id" {
			ids = set
		} else {
			statuses = set
		}
	}
	return ids, statuses
}

func (s *Server) migrate(w http.ResponseWriter, r *http.Request, _ caller) {
	var body api.MigrationRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		reply(w, http.StatusBadRequest, problem(1000, "BadRequest", err.Error()))
		return
	}
	if body.DryRun.Or(true) {
		status, answer := s.Migrate(body)
		reply(w, status, answer)
		return
	}
	s.mu.Lock()
	s.runs++
	n := s.runs
	if n == s.options.End {
		s.bearers, s.refresh, s.before = make(map[string]int64), "", ""
		s.mu.Unlock()
		reply(w, http.StatusUnauthorized, api.Message{Message: "signed out"})
		return
	}
	s.mu.Unlock()
	if nth(n, s.options.FailBefore) {
		reply(w, http.StatusInternalServerError, problem(1000, "InternalError", "not today"))
		return
	}
	status, answer := s.Migrate(body)
	switch {
	case nth(n, s.options.LoseAfter):
		panic(http.ErrAbortHandler)
	case nth(n, s.options.FailAfter):
		reply(w, http.StatusInternalServerError, problem(1000, "InternalError", "done, but I do not know it"))
		return
	}
	reply(w, status, answer)
}
