package cli_test

import (
	"net/http"

	"github.com/simferry/simferry/api"
)

// offerRoutes serves offers, receiving codes, requests for SIMs and inquiries.
func (f *fakeAPI) offerRoutes(mux *http.ServeMux) {
	offer := api.Offer{
		ID: 7, Direction: "incoming", Status: f.name, SourceWorkspace: api.NamedRef{ID: 100, Name: f.name}, TargetWorkspace: api.NamedRef{ID: 200, Name: f.name},
		SIMCount: 1, Reference: f.name, Reason: f.name, User: &api.NamedRef{ID: 7, Name: f.name},
	}
	code := api.ReceivingCode{ID: 7, Code: f.name, Description: f.name, Status: f.name, User: api.NamedRef{ID: 7, Name: f.name}}
	accepted := api.OfferAcceptResponse{Offer: offer, SIMCount: 1, SIMs: []api.OfferAcceptance{{ID: 250, ICCID: f.name, StatusAfter: api.Ref{ID: 2, Description: "Suspended"}}}}
	request := api.SIMRequest{ID: 7, Status: f.name, ICCIDs: []api.RequestedICCID{{ICCID: f.name}}, Reference: f.name, Reason: f.name, User: api.NamedRef{ID: 7, Name: f.name}}
	inquiry := api.Inquiry{
		ID: 7, Status: f.name, AskingWorkspace: api.NamedRef{ID: 200, Name: f.name}, Reference: f.name, Reason: f.name,
		SIMs: []api.InquirySIM{{ID: 250, ICCID: f.name, Status: api.Ref{Description: f.name}}},
	}
	for pattern, body := range map[string]any{
		"GET /api/v1/migration_request": []api.SIMRequest{request}, "GET /api/v1/migration_request/7": request, "POST /api/v1/migration_request": request,
		"POST /api/v1/migration_request/7/withdraw": request, "GET /api/v1/migration_inquiry": []api.Inquiry{inquiry}, "GET /api/v1/migration_inquiry/7": inquiry,
		"POST /api/v1/migration_inquiry/7/decline": inquiry, "POST /api/v1/migration_inquiry/7/offer": api.OfferResponse{Offer: offer, Crosses: []string{f.name}, Stays: []string{f.name}},
		"GET /api/v1/migration_offer": []api.Offer{offer}, "GET /api/v1/migration_offer/7": offer,
		"GET /api/v1/migration_offer/7/sim": []api.OfferSIM{{
			ID: 250, ICCID: f.name, Status: api.Ref{Description: f.name}, Model: &api.Ref{Description: f.name}, State: f.name, Reason: f.name,
		}},
		"POST /api/v1/migration_offer": api.OfferResponse{Offer: offer, Crosses: []string{f.name}, Stays: []string{f.name}}, "POST /api/v1/migration_offer/7/accept": accepted,
		"POST /api/v1/migration_offer/7/refuse": offer, "POST /api/v1/migration_offer/7/cancel": offer,
		"GET /api/v1/receiving_code": []api.ReceivingCode{code}, "POST /api/v1/receiving_code": code, "DELETE /api/v1/receiving_code/7": nil,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			if f.failure != "" {
				answerJSON(w, http.StatusForbidden, api.Error{ErrorCode: 1104, ErrorToken: "Forbidden", Message: f.failure})
				return
			}
			onePage(w)
			answerJSON(w, http.StatusOK, body)
		})
	}
}
