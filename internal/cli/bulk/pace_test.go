package bulk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// A server that asks for a long pause is not down: the error says at once until when the server
// wants no requests.
func TestLongRetryAfterIsReported(t *testing.T) {
	clock := &clock{now: time.Unix(1_700_000_000, 0)}
	p := bulk.Throttle{Clock: clock, Patience: 5 * time.Minute, Parallel: 1}
	busy := &client.APIError{Status: http.StatusTooManyRequests, Message: "slow down", RetryAfter: time.Hour}
	err := p.Failed(busy)
	if err == nil || !strings.Contains(err.Error(), "asks to wait 1h0m0s") || strings.Contains(err.Error(), "given up") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(busy.Error(), "asks to wait 1h0m0s") {
		t.Errorf("%v", busy)
	}
	silent := bulk.Throttle{Clock: clock, Patience: time.Second, Parallel: 1}
	for range 20 {
		if err = silent.Failed(errLost); err != nil {
			break
		}
		clock.now = clock.now.Add(time.Second)
	}
	if err == nil || !strings.Contains(err.Error(), "gave up after") {
		t.Errorf("%v", err)
	}
}
