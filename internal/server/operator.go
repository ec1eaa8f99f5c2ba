package server

import (
	"fmt"
	"net"
	"net/http"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operatorapi"
	"github.com/simferry/simferry/internal/secretfile"
)

// operatorHandler returns the handler of the operator API, or nil without tokens for it.
func (s *Server) operatorHandler(cfg config.Config) (http.Handler, error) {
	if cfg.OperatorTokens == "" {
		return nil, nil //nolint:nilnil // off is no failure
	}
	if err := s.loadOperatorTokens(cfg); err != nil {
		return nil, err
	}
	valid := func() identity.OperatorTokens { return *s.operatorTokens.Load() }
	return operatorapi.New(s.Operator, valid, s.options(cfg), s.operatorPages()...), nil
}

// loadOperatorTokens reads the file of tokens. If it is invalid, the previous tokens stay valid.
func (s *Server) loadOperatorTokens(cfg config.Config) error {
	text, err := secretfile.Read(cfg.OperatorTokens)
	if err != nil {
		return fmt.Errorf("operator tokens: %w", err)
	}
	tokens, err := identity.ParseOperatorTokens(string(text))
	if err != nil {
		return fmt.Errorf("operator tokens: %w", &FileError{cfg.OperatorTokens, err})
	}
	s.operatorTokens.Store(&tokens)
	return nil
}

// tellOperator logs whether the operator API is on, and warns about an unsafe address.
func (s *Server) tellOperator(cfg config.Config) {
	if s.operator == nil {
		s.log.Info("the operator API is off: set operator_token_file to turn it on")
		return
	}
	s.log.Info("the operator API is listening", "address", s.OperatorAddr(), "tokens", cfg.OperatorTokens)
	if a, ok := s.operator.listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && s.operatorTLS == nil {
		s.log.Warn("the operator API can be reached from other machines: its tokens and passwords are sent unencrypted unless a proxy adds TLS, or operator_tls_cert_file is set", "address", s.OperatorAddr())
	}
}
