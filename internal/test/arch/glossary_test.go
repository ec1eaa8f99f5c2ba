package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// general are words of programming or of HTTP, which need no entry in the glossary.
var general = strings.Fields(`
	actor case change code count country detail effect effects error extent field filter impact kind list mail
	named note numbers order page pair part problem problems profile property reader severity spec
	stuck tags text time token type value
	api connectivity docs healthz history json jwks multi my openapi password readyz v1 v2 well known yaml
`)

// verbs are elements of paths that are not nouns.
var verbs = strings.Fields(`
	accept activation approve authenticate cancel decline import logout pause refuse reject reset resume
	retry start unlock watch withdraw
`)

// TestGlossary checks that the glossary has a term for each exported type of internal/fleet and
// each noun in the paths of the APIs. A name passes if it has a word of the glossary.
func TestGlossary(t *testing.T) {
	terms := glossary(t)
	used := make(map[string]bool)
	check := func(name string, words []string) {
		known := false
		for i := range words {
			for j := i + 1; j <= len(words); j++ {
				term := strings.Join(words[i:j], " ")
				known = known || terms[term]
				if j == i+1 && slices.Contains(general, term) {
					used[term], known = true, true
				}
			}
		}
		if !known {
			t.Errorf("docs/glossary.md has no term for %s", name)
		}
	}
	for _, name := range fleetTypes(t) {
		check("fleet."+name, camelWords(name))
	}
	for _, name := range pathNouns(t) {
		if slices.Contains(verbs, name) {
			continue
		}
		check("the path element "+name, strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("_-.", r) }))
	}
	for _, word := range general {
		if !used[word] {
			t.Errorf("no type and no path has the general word %q", word)
		}
	}
}

var (
	glossaryRow = regexp.MustCompile(`(?m)^\| ([^|]+) \|`)
	glossaryCut = regexp.MustCompile(`[,()*]+`)
)

// glossary returns the terms of the glossary and their names on the wire, in lower case.
func glossary(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	terms := make(map[string]bool)
	for _, row := range glossaryRow.FindAllStringSubmatch(string(text), -1) {
		for _, term := range glossaryCut.Split(row[1], -1) {
			term = strings.ToLower(strings.TrimSpace(strings.ReplaceAll(term, "_", " ")))
			for _, t := range []string{term, term + "s", strings.ReplaceAll(term, "-", " ")} {
				terms[t] = true
			}
		}
	}
	delete(terms, "")
	return terms
}

// fleetTypes returns the exported types of internal/fleet.
func fleetTypes(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "internal", "fleet", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE || strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, s := range d.Specs {
				if spec, ok := s.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					names = append(names, spec.Name.Name)
				}
			}
		}
	}
	return names
}

var pathLine = regexp.MustCompile(`(?m)^  (/[^:]*):`)

// pathNouns returns the elements of the paths of both APIs, without parameters.
func pathNouns(t *testing.T) (nouns []string) {
	t.Helper()
	for _, file := range []string{"openapi.yaml", "operator.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "api", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range pathLine.FindAllStringSubmatch(string(text), -1) {
			for noun := range strings.SplitSeq(strings.Trim(path[1], "/"), "/") {
				if !strings.HasPrefix(noun, "{") && !slices.Contains(nouns, noun) {
					nouns = append(nouns, noun)
				}
			}
		}
	}
	if len(nouns) < 40 {
		t.Fatalf("only %d nouns", len(nouns))
	}
	return nouns
}

// camelWords splits a name such as SIMRequestID into its words in lower case, without ID.
func camelWords(name string) (words []string) {
	if !strings.HasSuffix(name, "ICCID") {
		name = strings.TrimSuffix(name, "ID")
	}
	for name != "" {
		n := 1
		for n < len(name) && !wordStarts(name, n) {
			n++
		}
		words, name = append(words, strings.ToLower(name[:n])), name[n:]
	}
	return words
}

// wordStarts reports whether the byte n of a name is the first of a word: a capital letter after a
// small one, or the last capital of an abbreviation that a word follows.
func wordStarts(name string, n int) bool {
	if !isUpper(name[n]) {
		return false
	}
	return !isUpper(name[n-1]) || n+1 < len(name) && !isUpper(name[n+1]) && name[n+1] != 's'
}

func isUpper(b byte) bool { return 'A' <= b && b <= 'Z' }
