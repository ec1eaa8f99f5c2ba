package e2e_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/simferry/simferry/internal/config"
)

// isDeployment reports whether a YAML block is for Docker Compose, Kubernetes or Prometheus.
func isDeployment(text string) bool {
	return slices.ContainsFunc([]string{"services:", "apiVersion:", "scrape_configs:"}, func(key string) bool {
		return strings.HasPrefix(text, key)
	})
}

// deployment returns the only block of the page on installing that begins with a key.
func deployment(t *testing.T, key string) string {
	t.Helper()
	var found []string
	for _, b := range blocksIn(t, installPage, "yaml") {
		if strings.HasPrefix(b.text, key+":") {
			found = append(found, b.text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d blocks begin with %s", len(found), key)
	}
	return found[0]
}

// decodeYAML decodes an object; a property that the test does not know is an error.
func decodeYAML(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.UnmarshalWithOptions([]byte(text), into, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// loadSettings loads the settings of a server from its arguments and environment.
func loadSettings(t *testing.T, args []string, env map[string]string) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err != nil {
		t.Error(err)
	}
}

// TestComposeFile checks that the file for Docker Compose matches the image.
func TestComposeFile(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Build, Restart string
			Stop           string `yaml:"stop_grace_period"`
			Memory         string `yaml:"mem_limit"`
			Ports, Volumes []string
			Environment    map[string]string
		}
	}
	decodeYAML(t, deployment(t, "services"), &file)
	image := parseDockerfile(t, onlyBlock(t, "dockerfile"))
	service := file.Services["simferry"]
	if service.Build != "." || len(service.Ports) != 1 || !strings.HasSuffix(service.Ports[0], ":"+image.port) {
		t.Errorf("the service is another than expected: %+v", service)
	}
	if len(service.Volumes) != 1 || !strings.HasSuffix(service.Volumes[0], ":"+image.volume) {
		t.Errorf("%q is not the volume %s of the image", service.Volumes, image.volume)
	}
	if len(service.Environment) == 0 {
		t.Error("no setting was found")
	}
	known := settingNames()
	for name := range service.Environment {
		if !slices.Contains(known, name) {
			t.Errorf("%s is not a setting", name)
		}
	}
	loadSettings(t, image.command[1:], service.Environment)
}

// settingNames returns the variables of all settings.
func settingNames() (names []string) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		names = append(names, "SIMFERRY_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
	})
	return names
}

type kubeLabels struct{ App string }

type kubeProbe struct {
	HTTPGet struct {
		Path string
		Port string
	} `yaml:"httpGet"`
}

// KubeObject is exported because the decoder cannot set an unexported embedded type.
type KubeObject struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
}

type kubeDeployment struct {
	KubeObject `yaml:",inline"`
	Spec       struct {
		Replicas int
		Selector struct {
			MatchLabels kubeLabels `yaml:"matchLabels"`
		}
		Template struct {
			Metadata struct{ Labels kubeLabels }
			Spec     kubePod
		}
	}
}

type kubePod struct {
	Grace    int `yaml:"terminationGracePeriodSeconds"`
	Security struct {
		NonRoot bool   `yaml:"runAsNonRoot"`
		User    uint32 `yaml:"runAsUser"`
		Group   uint32 `yaml:"runAsGroup"`
		FSGroup uint32 `yaml:"fsGroup"`
	} `yaml:"securityContext"`
	Containers []kubeContainer
	Volumes    []struct {
		Name   string
		Secret struct {
			Name string `yaml:"secretName"`
			Mode uint32 `yaml:"defaultMode"`
		}
		EmptyDir struct{} `yaml:"emptyDir"`
	}
}

type kubeContainer struct {
	Name, Image string
	Args        []string
	Ports       []struct {
		Port string `yaml:"containerPort"`
	}
	Ready     kubeProbe `yaml:"readinessProbe"`
	Live      kubeProbe `yaml:"livenessProbe"`
	Resources struct{ Limits map[string]string }
	Security  struct {
		Escalation bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly   bool `yaml:"readOnlyRootFilesystem"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name     string
		Path     string `yaml:"mountPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type kubeService struct {
	KubeObject `yaml:",inline"`
	Spec       struct {
		Selector kubeLabels
		Ports    []struct {
			Port   int
			Target string `yaml:"targetPort"`
		}
	}
}

// TestKubernetesObjects checks that the objects match one another, the image and the server.
func TestKubernetesObjects(t *testing.T) {
	first, second, found := strings.Cut(deployment(t, "apiVersion"), "---\n")
	if !found {
		t.Fatal("there is one object only")
	}
	var d kubeDeployment
	var s kubeService
	decodeYAML(t, first, &d)
	decodeYAML(t, second, &s)
	image := parseDockerfile(t, onlyBlock(t, "dockerfile"))
	pod := d.Spec.Template.Spec
	if d.Kind != "Deployment" || s.Kind != "Service" || len(pod.Containers) != 1 || len(s.Spec.Ports) != 1 {
		t.Fatalf("the objects are others than expected: %+v %+v", d, s)
	}
	labels := d.Spec.Template.Metadata.Labels
	if labels.App == "" || d.Spec.Selector.MatchLabels != labels || s.Spec.Selector != labels {
		t.Errorf("labels %v, selectors %v and %v", labels, d.Spec.Selector.MatchLabels, s.Spec.Selector)
	}
	if pod.Security.User != image.user || pod.Security.Group != image.group || pod.Security.FSGroup != image.group {
		t.Errorf("the user is %+v, that of the image is %d:%d", pod.Security, image.user, image.group)
	}
	if grace := config.Default().ShutdownGrace.Seconds(); float64(pod.Grace) <= grace {
		t.Errorf("a pod is killed after %d s, and a server may need %v s", pod.Grace, grace)
	}
	checkContainer(t, pod, image, s.Spec.Ports[0].Target)
}

func checkContainer(t *testing.T, pod kubePod, image dockerfile, servicePort string) {
	t.Helper()
	c := pod.Containers[0]
	for _, port := range []string{c.Ports[0].Port, c.Ready.HTTPGet.Port, c.Live.HTTPGet.Port, servicePort} {
		if port != image.port {
			t.Errorf("port %s is not that of the image, %s", port, image.port)
		}
	}
	mounts := make(map[string]string)
	for _, m := range c.Mounts {
		mounts[m.Name] = m.Path
	}
	if !slices.Contains(slices.Collect(maps.Values(mounts)), image.volume) {
		t.Errorf("%s, the folder of temporary files, is not mounted", image.volume)
	}
	// The kubelet writes the secret as root. A server refuses files that others can read.
	secret := pod.Volumes[0]
	name := filepath.Join(t.TempDir(), "database-url")
	writeFile(t, name, "postgres://simferry:secret@db.example.com/simferry\n")
	if os.Getuid() == 0 {
		if err := os.Chmod(name, os.FileMode(secret.Secret.Mode)); err != nil {
			t.Fatal(err)
		}
	}
	args := slices.Clone(c.Args[1:])
	at := slices.Index(args, "--database-file="+mounts[secret.Name]+"/database-url")
	if at < 0 {
		t.Fatalf("no argument names the mounted secret: %q", args)
	}
	args[at] = "--database-file=" + name
	loadSettings(t, args, nil)
	address := startServer(t, t.TempDir()).address(t, "listening")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, path := range []string{c.Ready.HTTPGet.Path, c.Live.HTTPGet.Path} {
		if code, text := send(t, transport, http.MethodGet, "http://"+address+path, nil); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
}
