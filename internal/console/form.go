package console

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// onceField is the hidden field of a form with its idempotency key, which the part "once" writes. A
// form that is sent twice takes effect once: the second time the server repeats the first
// reply.
const onceField = "once"

// write runs a rule for a form. operation names it in the idempotency record, for example
// "console POST /sims/{id}/status". next returns the path to show after a success. A refusal of
// the rule is returned as an error.
func write[T any](r *request, operation string, rule func(control.Write[T]) (control.Reply, error), next func(T) string) (reply, error) {
	key := r.PostForm.Get(onceField)
	if len(key) < 16 || len(key) > 64 {
		return reply{}, fleet.Invalid(onceField, "the form has no key; go back, reload the page and send it again")
	}
	form, err := json.Marshal([]any{r.URL.Path, r.PostForm}) // keys are sorted
	if err != nil {
		return reply{}, err
	}
	sum := sha256.Sum256(form)
	once := control.Once{Key: key, Operation: operation, Fingerprint: sum[:]}
	sent, err := rule(control.Write[T]{Once: once, Encoder: encoder[T](next)})
	switch {
	case err != nil:
		return reply{}, err
	case sent.Status != http.StatusSeeOther:
		var no refusal
		if err := json.Unmarshal(sent.Body, &no); err != nil {
			return reply{}, err
		}
		return reply{}, &fleet.Error{Code: no.Code, Message: no.Message}
	}
	return seeOther(sent.Location), nil
}

// refusal is a refusal as it is stored under an idempotency key.
type refusal struct {
	Code    fleet.Code
	Message string
}

// encoder implements control.Encoder with a function that returns the address to which a success
// redirects.
type encoder[T any] func(T) string

// OK encodes a success.
func (e encoder[T]) OK(result T) control.Reply {
	return control.Reply{Status: http.StatusSeeOther, Location: e(result)}
}

// Refused encodes a refusal.
func (encoder[T]) Refused(err error) control.Reply {
	no := refusal{Code: fleet.Failed, Message: err.Error()}
	var e *fleet.Error
	if errors.As(err, &e) {
		no = refusal{e.Code, e.Message}
	}
	body, failed := json.Marshal(no)
	if failed != nil {
		panic(failed) // it has an integer and a text
	}
	return control.Reply{Status: http.StatusConflict, Body: body, Refusal: control.RefusalCode(err)}
}

// again are the codes of refusals that a person can do something about in the form itself.
var again = []fleet.Code{
	fleet.ValidationFailed, fleet.BadRequest, fleet.InvalidFormat, fleet.OutOfRange, fleet.Duplicated, fleet.InUse, fleet.NotAllowed, fleet.Failed,
}

// problemsOf returns the problems with a form that is to be shown again, one sentence each. It
// returns nothing for other errors.
func problemsOf(err error) []string {
	var e *fleet.Error
	if !errors.As(err, &e) || !slices.Contains(again, e.Code) {
		return nil
	}
	if len(e.Problems) == 0 {
		return []string{e.Message}
	}
	list := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		list[i] = p.Message
	}
	return list
}
