package world

import (
	"math"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/simferry/simferry/internal/fleet"
)

// text returns the value of a key that must be text; "" if absent.
func (o *object) text(name string) string {
	switch n := o.take(name).(type) {
	case nil:
		return ""
	case *ast.StringNode:
		if n.Value == "" {
			o.fault(name, fleet.InvalidFormat, "it is empty: fill it in or leave the key out")
		}
		return n.Value
	default:
		o.fault(name, fleet.InvalidFormat, "it is %s, not text: put it in quotes", describe(n))
		return ""
	}
}

// parsed returns a text that parse understands; the zero value if absent or wrong.
func parsed[T any](o *object, name string, parse func(string) (T, error)) T {
	s := o.text(name)
	return checked(o, name, s, parse)
}

// digits returns an identifier made of digits, quoted or not, as written.
func digits[T any](o *object, name string, parse func(string) (T, error)) T {
	switch n := o.take(name).(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return checked(o, name, n.GetToken().Value, parse)
	default:
		return parsed(o, name, parse)
	}
}

func checked[T any](o *object, name, s string, parse func(string) (T, error)) T {
	var none T
	if s == "" {
		return none
	}
	v, err := parse(s)
	if err != nil {
		o.fault(name, fleet.InvalidFormat, "%v", err)
		return none
	}
	return v
}

// keyword returns one entry of a closed list; otherwise if absent or wrong.
func keyword[T ~int8](o *object, name string, list []fleet.Named[T], otherwise T) T {
	n := o.take(name)
	if n == nil {
		return otherwise
	}
	word, ok := n.(*ast.StringNode)
	if !ok {
		o.fault(name, fleet.InvalidFormat, "it is %s: write one of %s", describe(n), fleet.Keywords(list))
		return otherwise
	}
	v, ok := fleet.ByKeyword(list, word.Value)
	if !ok {
		o.fault(name, fleet.InvalidFormat, "%q is unknown: write one of %s", clip(word.Value), fleet.Keywords(list))
		return otherwise
	}
	return v
}

// id returns a positive whole number; 0 if absent or wrong.
func id[T ~int64](o *object, name string) T { return T(o.positive(name, math.MaxInt64)) }

func (o *object) positive(name string, most int64) int64 {
	n := o.take(name)
	if n == nil {
		return 0
	}
	if _, ok := n.(*ast.IntegerNode); !ok {
		o.fault(name, fleet.InvalidFormat, "it is %s, not a whole number: write digits without quotes", describe(n))
		return 0
	}
	v, ok := wholeNumber(n.GetToken().Value)
	if !ok || v > most {
		o.fault(name, fleet.OutOfRange, "%s is not allowed: write a whole number from 1 to %d", clip(n.GetToken().Value), most)
		return 0
	}
	return v
}

// wholeNumber accepts plain decimal digits only: YAML would read 010 as 8.
func wholeNumber(s string) (v int64, ok bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil
}

// truth returns a boolean; false if absent.
func (o *object) truth(name string) bool {
	switch n := o.take(name).(type) {
	case nil:
		return false
	case *ast.BoolNode:
		return n.Value
	default:
		o.fault(name, fleet.InvalidFormat, "it is %s: write true or false", describe(n))
		return false
	}
}
