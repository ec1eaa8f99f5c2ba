package store

import (
	"slices"
	"testing"
)

func TestNamedParameters(t *testing.T) {
	s := named("SELECT :a::bigint, x::text, :b_c, (:a) FROM t WHERE u = ANY(:d::bigint[])")
	if want := "SELECT $1::bigint, x::text, $2, ($1) FROM t WHERE u = ANY($3::bigint[])"; s.text != want {
		t.Errorf("%s, want %s", s.text, want)
	}
	p := params{}
	p.add("a b_c", 1, "two")
	if args, err := s.args(p); err == nil {
		t.Errorf("a value is missing, and the arguments are %v", args)
	}
	p.add("d", 3)
	if args, err := s.args(p); err != nil || !slices.Equal(args, []any{1, "two", 3}) {
		t.Errorf("%v, %v", args, err)
	}
	p.add("e", 4)
	if args, err := s.args(p); err == nil {
		t.Errorf("a value has no parameter, and the arguments are %v", args)
	}
}
