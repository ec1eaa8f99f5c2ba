package httpapi

import (
	"context"
	"net/http"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
)

// handler serves one operation. The functions below build handlers for the usual forms: decode
// the request, call one rule, encode its result.
type handler = func(*api, *request) (response, error)

// list serves one page of a list. id returns the id of an item, item encodes it.
func list[T, W any](
	spec fleet.ListSpec,
	rule func(*control.Control, context.Context, identity.Principal, fleet.List) (fleet.Page[T], error),
	id func(T) int64, item func(T) W,
) handler {
	return listOf(spec, nothingToRead, func(c *control.Control, ctx context.Context, caller identity.Principal, _ struct{}, l fleet.List) (fleet.Page[T], error) {
		return rule(c, ctx, caller, l)
	}, id, item)
}

// listOf handles a list of the children of an object, which decode reads from the path.
func listOf[In, T, W any](
	spec fleet.ListSpec, decode func(*request) (In, error),
	rule func(*control.Control, context.Context, identity.Principal, In, fleet.List) (fleet.Page[T], error),
	id func(T) int64, item func(T) W,
) handler {
	return httpx.ListOf(spec, decode, func(a *api, r *request, in In, l fleet.List) (fleet.Page[T], error) {
		return rule(a.control, r.Context(), r.caller, in, l)
	}, id, item)
}

// call serves the result of a rule.
func call[In, Out, W any](
	decode func(*request) (In, error),
	rule func(*control.Control, context.Context, identity.Principal, In) (Out, error),
	body func(Out) W,
) handler {
	return httpx.Call(decode, func(a *api, r *request, in In) (Out, error) { return rule(a.control, r.Context(), r.caller, in) }, body)
}

// callOwn handles an operation whose rule needs only the caller.
func callOwn[Out, W any](rule func(*control.Control, context.Context, identity.Principal) (Out, error), body func(Out) W) handler {
	return call(nothingToRead, func(c *control.Control, ctx context.Context, caller identity.Principal, _ struct{}) (Out, error) {
		return rule(c, ctx, caller)
	}, body)
}

func nothingToRead(*request) (struct{}, error) { return struct{}{}, nil }

// writeOnce serves a write that takes an idempotency key. decode also returns the value whose
// JSON identifies the request: it must not change between versions, because a client may repeat
// a request after an upgrade. reply encodes the result.
func writeOnce[In, Out any](
	operation string, decode func(*request) (in In, canonical any, err error),
	rule func(*control.Control, context.Context, identity.Principal, In, control.Write[Out]) (control.Reply, error),
	reply func(Out) control.Reply,
) handler {
	return func(a *api, r *request) (response, error) {
		in, canonical, err := decode(r)
		if err != nil {
			return response{}, err
		}
		once, err := r.once(operation, canonical)
		if err != nil {
			return response{}, err
		}
		sent, err := rule(a.control, r.Context(), r.caller, in, control.Write[Out]{Once: once, Encoder: encoder[Out](reply)})
		return replied(sent), err
	}
}

// write serves a write that takes no idempotency key and has no response body.
func write[In any](decode func(*request) (In, error), rule func(*control.Control, context.Context, identity.Principal, In) error) handler {
	return httpx.Write(decode, func(a *api, r *request, in In) error { return rule(a.control, r.Context(), r.caller, in) })
}

// each encodes the items of a list.
func each[T, W any](items []T, item func(T) W) []W {
	out := make([]W, len(items))
	for i, t := range items {
		out[i] = item(t)
	}
	return out
}

// encoder implements control.Encoder with a function that encodes a success.
type encoder[T any] func(T) control.Reply

// OK encodes a success.
func (e encoder[T]) OK(result T) control.Reply { return e(result) }

// Refused encodes a refusal.
func (encoder[T]) Refused(err error) control.Reply {
	res := failure(err)
	return control.Reply{Status: res.Status, Body: res.Body, Refusal: control.RefusalCode(err)}
}

// jsonReply encodes a success with a body.
func jsonReply(status int, body any) control.Reply {
	return control.Reply{Status: status, Body: httpx.JSON(status, body).Body}
}

// noContent returns the reply of a write without a response body.
func noContent[T any](T) control.Reply { return control.Reply{Status: http.StatusNoContent} }

// pathID returns a function that reads an id from the path.
func pathID[ID ~int64](name string) func(*request) (ID, error) {
	return func(r *request) (ID, error) {
		id, err := r.PathID(name)
		return ID(id), err
	}
}
