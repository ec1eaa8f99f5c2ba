package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Check lists, one sentence each, where packages depart from rules.
func Check(packages []Package, rules map[string]Rule) []string {
	c := checker{rules: rules}
	for _, p := range packages {
		c.check(p)
	}
	slices.Sort(c.faults)
	return slices.Compact(c.faults)
}

type checker struct {
	rules  map[string]Rule
	faults []string
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) check(p Package) {
	name := relative(p.ImportPath)
	rule, ok := c.ruleFor(name)
	if !ok {
		c.fault("%s has no row in internal/test/arch/rules.go: add one that says what it may import", name)
		return
	}
	if rule.TestSide {
		return
	}
	for _, imported := range p.Imports {
		c.production(name, rule, imported)
	}
	for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
		c.test(name, rule, imported)
	}
}

// ruleFor prefers the row of the package itself, then the nearest one that stands for
// what is below it.
func (c *checker) ruleFor(name string) (Rule, bool) {
	if rule, ok := c.rules[name]; ok {
		return rule, true
	}
	for parent := name; parent != ""; {
		parent = parent[:max(0, strings.LastIndexByte(parent, '/'))]
		if rule, ok := c.rules[parent+"/..."]; ok {
			return rule, true
		}
	}
	return Rule{}, false
}

func (c *checker) production(name string, rule Rule, imported string) {
	switch {
	case ours(imported):
		c.ours(name, rule, relative(imported))
	case rule.StdOnly && !standard(imported):
		c.fault("%s imports %s: it keeps to the standard library", name, imported)
	case !rule.Drivers && matchAny(drivers, imported):
		c.fault("%s imports %s: databases are the store's", name, imported)
	case !rule.Tables && matchAny(tables, imported):
		c.fault("%s imports %s: tables are read and written by internal/tablefile", name, imported)
	case !rule.Metrics && matchAny(metricLibraries, imported):
		c.fault("%s imports %s: only internal/metrics knows how metrics are reported", name, imported)
	case matchAny(testLibraries, imported):
		c.fault("%s imports %s, which is for tests", name, imported)
	case matchAny(rule.Never, imported):
		c.fault("%s imports %s, which its row forbids", name, imported)
	}
}

func (c *checker) ours(name string, rule Rule, imported string) {
	if target, ok := c.ruleFor(imported); ok && target.TestSide {
		c.fault("%s imports %s, which is for tests", name, imported)
		return
	}
	if !matchAny(rule.Imports, imported) {
		c.fault("%s imports %s: no arrow of the design goes there", name, imported)
	}
}

func (c *checker) test(name string, rule Rule, imported string) {
	if !ours(imported) {
		if !rule.Drivers && matchAny(drivers, imported) && !matchAny(testDrivers, imported) {
			c.fault("%s's tests import %s: that driver is the store's", name, imported)
		}
		return
	}
	imported = relative(imported)
	target, _ := c.ruleFor(imported)
	if imported != name && !target.TestSide && !matchAny(rule.Imports, imported) && !matchAny(rule.Tests, imported) {
		c.fault("%s's tests import %s: no arrow of the design goes there", name, imported)
	}
}

func ours(path string) bool { return path == Module || strings.HasPrefix(path, Module+"/") }

func relative(path string) string { return strings.TrimPrefix(path, Module+"/") }

// standard packages have no dot in their first element, where others have a host.
func standard(path string) bool {
	host, _, _ := strings.Cut(path, "/")
	return !strings.Contains(host, ".")
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, path) })
}

// match knows one wildcard: a trailing /... for the package and all below it.
func match(pattern, path string) bool {
	root, wild := strings.CutSuffix(pattern, "/...")
	return path == root || wild && strings.HasPrefix(path, root+"/")
}
