package contract

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
)

// readRequest takes the body out to look at it, and returns a copy of the request that
// still has it: a RoundTripper must leave the original alone.
func readRequest(req *http.Request) (clone *http.Request, body []byte, err error) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil, nil
	}
	raw, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, nil, fmt.Errorf("reading the request: %w", err)
	}
	clone = req.Clone(req.Context())
	clone.Body = io.NopCloser(bytes.NewReader(raw))
	body, err = plainText(req.Header, raw)
	if err != nil {
		// Judged as what it is: no JSON.
		return clone, raw, nil //nolint:nilerr // a broken encoding is the server's to refuse
	}
	return clone, body, nil
}

// readResponse takes the body out and puts it back.
func readResponse(resp *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return plainText(resp.Header, raw)
}

// plainText undoes gzip. The transport does so only if the caller did not ask for gzip.
func plainText(h http.Header, raw []byte) ([]byte, error) {
	if h.Get("Content-Encoding") != "gzip" || len(raw) == 0 {
		return raw, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("unpacking the body: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpacking the body: %w", err)
	}
	return plain, nil
}
