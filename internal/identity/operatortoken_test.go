package identity_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/identity"
)

const hexToken = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestOperatorTokensAreMatched(t *testing.T) {
	first, second := identity.NewOperatorToken(), identity.NewOperatorToken()
	if first == second || len(first) < 43 {
		t.Fatalf("%q and %q are not two secrets", first, second)
	}
	list, err := identity.ParseOperatorTokens("# made today\r\nterraform " + first + "\r\n\n  " + second + " \n" + "old.1\t" + hexToken)
	if err != nil {
		t.Fatal(err)
	}
	for sent, want := range map[string]string{first: "terraform", hexToken: "old.1"} {
		if name, ok := list.Match(sent); !ok || name != want {
			t.Errorf("the token of %s is known as %q, %v", want, name, ok)
		}
	}
	if name, ok := list.Match(second); !ok || !strings.HasPrefix(name, "token-") || strings.Contains(second, strings.TrimPrefix(name, "token-")) {
		t.Errorf("a token without a name is known as %q, %v", name, ok)
	}
	for _, sent := range []string{"", " ", "terraform", first + " ", " " + first, first[:len(first)-1], strings.ToUpper(hexToken), "terraform " + first, "#"} {
		if name, ok := list.Match(sent); ok {
			t.Errorf("%q is taken for the token of %s", sent, name)
		}
	}
}

func TestWeakOperatorTokensAreRefused(t *testing.T) {
	good := identity.NewOperatorToken()
	for name, test := range map[string]struct{ text, says string }{
		"nothing":             {"", "no token"},
		"comments only":       {"# terraform " + good + "\n\n", "no token"},
		"a password":          {"correct-horse-battery-staple", "line 1: the token is too weak"},
		"128 bits":            {"\nterraform 5f4dcc3b5aa765d61d8327deb882cf99", "line 2: the token is too weak"},
		"63 digits":           {hexToken[1:], "too weak"},
		"one character":       {strings.Repeat("a", 100), "too weak"},
		"a few characters":    {strings.Repeat("changeme!", 10), "too weak"},
		"far too long":        {good + strings.Repeat("x", 512), "too weak"},
		"no ASCII":            {good + "é", "too weak"},
		"a control character": {good + "\x00", "too weak"},
		"a third word":        {"my token " + good, "must be a name and a token"},
		"a name with a slash": {"a/b " + good, "the name has other characters"},
		"a long name":         {strings.Repeat("n", 41) + " " + good, "the name has other characters"},
		"a name twice":        {"a " + good + "\na " + identity.NewOperatorToken(), "line 2: the name a is used twice"},
		"a token twice":       {"a " + good + "\nb " + good, "line 2: a has the same token"},
	} {
		list, err := identity.ParseOperatorTokens(test.text)
		if err == nil || list != nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), good) {
			t.Errorf("%s: the error tells the token", name)
		}
	}
}

// FuzzOperatorTokens checks that an accepted file has only valid tokens, and that errors
// contain no token.
func FuzzOperatorTokens(f *testing.F) {
	f.Add("terraform "+hexToken, hexToken)
	f.Add("# x\n\na b c\r\n", "b")
	f.Add(hexToken+"\n"+hexToken, "")
	f.Fuzz(func(t *testing.T, text, sent string) {
		list, err := identity.ParseOperatorTokens(text)
		if (err == nil) != (len(list) > 0) {
			t.Fatalf("%d tokens and %v", len(list), err)
		}
		if name, ok := list.Match(sent); ok && (len(sent) < 43 || name == "" || !strings.Contains(text, sent)) {
			t.Fatalf("%q matched as %q", sent, name)
		}
	})
}
