package arch

import (
	"fmt"
	"slices"
)

// Unknown lists, one sentence each, what in the rules has no counterpart in the code: rows and
// arrows of packages that do not exist, and arrows that no import uses.
func Unknown(packages []Package, rules map[string]Rule) (faults []string) {
	for row, rule := range rules {
		var of []Package
		for _, p := range packages {
			if match(row, relative(p.ImportPath)) {
				of = append(of, p)
			}
		}
		if len(of) == 0 {
			faults = append(faults, fmt.Sprintf("%s is not a package: remove its row from internal/test/arch/rules.go", row))
			continue
		}
		production := func(p Package) []string { return p.Imports }
		tests := func(p Package) []string { return slices.Concat(p.TestImports, p.XTestImports) }
		for _, arrow := range rule.Imports {
			if !anyImports(of, production, arrow) {
				faults = append(faults, fmt.Sprintf("%s does not import %s: remove it from the row", row, arrow))
			}
		}
		for _, arrow := range rule.Tests {
			if !anyImports(of, tests, arrow) {
				faults = append(faults, fmt.Sprintf("no test of %s imports %s: remove it from the row", row, arrow))
			}
		}
	}
	slices.Sort(faults)
	return faults
}

func anyImports(packages []Package, of func(Package) []string, arrow string) bool {
	return slices.ContainsFunc(packages, func(p Package) bool {
		return slices.ContainsFunc(of(p), func(path string) bool { return ours(path) && match(arrow, relative(path)) })
	})
}
