package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
)

// screenText is an error for a person: without the method, path and query of a call, and with the
// message of the server before its numbers.
func screenText(err error) string {
	err = unreached(err)
	text := err.Error()
	for inner := err; ; { // a call may have made another, such as one that renews the session
		call, ok := errors.AsType[*client.CallError](inner)
		if !ok {
			break
		}
		text = strings.Replace(text, call.Error(), call.Err.Error(), 1)
		inner = call.Err
	}
	if refused, ok := errors.AsType[*client.APIError](err); ok {
		text = strings.Replace(text, refused.Error(), refusalText(refused), 1)
	}
	return text
}

// refusalText is the message of the server, and what troubleshooting needs.
func refusalText(e *client.APIError) string {
	message := e.Message
	switch e.Code { // the fields of the query are flags here
	case int(fleet.BadQuery):
		message = strings.TrimPrefix(message, "q: ")
	case int(fleet.BadSort):
		message = strings.TrimPrefix(message, "sort: ")
	}
	details := fmt.Sprintf("error %d", e.Code)
	if e.Code == 0 {
		details = fmt.Sprintf("HTTP status %d", e.Status)
	}
	if message == http.StatusText(e.Status) {
		message = "the server returned " + message
	}
	if e.RequestID != "" {
		details += ", request " + e.RequestID
	}
	if e.RetryAfter > 0 {
		details += fmt.Sprintf(", the server asks to wait %v", e.RetryAfter.Round(time.Second))
	}
	return message + " (" + details + ")"
}
