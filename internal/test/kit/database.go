package kit

import (
	"database/sql"
	"strings"

	"github.com/simferry/simferry/internal/store"
)

// SQL returns the server's database without the store, to read and to damage rows directly. The
// drivers are the database drivers that the store registers.
func (s *Server) SQL() *sql.DB {
	s.T.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sql != nil {
		return s.sql
	}
	driver, dsn := "pgx", s.DB
	if file, ok := strings.CutPrefix(s.DB, "sqlite:"); ok {
		driver, dsn = "sqlite", store.SQLiteWriterDSN(file)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		s.T.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	s.T.Cleanup(func() { _ = db.Close() })
	s.sql = db
	return db
}

// Exec runs a statement without the server.
func (s *Server) Exec(text string) {
	s.T.Helper()
	if _, err := s.SQL().ExecContext(s.T.Context(), text); err != nil {
		s.T.Fatalf("%s: %v", text, err)
	}
}

// Rows returns all rows of a query, each as a slice of column values.
func (s *Server) Rows(query string) [][]any {
	s.T.Helper()
	rows, err := s.SQL().QueryContext(s.T.Context(), query)
	if err != nil {
		s.T.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	all, err := scanAll(rows)
	if err != nil {
		s.T.Fatalf("%s: %v", query, err)
	}
	return all
}

func scanAll(rows *sql.Rows) ([][]any, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, values)
	}
	return all, rows.Err()
}
