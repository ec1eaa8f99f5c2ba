package demo

import (
	"context"
	_ "embed" // for the world
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/server"
)

// Options configure the demo.
type Options struct {
	Listen string       // host:port of the server; port 0 lets the system choose
	Once   bool         // end after the story instead of staying up
	Color  bool         // the output is a terminal that shows colours
	Log    *slog.Logger // the server's log

	TwoSides bool // show the hand-over between two companies instead
}

// Values that the closing text and the world file share.
const (
	username = "demo@example.com"
	password = "correct horse"
)

//go:embed world.yaml
var oneSideWorld []byte

// Run starts a server, prints the demo to out, and runs until ctx ends unless Once is set. It
// removes all its files. It returns an error if a step has an unexpected result.
func Run(ctx context.Context, out io.Writer, o Options) (err error) {
	dir, err := os.MkdirTemp("", "simferry-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &printer{out: out, color: o.Color}
	var sc scenario = &story{printer: t}
	if o.TwoSides {
		sc = newTwoSides(t)
	}
	s, err := start(ctx, dir, o, sc.world())
	if err != nil {
		return err
	}
	url := baseURL(s.Addr())
	if err := run(ctx, sc, url); err != nil || o.Once {
		return errors.Join(err, t.err, s.Stop(context.WithoutCancel(ctx)))
	}
	sc.closing(url)
	err = s.Wait() // for the end of ctx
	t.line("")
	t.line("Stopped. The database was removed.")
	return errors.Join(err, t.err)
}

// scenario is a sequence of steps on a world of its own.
type scenario interface {
	world() []byte
	signIn(url string, connect connector) error
	steps() []func(context.Context) error
	closing(url string)
}

// connector makes a client of a user, and the recorder of its exchanges.
type connector func(url, username, password string) (*client.Client, *recorder, error)

func start(ctx context.Context, dir string, o Options, world []byte) (*server.Server, error) {
	seed := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(seed, world, 0o600); err != nil {
		return nil, err
	}
	cfg := config.Default()
	cfg.Listen, cfg.Seed = o.Listen, seed
	cfg.Database = config.DatabaseURL("sqlite:" + filepath.Join(dir, "demo.db"))
	return server.Start(ctx, cfg, o.Log)
}

// baseURL returns the URL at which this machine reaches a server that listens at addr.
func baseURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + addr
}

// run signs the users of a scenario in, and runs its steps.
func run(ctx context.Context, sc scenario, url string) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	connect := func(url, username, password string) (*client.Client, *recorder, error) {
		seen := &recorder{next: transport}
		c, err := client.New(url,
			client.WithPassword(username, password),
			client.WithHTTPClient(&http.Client{Transport: seen}),
			client.WithUserAgent("simferry-demo"))
		return c, seen, err
	}
	if err := sc.signIn(url, connect); err != nil {
		return err
	}
	for i, step := range sc.steps() {
		if err := step(ctx); err != nil {
			return fmt.Errorf("the demo's step %d had an unexpected result: %w", i, err)
		}
	}
	return nil
}
