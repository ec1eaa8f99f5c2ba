package fsck

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// Copy copies a database to the other engine with store.Copy, and checks the source before and the
// copy afterwards. The report is that of the last check; the error is ErrUnsound if it has faults.
func Copy(ctx context.Context, from, to string, progress func(store.CopyProgress)) (result store.CopyResult, report Report, err error) {
	result, err = store.Copy(ctx, from, to, store.CopyOptions{Progress: progress, Check: sound(ctx, &report)})
	return result, report, err
}
