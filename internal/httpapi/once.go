package httpapi

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

const idempotencyKey = "Idempotency-Key"

// once reads the Idempotency-Key. The fingerprint covers the parsed request, so 250 and 250.0,
// or another order of keys, are the same request.
func (r *request) once(operation string, understood any) (control.Once, error) {
	key, err := headerKey(r.Header.Values(idempotencyKey))
	if err != nil || key == "" {
		return control.Once{}, err
	}
	text, err := json.Marshal(understood)
	if err != nil {
		return control.Once{}, err
	}
	sum := sha256.Sum256(text)
	return control.Once{Key: key, Operation: operation, Fingerprint: sum[:]}, nil
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

// replied builds the response from a rule's reply.
func replied(r control.Reply) response {
	res := response{status: r.Status, body: r.Body}
	if !r.Replayed {
		res.refusal = r.Refusal
	}
	if r.Location != "" {
		res.set("Location", r.Location)
	}
	if r.ETag != "" {
		res.set("ETag", r.ETag)
	}
	if r.Replayed {
		res.set("Idempotent-Replayed", "true")
	}
	if r.Status == http.StatusNoContent {
		res.body = nil
	}
	return res
}
