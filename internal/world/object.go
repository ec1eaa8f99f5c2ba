package world

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"github.com/simferry/simferry/internal/fleet"
)

// place is a position in the file.
type place struct {
	path string // sims[3]; "" for the file as a whole
	line int
}

// key returns the path of one of the mapping's keys, for messages.
func (p place) key(name string) string {
	if name = clip(name); strings.ContainsFunc(name, unicode.IsControl) {
		name = strconv.Quote(name)
	}
	if p.path == "" {
		return name
	}
	return p.path + "." + name
}

// object is one mapping of the file, read key by key. Keys that have not been read when done is
// called are unknown.
type object struct {
	place
	entries  map[string]pair
	known    []string
	problems *fleet.Problems
}

type pair struct {
	node ast.Node
	line int
}

// newObject reports duplicate keys, and a node that is not a mapping; the object is then nil.
func newObject(at place, n ast.Node, p *fleet.Problems) *object {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		p.AddAt(at.line, fleet.InvalidFormat, "%s: it is %s: write key: value pairs", cmp.Or(at.path, "the file"), describe(n))
		return nil
	}
	o := &object{place: at, entries: make(map[string]pair, len(m.Values)), problems: p}
	for _, v := range m.Values {
		o.put(v)
	}
	return o
}

func (o *object) put(v *ast.MappingValueNode) {
	name, line := v.Key.GetToken().Value, v.Key.GetToken().Position.Line
	if first, taken := o.entries[name]; taken {
		o.problems.AddAt(line, fleet.Duplicated, "%s: the key is already in line %d: remove one of the two", o.key(name), first.line)
		return
	}
	o.entries[name] = pair{v.Value, line}
}

// take finds the value of a key; nil if it is absent or null.
func (o *object) take(name string) ast.Node {
	o.known = append(o.known, name)
	n := o.entries[name].node
	if n == nil || n.Type() == ast.NullType {
		return nil
	}
	return n
}

// require reports each of the keys that is absent or null.
func (o *object) require(names ...string) {
	for _, name := range names {
		if o.take(name) == nil {
			o.problems.AddAt(o.line, fleet.Required, "%s: it is required: add it", o.key(name))
		}
	}
}

// fault reports the value of a key.
func (o *object) fault(name string, code fleet.Code, format string, args ...any) {
	o.problems.AddAt(o.entries[name].line, code, "%s: %s", o.key(name), fmt.Sprintf(format, args...))
}

// done reports every key that was not read.
func (o *object) done() {
	slices.Sort(o.known)
	known := slices.Compact(o.known)
	var unknown []string
	for name := range o.entries {
		if _, found := slices.BinarySearch(known, name); !found {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		o.fault(name, fleet.InvalidFormat, "unknown key: known are %s", strings.Join(known, ", "))
	}
}

// objects returns the mappings of a list. Other entries are reported and left out.
func (o *object) objects(name string) []*object {
	n := o.take(name)
	if n == nil {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		o.fault(name, fleet.InvalidFormat, "it is %s: write a list, each entry after a dash", describe(n))
		return nil
	}
	all := make([]*object, 0, len(list.Values))
	for i, v := range list.Values {
		at := place{fmt.Sprintf("%s[%d]", name, i), v.GetToken().Position.Line}
		if entry := newObject(at, v, o.problems); entry != nil {
			all = append(all, entry)
		}
	}
	return all
}

// describe describes the type of a value, for messages about a wrong type.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	default:
		return "empty"
	}
}
