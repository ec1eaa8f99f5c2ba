package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// workspaceSettings reads the body of PATCH /api/v1/organisation/my/setting.
func workspaceSettings(r *request) (s control.WorkspaceSettings, canonical any, err error) {
	var body wire.WorkspaceSettingsPatch
	if err := r.Decode(&body); err != nil {
		return s, nil, err
	}
	if body.ReasonRequired.Null {
		return s, nil, fleet.Invalid("reason_required", "it must be true or false, not null; omit the key to keep it")
	}
	if required, given := body.ReasonRequired.Get(); given {
		s.ReasonRequired = &required
	}
	return s, body, nil
}

func settingsBody(w fleet.Workspace) wire.WorkspaceSettings {
	return wire.WorkspaceSettings{ReasonRequired: w.ReasonRequired}
}

func changedSettings(w fleet.Workspace) control.Reply {
	return jsonReply(http.StatusOK, settingsBody(w))
}
