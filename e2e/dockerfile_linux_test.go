package e2e_test

import (
	"debug/elf"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestDockerfile builds what the Dockerfile of the page on installing describes, without Docker: an
// empty root folder with the binary. Root runs the server in it, as the user of the image.
func TestDockerfile(t *testing.T) {
	image := parseDockerfile(t, onlyBlock(t, "dockerfile"))
	if image.from != "scratch" || image.source != "bin/simferry" || len(image.entrypoint) != 1 || image.entrypoint[0] != image.target {
		t.Fatalf("unexpected image: %+v", image)
	}
	root := t.TempDir()
	binary := filepath.Join(root, image.target)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/simferry")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("an empty image has no %s", libraries)
	}
	if os.Getuid() != 0 {
		t.Log("only root can run it in an empty root folder: it was built, but has not run")
		return
	}
	runImage(t, root, image)
}

// dockerfile is a parsed Dockerfile.
type dockerfile struct {
	from, source, target string
	user, group          uint32
	volume, port         string
	environment          []string
	entrypoint, command  []string
}

// parseDockerfile reads the instructions that the page uses, and fails for others.
func parseDockerfile(t *testing.T, text string) (d dockerfile) {
	t.Helper()
	id := func(text string) uint32 {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	for line := range strings.Lines(text) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "FROM":
			d.from = rest
		case "COPY":
			d.source, d.target, _ = strings.Cut(rest, " ")
		case "USER":
			user, group, _ := strings.Cut(rest, ":")
			d.user, d.group = id(user), id(group)
		case "VOLUME":
			d.volume = rest
		case "ENV":
			d.environment = append(d.environment, rest)
		case "EXPOSE":
			d.port = rest
		case "ENTRYPOINT", "CMD":
			var words []string
			if err := json.Unmarshal([]byte(rest), &words); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if instruction == "CMD" {
				d.command = words
			} else {
				d.entrypoint = words
			}
		default:
			t.Fatalf("unknown instruction: %s", line)
		}
	}
	return d
}

// runImage runs the command of the image in its root folder until it is ready, and stops it.
func runImage(t *testing.T, root string, image dockerfile) {
	t.Helper()
	volume := filepath.Join(root, image.volume)
	if err := os.Mkdir(volume, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(volume, int(image.user), int(image.group)); err != nil {
		t.Fatal(err)
	}
	listen := slices.Index(image.command, "0.0.0.0:"+image.port)
	if listen < 0 {
		t.Fatalf("the command does not listen on the exposed port %s: %q", image.port, image.command)
	}
	arguments := slices.Clone(image.command)
	arguments[listen] = "127.0.0.1:0"
	p := &program{output: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	output, err := os.Create(p.output)
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd = exec.CommandContext(t.Context(), image.entrypoint[0], arguments...)
	p.Stdout, p.Stderr = output, output
	image.confine(p.Cmd, root)
	p.run(t, output)
	address := p.address(t, "listening")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	if code, text := send(t, transport, http.MethodGet, "http://"+address+"/readyz", nil); code != http.StatusOK {
		t.Errorf("/readyz: %d %s", code, text)
	}
	p.stop(t)
	const database = "--database=sqlite:/data/fleet.db"
	operateInImage(t, root, image, "", "workspace", "create", "Fleet", "--id", "100", "--country", "DE", database)
	operateInImage(t, root, image, "iccid\n8988303000000000012\n", "sim", "import", "-", "--workspace", "100", database)
	if left, err := filepath.Glob(filepath.Join(volume, "*")); err != nil || len(left) != 1 {
		t.Errorf("the volume has %v, %v; the database was expected", left, err)
	}
}

// confine runs a command as a container of the image does.
func (d dockerfile) confine(cmd *exec.Cmd, root string) {
	cmd.Dir, cmd.Env = "/", append([]string{}, d.environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: d.user, Gid: d.group}}
}

// operateInImage runs an operator command in the container. An import needs a temporary file.
func operateInImage(t *testing.T, root string, image dockerfile, input string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), image.entrypoint[0], args...)
	cmd.Stdin = strings.NewReader(input)
	image.confine(cmd, root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%q: %v: %s", args, err, out)
	}
}
