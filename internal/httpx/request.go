package httpx

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/netaddr"
)

// Request is one HTTP request, and its response headers.
type Request struct {
	*http.Request
	From   netip.Addr // the client's address
	writer http.ResponseWriter
	place  place
	// restart begins the time limit of the request again.
	restart func()
}

// PathID reads a path parameter that must be a whole number. As in a body, 250.0 is 250.
func (r *Request) PathID(name string) (int64, error) {
	text := r.PathValue(name)
	n, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	if err != nil {
		return 0, fleet.Invalid(name, "it must be a whole number")
	}
	return n, nil
}

// List parses the query of a list and waits for a slot if the list may be large.
func (r *Request) List(spec fleet.ListSpec) (fleet.List, error) {
	l, err := r.parseList(spec)
	if err == nil {
		err = r.holdList(l)
	}
	return l, err
}

func (r *Request) parseList(spec fleet.ListSpec) (fleet.List, error) {
	q := r.URL.Query()
	l, err := fleet.ParseList(spec, q.Get("q"), q.Get("sort"), q.Get("page"), q.Get("per_page"))
	if err != nil {
		return fleet.List{}, err
	}
	return l.ReadAfter(q.Get("after"))
}

// Bearer returns the bearer token that was sent, or "".
func (r *Request) Bearer() string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

const idempotencyKey = "Idempotency-Key"

// IdempotencyKey reads the key of a write, "" for none, and the fingerprint of the request. The
// fingerprint covers canonical, the parsed request: 250 and 250.0, or another order of keys, are
// the same request.
func (r *Request) IdempotencyKey(canonical any) (key string, fingerprint []byte, err error) {
	key, err = headerKey(r.Header.Values(idempotencyKey))
	if err != nil || key == "" {
		return "", nil, err
	}
	text, err := json.Marshal(canonical)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(text)
	return key, sum[:], nil
}

// headerKey accepts a key bare or quoted; both are the same key.
func headerKey(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	printable := strings.IndexFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) < 0
	if len(values) > 1 || len(key) < 1 || len(key) > 255 || !printable {
		return "", fleet.Invalid(idempotencyKey, "send it once, with 1 to 255 printable ASCII characters")
	}
	return key, nil
}

// clientAddr returns the client's address; see netaddr.Client.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	return netaddr.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), s.proxies)
}
