package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// OpenSession is a session of a user that has not ended: one sign-in, with all its refresh tokens.
type OpenSession struct {
	Family  string
	Since   time.Time // of the sign-in
	Renewed time.Time // when its newest refresh token was issued
	Until   time.Time // when it ends unless it is renewed
	Agent   string    // the client's User-Agent at the sign-in, "" if unknown
}

// OpenSessions lists the sessions of a user that have not ended, the newest first, at most limit
// of them.
func (tx *Tx) OpenSessions(ctx context.Context, user fleet.UserID, limit int) ([]OpenSession, error) {
	var list []OpenSession
	err := tx.queryEach(ctx, `
		SELECT t.family, MIN(t.created_at), MAX(t.created_at), MAX(CASE WHEN t.revoked_at IS NULL AND t.epoch = u.session_epoch THEN t.expires_at ELSE 0 END),
			COALESCE(MAX(t.agent), '')
		FROM refresh_tokens t JOIN users u ON u.id = t.user_id
		WHERE t.user_id = $1 AND NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.family = t.family)
		GROUP BY t.family
		HAVING MAX(CASE WHEN t.revoked_at IS NULL AND t.epoch = u.session_epoch THEN t.expires_at ELSE 0 END) > $2
		ORDER BY 2 DESC, 1 LIMIT $3`,
		[]any{int64(user), micros(tx.now), limit}, func(r rows) error {
			var s OpenSession
			var since, renewed, until int64
			err := r.Scan(&s.Family, &since, &renewed, &until, &s.Agent)
			s.Since, s.Renewed, s.Until = fromMicros(since), fromMicros(renewed), fromMicros(until)
			list = append(list, s)
			return err
		})
	return list, err
}
