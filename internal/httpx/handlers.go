package httpx

import "github.com/simferry/simferry/internal/fleet"

// Call builds the handler of an operation from its parts: decode reads the request, rule does the
// work, body encodes the result. A is the API, R its type of requests.
func Call[A, R, In, Out, W any](
	decode func(R) (In, error), rule func(A, R, In) (Out, error), body func(Out) W,
) func(A, R) (Response, error) {
	return func(a A, r R) (Response, error) {
		in, err := decode(r)
		if err != nil {
			return Response{}, err
		}
		out, err := rule(a, r, in)
		if err != nil {
			return Response{}, err
		}
		return OK(body(out))
	}
}

// Write handles an operation like Call, for a rule without a result.
func Write[A, R, In any](decode func(R) (In, error), rule func(A, R, In) error) func(A, R) (Response, error) {
	return func(a A, r R) (Response, error) {
		in, err := decode(r)
		if err != nil {
			return Response{}, err
		}
		return noContent(rule(a, r, in))
	}
}

// ListOf handles an operation that returns one page of a list. id returns the id of an item, item
// encodes it.
func ListOf[A any, R interface{ httpRequest() *Request }, In, T, W any](
	spec fleet.ListSpec, decode func(R) (In, error), rule func(A, R, In, fleet.List) (fleet.Page[T], error),
	id func(T) int64, item func(T) W,
) func(A, R) (Response, error) {
	return func(a A, r R) (Response, error) {
		in, err := decode(r)
		if err != nil {
			return Response{}, err
		}
		l, err := r.httpRequest().List(spec)
		if err != nil {
			return Response{}, err
		}
		page, err := rule(a, r, in, l)
		if err != nil {
			return Response{}, err
		}
		items := make([]W, len(page.Items))
		for i, t := range page.Items {
			items[i] = item(t)
		}
		res, err := OK(items)
		return OnPage(r.httpRequest(), l, page, id, res), err
	}
}

func (r *Request) httpRequest() *Request { return r }
