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
}

// Values that the closing text and the world file share.
const (
	username = "demo@example.com"
	password = "correct horse"
)

//go:embed world.yaml
var world []byte

// Run starts a server, prints the demo to out, and runs until ctx ends unless Once is set. It
// removes all its files. It returns an error if a step has an unexpected result.
func Run(ctx context.Context, out io.Writer, o Options) (err error) {
	dir, err := os.MkdirTemp("", "simferry-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := start(ctx, dir, o)
	if err != nil {
		return err
	}
	t := &printer{out: out, color: o.Color}
	url := baseURL(s.Addr())
	if err := runStory(ctx, t, url); err != nil || o.Once {
		return errors.Join(err, t.err, s.Stop(context.WithoutCancel(ctx)))
	}
	t.closing(url)
	err = s.Wait() // for the end of ctx
	t.line("")
	t.line("Stopped. The database is gone.")
	return errors.Join(err, t.err)
}

func start(ctx context.Context, dir string, o Options) (*server.Server, error) {
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

func runStory(ctx context.Context, t *printer, url string) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	seen := &recorder{next: transport}
	c, err := client.New(url,
		client.WithPassword(username, password),
		client.WithHTTPClient(&http.Client{Transport: seen}),
		client.WithUserAgent("simferry-demo"))
	if err != nil {
		return err
	}
	s := story{printer: t, client: c, seen: seen}
	for i, step := range []func(context.Context) error{s.fleet, s.refused, s.previewed, s.moved, s.recorded} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("the demo's step %d had an unexpected result: %w", i, err)
		}
	}
	return nil
}
