package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/cli"
)

// fakeAPI is a server over which the command line is run. Its answers are fields, so that
// a test can put anything into them.
type fakeAPI struct {
	workspaces []api.UserWorkspace
	name       string // of everything else that has a name
	refusal    string // if set, every dry run is refused with this message
	failure    string // if set, every GET fails with this message
	sims       []api.MigrationSIM
	moves      atomic.Int32 // real runs that arrived
	echo       bool         // dry runs know every ICCID that is asked for
	jobs       bool         // the server has jobs
	home       string
	url        string
}

// startFakeAPI runs the server and signs in to it.
func startFakeAPI(t *testing.T, f *fakeAPI) *fakeAPI {
	t.Helper()
	if f.workspaces == nil {
		f.workspaces = []api.UserWorkspace{workspaceOf(100, "Fleet DE"), workspaceOf(200, "Fleet FR")}
	}
	s := httptest.NewServer(f.routes())
	t.Cleanup(s.Close)
	f.url, f.home = s.URL, t.TempDir()
	failure := f.failure
	f.failure = ""
	if got := f.run(t, "secret", "login", "--server", s.URL, "--username", "admin@example.com", "--password-stdin"); got.code != 0 {
		t.Fatal(got)
	}
	f.failure = failure
	return f
}

func workspaceOf(id int64, name string) api.UserWorkspace {
	return api.UserWorkspace{ID: id, Name: name, Status: api.Ref{ID: 1}, Roles: []api.NamedRef{{ID: 1, Name: name}}}
}

// run runs one command in the session; stdin is not a terminal.
func (f *fakeAPI) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		LookupEnv: func(name string) (string, bool) {
			if name == "SIMFERRY_HOME" {
				return f.home, true
			}
			return "", false
		},
	})
	return result{code, out.String(), errs.String()}
}

func (f *fakeAPI) routes() http.Handler {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	bearer := part(`{"alg":"none"}`) + "." + part(`{"sub":"7","exp":4102444800}`) + ".x"
	named := func(id int64) *api.NamedRef { return &api.NamedRef{ID: id, Name: f.name} }
	org := &api.WorkspaceRef{ID: 100, Name: f.name}
	answers := map[string]any{
		"GET /api/v1/organisation/my":     api.NamedRef{ID: 100, Name: f.name},
		"GET /api/v2/user/{id}/workspace": f.workspaces,
		"GET /api/v1/sim": []api.SIM{{
			ID: 250, ICCID: "8988303000006738593", IMSI: f.name, MSISDN: f.name, EID: f.name, ICCIDWithLuhn: f.name,
			Status: api.Ref{ID: 1, Description: f.name}, CustomerOrg: org, IssuerOrg: org, Endpoint: named(7),
		}},
		"GET /api/v1/endpoint": []api.Device{{
			ID: 7, Name: f.name, Tags: f.name, IMEI: f.name, IPAddress: f.name, Status: api.Ref{Description: f.name},
		}},
		"GET /api/v1/event": []api.Event{{
			ID: 1, Description: f.name, Type: api.Ref{Description: f.name}, User: &api.EventUser{Username: f.name}, Endpoint: named(7),
			SIM: &api.EventSIM{ID: 250, ICCID: f.name},
		}},
		"GET /api/v1/migration": []api.Migration{f.migration(named)},
		"GET /api/v1/migration/{id}": func() any {
			m := f.migration(named)
			m.SIMs = []api.MigrationLine{{ID: 250, ICCID: f.name, Before: f.state(named(8)), After: f.state(nil)}}
			return m
		}(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/authenticate", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, map[string]string{"auth_token": bearer, "refresh_token": "r"})
	})
	mux.HandleFunc("POST /api/v1/authenticate/workspace", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, map[string]string{"auth_token": bearer})
	})
	for pattern, body := range answers {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			if f.failure != "" {
				answerJSON(w, http.StatusForbidden, api.Error{ErrorCode: 1104, ErrorToken: "Forbidden", Message: f.failure})
				return
			}
			onePage(w)
			answerJSON(w, http.StatusOK, body)
		})
	}
	mux.HandleFunc("POST /api/v1/sim/migration/workspace", f.migrate)
	f.offerRoutes(mux)
	if f.jobs {
		f.jobRoutes(mux)
	}
	return mux
}

func (f *fakeAPI) migration(named func(int64) *api.NamedRef) api.Migration {
	return api.Migration{
		ID: 17, User: named(7), SIMCount: 1, TargetWorkspace: *named(200),
		SourceWorkspaces: []api.SourceCount{{ID: 100, Name: f.name, SIMCount: 1}},
	}
}

func (f *fakeAPI) state(device *api.NamedRef) api.LineState {
	return api.LineState{Workspace: api.NamedRef{ID: 100, Name: f.name}, Status: api.Ref{ID: 1, Description: f.name}, Endpoint: device}
}

// migrate answers dry runs and real runs with the SIMs that are set, whatever was asked.
func (f *fakeAPI) migrate(w http.ResponseWriter, r *http.Request) {
	var body api.MigrationRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		answerJSON(w, http.StatusBadRequest, api.Error{Message: err.Error()})
		return
	}
	if f.refusal != "" {
		answerJSON(w, http.StatusConflict, api.MigrationConflict{
			StatusCode: 409, Message: f.refusal, Errors: []api.ConflictReason{{ErrorCode: 1502, Message: f.refusal, SIMs: f.sims}},
		})
		return
	}
	if iccids, ok := body.ICCIDs.Get(); ok && f.echo {
		sims := make([]api.MigrationSIM, len(iccids))
		for i, iccid := range iccids {
			sims[i] = api.MigrationSIM{ID: int64(i + 1), ICCID: iccid, SourceWorkspace: api.NamedRef{ID: 100, Name: "Fleet DE"}}
		}
		answerJSON(w, http.StatusOK, api.MigrationResponse{SIMCount: len(sims), DryRun: true, SIMs: sims})
		return
	}
	dry := body.DryRun.Or(true)
	if !dry {
		f.moves.Add(1)
	}
	answerJSON(w, http.StatusOK, api.MigrationResponse{SIMCount: len(f.sims), DryRun: dry, SIMs: f.sims})
}

// onePage says that a list has one page, with one item.
func onePage(w http.ResponseWriter) {
	for _, header := range []string{"X-Total-Count", "X-Total-Pages", "X-Current-Page", "X-Count-Per-Page"} {
		w.Header().Set(header, "1")
	}
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	_ = enc.Encode(body) //nolint:errchkjson // an incomplete body fails the command
}
