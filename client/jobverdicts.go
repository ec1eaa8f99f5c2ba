package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/simferry/simferry/api"
)

const jsonLines = "application/jsonl"

// JobVerdicts iterates over all SIMs of a job in the order of the job, in one response if the
// server sends JSON Lines, and else like AllJobSIMs. A filter such as "verdict:refused|drifted"
// selects some of them. It stops at the first error; what it has yielded is then a part.
//
// Errors: those of JobSIMs.
func (c *Client) JobVerdicts(ctx context.Context, id int64, filter string) iter.Seq2[api.JobSIM, error] {
	return func(yield func(api.JobSIM, error) bool) {
		o := ListOptions{Filter: filter, PerPage: 1000}
		path := jobPath(id) + "/sim"
		s, err := c.stream(ctx, path+ListOptions{Filter: filter}.query(), jsonLines, nil)
		if err == nil && s.status == http.StatusOK && s.kind == jsonLines {
			defer s.close()
			yieldLines(path, s.body, yield)
			return
		}
		if err == nil {
			s.close()
		}
		for sim, err := range c.AllJobSIMs(ctx, id, o) { // with retries, and the error of a refusal
			if !yield(sim, err) {
				return
			}
		}
	}
}

// yieldLines decodes JSON Lines.
func yieldLines[T any](path string, body io.Reader, yield func(T, error) bool) {
	for lines := json.NewDecoder(body); ; {
		var item T
		err := lines.Decode(&item)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(item, &CallError{"GET", path, err})
			return
		}
		if !yield(item, nil) {
			return
		}
	}
}
