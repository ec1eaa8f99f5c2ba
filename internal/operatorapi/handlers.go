package operatorapi

import (
	"context"
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// handler serves one operation. The functions below build handlers for the usual forms: decode
// the request, call one rule, encode its result.
type handler = func(*api, *request) (response, error)

// list serves one page of a list. id returns the id of an item, item encodes it.
func list[T, W any](
	spec fleet.ListSpec, rule func(rules, context.Context, fleet.List) (fleet.Page[T], error), id func(T) int64, item func(T) W,
) handler {
	nothing := func(*request) (struct{}, error) { return struct{}{}, nil }
	return httpx.ListOf(spec, nothing, func(_ *api, r *request, _ struct{}, l fleet.List) (fleet.Page[T], error) {
		return rule(r.rules, r.Context(), l)
	}, id, item)
}

// call serves the result of a rule.
func call[In, Out, W any](
	decode func(*request) (In, error), rule func(rules, context.Context, In) (Out, error), body func(Out) W,
) handler {
	return httpx.Call(decode, func(_ *api, r *request, in In) (Out, error) { return rule(r.rules, r.Context(), in) }, body)
}

// write serves a write that takes no idempotency key and has no response body.
func write[In any](decode func(*request) (In, error), rule func(rules, context.Context, In) error) handler {
	return httpx.Write(decode, func(_ *api, r *request, in In) error { return rule(r.rules, r.Context(), in) })
}

// writeOnce serves a write that takes an idempotency key. decode also returns the value whose
// JSON identifies the request: it must not change between versions, because a client may repeat
// a request after an upgrade. reply encodes the result.
func writeOnce[In, Out any](
	operation string, decode func(*request) (in In, canonical any, err error),
	rule func(rules, context.Context, In) (Out, error), reply func(Out) control.Reply,
) handler {
	return func(_ *api, r *request) (response, error) {
		in, canonical, err := decode(r)
		if err != nil {
			return response{}, err
		}
		return r.once(operation, canonical, func(o rules) (control.Reply, error) {
			out, err := rule(o, r.Context(), in)
			if err != nil {
				return control.Reply{}, err
			}
			return reply(out), nil
		})
	}
}

// once runs a write, or returns the stored response of the same request with the same
// Idempotency-Key.
func (r *request) once(operation string, canonical any, do func(rules) (control.Reply, error)) (response, error) {
	key, fingerprint, err := r.IdempotencyKey(canonical)
	if err != nil {
		return response{}, err
	}
	once := control.Once{Key: key, Operation: operation, Fingerprint: fingerprint}
	if key == "" {
		once = control.Once{}
	}
	reply, err := r.rules.Once(r.Context(), once, do)
	if err != nil {
		return response{}, err
	}
	res := response{Status: reply.Status, Body: reply.Body}
	if reply.Location != "" {
		res.Set("Location", reply.Location)
	}
	if reply.Replayed {
		res.Set("Idempotent-Replayed", "true")
	}
	return res, nil
}

// replyWith encodes the result of a write as body.
func replyWith[T, W any](body func(T) W) func(T) control.Reply {
	return func(t T) control.Reply {
		return control.Reply{Status: http.StatusOK, Body: httpx.JSON(http.StatusOK, body(t)).Body}
	}
}

// created encodes a new object that is at a path.
func created(path string, body any) control.Reply {
	return control.Reply{Status: http.StatusCreated, Body: httpx.JSON(http.StatusCreated, body).Body, Location: path}
}

// listedID reads a reference to an entry of a closed list. The rule refuses ids that are not in
// the list.
func listedID[T ~int8](field string, ref wire.Optional[wire.IDRef]) (T, error) {
	id, err := httpx.RequiredID(field, ref)
	if err == nil && int64(T(id)) != id {
		err = fleet.Invalid(field+".id", "there is no %d", id)
	}
	return T(id), err
}

// workspaceID reads a required reference to a Workspace.
func workspaceID(field string, ref wire.Optional[wire.IDRef]) (fleet.WorkspaceID, error) {
	id, err := httpx.RequiredID(field, ref)
	if err == nil && id < 1 {
		err = fleet.Invalid(field+".id", "must be a whole number from 1")
	}
	return fleet.WorkspaceID(id), err
}
