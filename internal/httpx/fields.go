package httpx

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// RequiredText reads a required string of a body.
func RequiredText(field string, s *string) (string, error) {
	if s == nil {
		return "", fleet.Invalid(field, "it is required")
	}
	return *s, nil
}

// RequiredID reads the id of a required reference.
func RequiredID(field string, ref wire.Optional[wire.IDRef]) (int64, error) {
	v, ok := ref.Get()
	if !ok {
		return 0, fleet.Invalid(field, "it is required, as in {\"id\": 100}")
	}
	if v.ID == nil {
		return 0, fleet.Invalid(field+".id", "it is required")
	}
	return int64(*v.ID), nil
}

// Text returns an optional string of a body, or "" if it is absent.
func Text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Given reports whether an optional property is present and not null.
func Given[T any](o wire.Optional[T]) bool { _, ok := o.Get(); return ok }
