package terminal_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/terminal"
)

func TestRead(t *testing.T) {
	s, err := terminal.Read("one\r\n12 %\r100 %\x1b[2K\r\x1b[K\x1b[32m  ok\x1b[0m <&>\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Text(), "one\n  ok <&>\n"; got != want {
		t.Errorf("the screen shows %q, want %q", got, want)
	}
	svg := s.SVG(terminal.Light, `a "picture"`)
	for _, want := range []string{`aria-label="a &#34;picture&#34;"`, `<tspan fill="#1a7f37">&#160;&#160;ok</tspan>&#160;&lt;&amp;&gt;</text>`} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture has no %s:\n%s", want, svg)
		}
	}
	if svg == s.SVG(terminal.Dark, `a "picture"`) {
		t.Error("light and dark are the same")
	}
	for _, unknown := range []string{"\x1b[2J", "\x1b[5m"} {
		if _, err := terminal.Read(unknown); err == nil {
			t.Errorf("%q is not reported", unknown)
		}
	}
}

func TestRun(t *testing.T) {
	const ask = `[ -t 0 ] && [ -t 1 ] && printf 'How many? ' && read n && echo "$n it is"`
	output, err := terminal.Run(exec.CommandContext(t.Context(), "sh", "-c", ask), terminal.Answer{Question: "How many? ", Text: "7"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := terminal.Read(output)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Text(), "How many? 7\n7 it is\n"; got != want {
		t.Errorf("the screen shows %q, want %q", got, want)
	}
	if _, err := terminal.Run(exec.CommandContext(t.Context(), "sh", "-c", "echo done"), terminal.Answer{Question: "How many? ", Text: "7"}); err == nil {
		t.Error("a question that is not asked is not reported")
	}
	if _, err := terminal.Run(exec.CommandContext(t.Context(), "sh", "-c", "exit 3")); err == nil {
		t.Error("a failing program is not reported")
	}
}
