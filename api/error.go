package api

// Error is the body of most refusals. A client should branch on ErrorCode; Message is for
// humans and may change.
type Error struct {
	ErrorCode  int       `json:"error_code"`
	ErrorToken string    `json:"error_token"`
	Message    string    `json:"message"`
	Errors     []Problem `json:"errors,omitempty"`
}

// Problem is one detail of an Error, such as one value of a list.
type Problem struct {
	ErrorCode  int    `json:"error_code"`
	ErrorToken string `json:"error_token"`
	Message    string `json:"message"`
}

// Message is the body of a 401 outside of sign-in.
type Message struct {
	Message string `json:"message"`
}
