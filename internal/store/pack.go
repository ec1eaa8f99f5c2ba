package store

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// pack compresses a stored reply: 500 SIMs are 120 KB of text and 8 KB compressed, which makes
// commits faster.
func pack(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	body, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("stored answer: %w", err)
	}
	return body, nil
}

// appendKey encodes a key unambiguously.
func appendKey(w io.Writer, k Key) error {
	_, err := fmt.Fprintf(w, "%d/%d/%q/%q", k.By.User, k.By.Token, k.Operation, k.Key)
	return err
}
