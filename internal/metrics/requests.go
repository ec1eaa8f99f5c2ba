package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests measures HTTP requests. It is safe for concurrent use, and costs a map lookup and three
// atomic additions for each request.
type Requests struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec

	mu    sync.RWMutex
	known map[requestKind]observers
}

// requestKind has the labels of a request.
type requestKind struct {
	route, method string
	class         int // the first digit of the status
}

// observers are the metrics of one kind of request, looked up once.
type observers struct {
	total    prometheus.Counter
	duration prometheus.Observer
}

func newRequests(r prometheus.Registerer) *Requests {
	q := &Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts(options(httpRequests)), labelsOf(httpRequests)),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: httpDuration, Help: options(httpDuration).Help, Buckets: durationBuckets,
		}, labelsOf(httpDuration)),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts(options(httpRefusals)), labelsOf(httpRefusals)),
		known:    make(map[requestKind]observers),
	}
	r.MustRegister(q.total, q.duration, q.refusals)
	return q
}

func options(name string) prometheus.Opts {
	return prometheus.Opts{Name: name, Help: definition(name).Help}
}

func labelsOf(name string) []string { return definition(name).Labels }

// methods are those that become labels. A client can send any other word, so the others share one.
var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

// Ended records a request. route is the pattern of its operation, "" if none matched; refusal is
// the error code of its response, 0 for none.
func (q *Requests) Ended(route, method string, status, refusal int, took time.Duration) {
	o := q.of(requestKind{route, method, status / 100})
	o.total.Inc()
	o.duration.Observe(took.Seconds())
	if refusal != 0 {
		q.refusals.WithLabelValues(strconv.Itoa(refusal)).Inc()
	}
}

func (q *Requests) of(k requestKind) observers {
	if k.route == "" {
		k.route = "none"
	}
	if !methods[k.method] {
		k.method = "other"
	}
	q.mu.RLock()
	o, found := q.known[k]
	q.mu.RUnlock()
	if found {
		return o
	}
	o = observers{
		q.total.WithLabelValues(k.route, k.method, strconv.Itoa(k.class)+"xx"),
		q.duration.WithLabelValues(k.route, k.method),
	}
	q.mu.Lock()
	q.known[k] = o
	q.mu.Unlock()
	return o
}
