package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// phrase is an expression that is not plain English. before and after match contexts in which it
// is.
type phrase struct {
	pattern       string
	before, after string
}

// person matches words for people: "a user who is suspended" is ordinary English.
const person = `\b(users?|callers?|members?|people|persons?|operators?|owners?|attackers?|anyone|someone|those|you)\b`

// phrases are expressions that this project used to contain. Write "if" or "when" instead of
// "where", "reports whether" instead of "tells whether", "is not a valid X" instead of "is no X",
// and no words for people when a program is meant.
var phrases = []phrase{
	{pattern: `\b(is|are|was|were|be) no(ne)?\b`, before: `there $`, after: `^ (more|longer|less|such|way|point|reason|need|guarantee|one)\b`},
	{pattern: `\btells? (whether|of|what|how|which|that|apart)\b`},
	{pattern: `\b(is|are|was|were|be|been|being) told\b`, after: `^ (apart|from)\b`},
	{pattern: `\b(words|worded|wording) (the|an?|each|it|what)\b`},
	{pattern: `\b(somebody|nobody|whoever|whomever|whom|everybody)\b`, before: "(`|administrators or |require_mfa: )$"},
	{pattern: `\bwho (asks|may|has|have|is|sends|waits|never|had|does)\b`, before: person + `[^.;:]{0,40}$`},
	{pattern: `\b(nil|0|none|empty|false|true|zero|""), where\b`},
	{pattern: `\bwhere (there|it|they|the|a|an|none|one|no|some|given|this|that|nothing|somebody|two|both) (is|are|has|have|was|were|does|do|may|can)\b`},
	{pattern: `\bwhere (given|there|none|nothing|needed|wished|offered)\b`},
	{pattern: `\b(mend|mends|mended|lest|midst|besides|hereby|whence|thereof|wherein|behold)\b`},
	{pattern: `\bbehind (it|them|its back|the commit|the locks)\b`},
	{pattern: `\b(held|hold|holds) (it |them )?against\b`},
	{pattern: `\b(all the same|put off|put away|let alone|should it|be it)\b`},
	{pattern: `\bhas (read|written|seen|sent|made|asked|said|found) (it|them|this|all)\b`},
	{pattern: `, for (it|they|there|this|that|nothing) (is|are|was|were|has|have|had|can|may|must|does|do|will|would)\b`},
	{pattern: `, for (the|a|an|most) [\w-]+ (is|are|was|were|has|have|had|can|may|must|does|do|will|would)\b`},
	{pattern: `\bby itself\b`},
	{pattern: `\bof (ours|theirs|one's own)\b`},
	{pattern: `\bbites?\b`},
	{pattern: `\bwhat (is|was|has|had|stands|came|comes|follows|remains) (there|left|meant|asked|over|under)\b`},
	{pattern: `\b(answers|gives) (whether|what|how|which)\b`},
	{pattern: `\bin the name of\b`},
	{pattern: `\bwithout any what\b`},
	{pattern: `\b(look|looks|looked) whether\b`},
	{pattern: `\bby way of\b`},
	{pattern: `\b(test|run) where\b`},
	{pattern: `\bbehind (each|every|its end)\b`},
	{pattern: `\bdoes what \w+ does, for\b`},
	{pattern: `, for (the|both) \w+ to (read|see|pass on)\b`},
}

// finding is a phrase at a place.
type finding struct {
	line int
	text string
}

// compiled are the phrases as expressions.
var compiled = func() (list []struct{ pattern, before, after *regexp.Regexp }) {
	for _, p := range phrases {
		c := struct{ pattern, before, after *regexp.Regexp }{pattern: regexp.MustCompile(`(?i)` + p.pattern)}
		if p.before != "" {
			c.before = regexp.MustCompile(`(?i)` + p.before)
		}
		if p.after != "" {
			c.after = regexp.MustCompile(`(?i)` + p.after)
		}
		list = append(list, c)
	}
	return list
}()

// oddPhrases returns the phrases in a text.
func oddPhrases(text string) (found []string) {
	for _, c := range compiled {
		for _, at := range c.pattern.FindAllStringIndex(text, -1) {
			if c.before != nil && c.before.MatchString(text[:at[0]]) || c.after != nil && c.after.MatchString(text[at[1]:]) {
				continue
			}
			found = append(found, text[at[0]:at[1]])
		}
	}
	return found
}

// oddPhrasesIn returns the odd phrases of a file: in the comments and strings of Go, in the prose
// of Markdown, in the descriptions and comments of YAML.
func oddPhrasesIn(file string) ([]finding, error) {
	text, err := os.ReadFile(file) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, err
	}
	if filepath.Ext(file) == ".go" {
		return oddPhrasesInGo(file, text)
	}
	var found []finding
	code := false
	for n, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
			continue
		}
		if code && filepath.Ext(file) == ".md" {
			continue
		}
		for _, f := range oddPhrases(codeSpan.ReplaceAllString(line, "")) {
			found = append(found, finding{n + 1, f})
		}
	}
	return found, nil
}

var codeSpan = regexp.MustCompile("`[^`]*`")

func oddPhrasesInGo(file string, text []byte) ([]finding, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var found []finding
	note := func(pos token.Pos, text string) {
		for _, f := range oddPhrases(text) {
			found = append(found, finding{set.Position(pos).Line, f})
		}
	}
	for _, group := range parsed.Comments {
		note(group.Pos(), strings.ReplaceAll(group.Text(), "\n", " "))
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if value, err := strconv.Unquote(lit.Value); err == nil && strings.Contains(value, " ") && !sqlText.MatchString(value) {
				note(lit.Pos(), value)
			}
		}
		return true
	})
	return found, nil
}

// sqlText matches statements, in which WHERE and the like are not English.
var sqlText = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE|COALESCE)\b`)
