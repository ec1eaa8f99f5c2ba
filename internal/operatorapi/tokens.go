package operatorapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpx"
)

func newToken(r *request) (n control.NewToken, err error) {
	var body wire.OperatorNewToken
	if err := r.Decode(&body); err != nil {
		return n, err
	}
	n = control.NewToken{Description: httpx.Text(body.Description), CIDR: httpx.Text(body.CIDR)}
	if body.Expires != nil {
		n.Expires = body.Expires.Time
	}
	n.Workspace, err = workspaceID("workspace", body.Workspace)
	return n, err
}

func tokenBody(made control.CreatedToken) wire.ApplicationTokenResponse {
	return wire.ApplicationTokenResponse{ApplicationToken: made.Text}
}
