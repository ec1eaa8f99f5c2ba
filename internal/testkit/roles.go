package testkit

import (
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// SetRole gives a user this one role in a Workspace; NoRole ends the membership.
func (s *Server) SetRole(user fleet.UserID, in fleet.WorkspaceID, role fleet.Role) {
	s.T.Helper()
	if role == fleet.NoRole {
		s.SetMember(user, in, fleet.UserActive)
		return
	}
	s.SetMember(user, in, fleet.UserActive, role)
}

// SetMember makes a user exactly this in a Workspace; without roles, no member.
func (s *Server) SetMember(user fleet.UserID, in fleet.WorkspaceID, status fleet.UserStatus, roles ...fleet.Role) {
	s.T.Helper()
	ctx := s.T.Context()
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return tx.SetMembership(ctx, user, in, status, roles) })
	if err != nil {
		s.T.Fatal(err)
	}
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
