package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// response is an answer before it is written.
type response struct {
	status int
	header http.Header
	kind   string // content type; JSON where empty
	body   []byte // nil for none

	refusal fleet.Code // of a refusal that a rule has worded, else 0
	ended   bool       // it refuses because the caller's session ended meanwhile
}

// ok is an answer with a JSON body.
func ok(v any) (response, error) {
	body, err := json.Marshal(v)
	return response{status: http.StatusOK, body: body}, err
}

// done is an answer without a body.
func done(err error) (response, error) { return response{status: http.StatusNoContent}, err }

// set adds a header.
func (r *response) set(name, value string) {
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
}

func write(w http.ResponseWriter, r response) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	if len(r.body) > 0 {
		if r.kind == "" {
			r.kind = "application/json"
		}
		h.Set("Content-Type", r.kind)
	}
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // the client has gone: nobody is left to tell
}
