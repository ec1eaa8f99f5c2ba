package kit

import (
	"net/http"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

// Program returns a client with a new application token of a Workspace.
func (s *Server) Program(in fleet.WorkspaceID) *Client {
	s.T.Helper()
	token, err := operator.New(s.Control).CreateApplicationToken(s.T.Context(), control.NewToken{Workspace: in, Description: "test"})
	if err != nil {
		s.T.Fatal(err)
	}
	c := s.Anonymous()
	var got api.AuthResponse
	c.Post("/api/v1/authenticate", api.AuthRequest{ApplicationToken: &token.Text}).Is(http.StatusOK).JSON(&got)
	c.Token = got.AuthToken
	return c
}
