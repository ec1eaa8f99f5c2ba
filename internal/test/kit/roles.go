package kit

import (
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// SetRole makes this the only role of a user in a Workspace; NoRole ends the membership.
func (s *Server) SetRole(user fleet.UserID, in fleet.WorkspaceID, role fleet.Role) {
	s.T.Helper()
	if role == fleet.NoRole {
		s.SetMember(user, in, fleet.UserActive)
		return
	}
	s.SetMember(user, in, fleet.UserActive, role)
}

// SetMember sets the status and the roles of a user in a Workspace. Without roles it ends the
// membership.
func (s *Server) SetMember(user fleet.UserID, in fleet.WorkspaceID, status fleet.UserStatus, roles ...fleet.Role) {
	s.T.Helper()
	ctx := s.T.Context()
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return tx.SetMembership(ctx, user, in, status, roles) })
	if err != nil {
		s.T.Fatal(err)
	}
}

// TrustDevice makes a device that a user trusts for an hour, and returns its id.
func (s *Server) TrustDevice(user fleet.UserID) int64 {
	s.T.Helper()
	ctx := s.T.Context()
	var devices []store.TrustedDevice
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		d := store.TrustedDevice{User: user, Fingerprint: []byte("a test's"), Expires: tx.Now().Add(time.Hour)}
		if err := tx.TrustDevice(ctx, d); err != nil {
			return err
		}
		var err error
		devices, err = tx.TrustedDevices(ctx, user)
		return err
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return devices[0].ID
}

// SetStatus suspends a user, or makes one active again.
func (s *Server) SetStatus(user fleet.UserID, status fleet.UserStatus) {
	s.T.Helper()
	ctx := s.T.Context()
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return tx.SetUserStatus(ctx, user, status) })
	if err != nil {
		s.T.Fatal(err)
	}
}
