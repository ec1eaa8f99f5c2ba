package server

import (
	"net"
	"net/http"
	"net/http/pprof" // what it adds to http.DefaultServeMux is not served

	"github.com/simferry/simferry/internal/operatorapi"
)

const metricsPattern = "GET /metrics"

// operatorPages returns what the operator's listener serves beside the operator API, to holders of
// its tokens.
func (s *Server) operatorPages() []operatorapi.Page {
	return []operatorapi.Page{
		{Pattern: metricsPattern, Handler: s.metrics.Handler()},
		{Pattern: "GET /debug/pprof", Handler: http.HandlerFunc(profiles)},
		{Pattern: "GET /debug/pprof/{profile}", Handler: http.HandlerFunc(profile)},
	}
}

// profiles lists the profiles of the process.
func profiles(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = "/debug/pprof/" // pprof reads the name of the profile from the path
	pprof.Index(w, r)
}

// profile serves one profile of the process. The command line is not served: it can contain the
// password of the database.
func profile(w http.ResponseWriter, r *http.Request) {
	switch name := r.PathValue("profile"); name {
	case "profile":
		pprof.Profile(w, r)
	case "trace":
		pprof.Trace(w, r)
	case "symbol":
		pprof.Symbol(w, r)
	default:
		pprof.Handler(name).ServeHTTP(w, r)
	}
}

// metricsOnly returns the handler of the listener for metrics. It needs no token, and has nothing
// else.
func (s *Server) metricsOnly() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(metricsPattern, s.metrics.Handler())
	return mux
}

// logMetricsListener logs where the metrics are, and warns about an unsafe address.
func (s *Server) logMetricsListener() {
	if s.measured == nil {
		return
	}
	s.log.Info("metrics are served without a token", "address", s.MetricsAddr())
	if a, ok := s.measured.listener.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		s.log.Warn("the metrics can be reached on every address of this machine: set metrics_listen to one in a private network",
			"address", s.MetricsAddr())
	}
}
