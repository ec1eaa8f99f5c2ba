package trust

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BuildChanged builds simferry with one text of one source file replaced by another, for a
// control: the tree itself stays as it is. The text must be there exactly once.
func BuildChanged(ctx context.Context, dir, name, file, text, by string) (string, error) {
	original := filepath.Join(Root(), file)
	content, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(content), text); n != 1 {
		return "", fmt.Errorf("%s has %q %d times: the control changes what is no longer there", file, text, n)
	}
	changed := filepath.Join(dir, name+".go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(content), text, by, 1)), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, name+".json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "simferry-"+name)
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-tags", Tags(), "-o", binary, "./cmd/simferry")
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}
