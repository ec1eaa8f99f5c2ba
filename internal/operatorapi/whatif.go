package operatorapi

import (
	"context"
	"errors"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operator"
)

const whatIfPattern = "POST /operator/v1/rule/what_if"

// whatIfTimeout is the longest time for a what-if. The server's connection timeouts are longer.
const whatIfTimeout = 5 * time.Minute

// maxYear is the last year that the API can write.
const maxYear = 9999

// whatIf compares candidate rules with the present ones. A server runs one at a time. It ends when
// the caller hangs up.
func (a *api) whatIf(r *request) (response, error) {
	q, err := whatIfOf(r)
	if err != nil {
		return response{}, err
	}
	select {
	case a.whatIfs <- struct{}{}:
		defer func() { <-a.whatIfs }()
	default:
		return response{}, &fleet.Error{
			Code: fleet.TooManyRequests, Message: "Another what-if is running on this server: wait until it has ended", RetryAfter: 10 * time.Second,
		}
	}
	result, err := r.rules.WhatIf(r.Context(), q)
	switch {
	case errors.Is(r.Context().Err(), context.DeadlineExceeded):
		return response{}, &fleet.Error{
			Code: fleet.Failed, Message: "The what-if took too long: ask for fewer days, or run 'simferry rule what-if', which has no limit", Err: err,
		}
	case err != nil:
		return response{}, err
	}
	return httpx.OK(httpx.WhatIfBody(result))
}

func whatIfOf(r *request) (q operator.WhatIf, err error) {
	var body wire.WhatIfRequest
	if err := r.Decode(&body); err != nil {
		return q, err
	}
	if body.Rules == nil {
		return q, fleet.Invalid("rules", "it is required; an empty list asks what happens without rules")
	}
	if q.Rules, err = fleet.CheckRules(0, body.Rules); err != nil {
		return q, err
	}
	q.Days, q.Courteous = operator.DefaultWhatIfDays, true
	if body.Days != nil {
		q.Days = int(min(max(*body.Days, 0), operator.MaxWhatIfDays+1))
	}
	if body.At != nil {
		if q.At = body.At.UTC(); q.At.Year() > maxYear {
			return q, fleet.Invalid("at", "it must be before the year %d", maxYear+1)
		}
	}
	return q, operator.CheckWhatIfDays(q.Days)
}
