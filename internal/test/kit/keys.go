package kit

import (
	"errors"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// WhileKeyIsHeld runs send while another transaction has claimed a user's idempotency key,
// as a first request that still runs does.
func (s *Server) WhileKeyIsHeld(user fleet.UserID, operation, key string, send func() *Answer) (a *Answer) {
	s.T.Helper()
	ctx := s.T.Context()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		got, err := tx.Open(ctx, store.Opening{Key: &store.Key{By: store.Caller{User: user}, Operation: operation, Key: key}})
		if err == nil && got.Busy {
			err = errors.New("the key is held already")
		}
		if err == nil {
			a = send()
		}
		return err
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return a
}
