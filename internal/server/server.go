package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/mailer"
	"github.com/simferry/simferry/internal/metrics"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/operatorapi"
)

// Limits of one connection. A body has at most 1 MiB and a response takes well under a second;
// anything slower is stuck or an attack.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	importTimeout = operatorapi.ImportTimeout + time.Minute // for a list of SIMs from the operator, and its response
)

// Server is a running server.
type Server struct {
	*Installation
	log                    *slog.Logger
	public                 endpoint
	operator               *endpoint    // nil if the operator API is off
	measured               *endpoint    // of the metrics; nil if they have none of their own
	redirects              *endpoint    // from HTTP to HTTPS; nil if it is off
	publicTLS, operatorTLS *certificate // nil without TLS
	metrics                *metrics.Metrics
	gates                  *limit.Gates // of the public listener
	counts                 counts
	grace                  time.Duration
	mailer                 atomic.Pointer[mailer.Mailer] // nil without mail
	cfg                    config.Config

	operatorTokens atomic.Pointer[identity.OperatorTokens]
	stop           context.CancelFunc
	stopped        chan struct{}
	err            error // why run ended; read it only after stopped is closed
}

// Start opens the database, applies the seed if the configuration has one, and serves until ctx
// ends or Stop is called. It returns once the server listens.
func Start(ctx context.Context, cfg config.Config, log *slog.Logger) (*Server, error) {
	log = slog.New(limit.Log(log.Handler()))
	in, err := open(ctx, cfg, log, log)
	if err != nil {
		return nil, err
	}
	s := &Server{Installation: in, log: log, cfg: cfg, grace: cfg.ShutdownGrace, stopped: make(chan struct{})}
	s.metrics = metrics.New(s.stats, log)
	ctx, s.stop = context.WithCancel(ctx)
	if err := s.prepare(ctx, cfg); err != nil {
		s.stop()
		return nil, errors.Join(err, in.Close())
	}
	go s.run(ctx)
	log.Info("listening", "address", s.Addr(), "database", cfg.Database)
	s.tellOperator(cfg)
	s.logMetricsListener()
	return s, nil
}

func (s *Server) prepare(ctx context.Context, cfg config.Config) (err error) {
	if cfg.SMTPURL != "" {
		m, err := newMailer(cfg)
		if err != nil {
			return err
		}
		s.mailer.Store(m)
	}
	if err := s.seed(ctx, cfg.Seed); err != nil {
		return err
	}
	if err := s.loadCertificates(cfg); err != nil {
		return err
	}
	gates := limit.NewGates(cfg.Limits.RequestsOfCaller, cfg.Limits.RequestsOfAddress, cfg.Limits.Waiting)
	options := s.options(cfg)
	s.gates = gates
	options.Gates, options.Streams.Stopping = gates, ctx.Done()
	handler := s.withConsole(httpapi.New(s.Control, options), cfg, gates)
	operator, err := s.operatorHandler(cfg) // before listening, because its tokens may be invalid
	if err != nil {
		return err
	}
	return s.listenAll(ctx, cfg, handler, operator)
}

// listenAll opens the listeners that the configuration asks for. If one cannot be opened, it closes
// the others.
func (s *Server) listenAll(ctx context.Context, cfg config.Config, public, operator http.Handler) (err error) {
	if s.public, err = listen(ctx, cfg.Listen, newHTTP(ctx, public, s.log, cfg).with(s.publicTLS).withH2C(cfg.H2C)); err != nil {
		return err
	}
	if operator != nil {
		srv := newHTTP(ctx, operator, s.log, cfg)
		srv.ReadTimeout, srv.WriteTimeout = importTimeout, importTimeout
		s.operator, err = listenMore(ctx, cfg.OperatorListen, srv.with(s.operatorTLS))
	}
	if err == nil && cfg.MetricsListen != "" {
		s.measured, err = listenMore(ctx, cfg.MetricsListen, newHTTP(ctx, s.metricsOnly(), s.log, cfg))
	}
	if err == nil && cfg.RedirectListen != "" {
		s.redirects, err = listenMore(ctx, cfg.RedirectListen, newHTTP(ctx, s.redirect(cfg), s.log, cfg))
	}
	if err == nil {
		return nil
	}
	for _, e := range s.endpoints() {
		err = errors.Join(err, e.listener.Close())
	}
	return err
}

func listenMore(ctx context.Context, address string, srv boundedHTTP) (*endpoint, error) {
	e, err := listen(ctx, address, srv)
	if err != nil {
		return nil, err
	}
	return &e, nil
}

func (s *Server) options(cfg config.Config) httpx.Options {
	l := cfg.Limits
	return httpx.Options{
		Log: s.log, PublicURL: cfg.PublicURL, TrustedProxies: cfg.TrustedProxies, RequestTimeout: cfg.RequestTimeout,
		Observer: s.metrics.Requests,
		Limits: httpx.Limits{
			PerCaller: l.RequestsOfCaller, PerAddress: l.RequestsOfAddress, Waiting: l.Waiting, Large: l.LargeRequests,
			BodyMemory: l.BodyMemory, BodyMemoryPerCaller: l.BodyMemoryOfCaller, AnonymousBody: l.AnonymousBody, BodyRate: l.BodyRate,
		},
	}
}

// endpoint is an HTTP server and its listener.
type endpoint struct {
	http     *http.Server
	listener net.Listener
	conns    *limit.Conns
}

func listen(ctx context.Context, address string, srv boundedHTTP) (endpoint, error) {
	l, err := openListener(ctx, address)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{srv.Server, srv.conns.Listen(l), srv.conns}, nil
}

// boundedHTTP is an HTTP server with a limited number of connections.
type boundedHTTP struct {
	*http.Server
	conns *limit.Conns
}

// with makes the server use TLS, unless c is nil.
func (b boundedHTTP) with(c *certificate) boundedHTTP {
	if c != nil {
		b.TLSConfig = c.config()
	}
	return b
}

// withH2C makes the server accept HTTP/2 without TLS, if on is true.
func (b boundedHTTP) withH2C(on bool) boundedHTTP {
	if on {
		b.Protocols = new(http.Protocols)
		b.Protocols.SetHTTP1(true)
		b.Protocols.SetHTTP2(true)
		b.Protocols.SetUnencryptedHTTP2(true)
	}
	return b
}

// serve serves until the listener is closed.
func (e endpoint) serve() error {
	if e.http.TLSConfig != nil {
		return e.http.ServeTLS(e.listener, "", "")
	}
	return e.http.Serve(e.listener)
}

// newHTTP limits the time and the size of requests, and the number of connections.
func newHTTP(ctx context.Context, handler http.Handler, log *slog.Logger, cfg config.Config) boundedHTTP {
	conns := &limit.Conns{
		Total: cfg.Limits.Connections, PerAddress: cfg.Limits.ConnectionsOfAddress, Address: bounded(cfg.TrustedProxies),
	}
	return boundedHTTP{&http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    int(cfg.Limits.Header),
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         conns.State,
		// Requests that are running when ctx ends are finished, not cancelled.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}, conns}
}

// bounded returns the address that a connection counts for. Proxies are exempt, because they
// carry many clients.
func bounded(proxies []netip.Prefix) func(netip.Addr) string {
	return func(a netip.Addr) string {
		a = netaddr.Canonical(a)
		for _, p := range proxies {
			if p.Contains(a) {
				return ""
			}
		}
		return netaddr.Network(a)
	}
}

func (s *Server) seed(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	start := time.Now()
	done, err := s.Seed(ctx, file)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	s.log.Info("seeded", "file", file, "took", time.Since(start), "sims_added", done.SIMs.Added, "sims_kept", done.SIMs.Kept)
	return nil
}

// Addr returns the address of the server as host:port.
func (s *Server) Addr() string { return s.public.listener.Addr().String() }

// OperatorAddr returns the address of the operator API as host:port, "" if it is off.
func (s *Server) OperatorAddr() string {
	if s.operator == nil {
		return ""
	}
	return s.operator.listener.Addr().String()
}

// MetricsAddr returns the address of the listener for metrics as host:port, "" if there is none.
func (s *Server) MetricsAddr() string {
	if s.measured == nil {
		return ""
	}
	return s.measured.listener.Addr().String()
}

// RedirectAddr returns the address of the listener that redirects to HTTPS as host:port, "" if
// there is none.
func (s *Server) RedirectAddr() string {
	if s.redirects == nil {
		return ""
	}
	return s.redirects.listener.Addr().String()
}

// Wait waits until the server has stopped and the database is closed. It returns why the server
// stopped: nil after a normal stop with every request completed.
func (s *Server) Wait() error {
	<-s.stopped
	return s.err
}

// Stop stops the server, like the end of Start's ctx, and waits until it has stopped or ctx
// ends.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	select {
	case <-s.stopped:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
