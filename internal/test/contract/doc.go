// Package contract enforces api/openapi.yaml in tests. A Judge wraps the transport of a test's
// HTTP client; every exchange is compared with the document, and each violation fails the test.
// It counts which operations and statuses the tests have seen, so that a gap shows.
//
// Only tests import it. The document model and its validation are kin-openapi's; schemas are
// JSON Schema 2020-12 and compiled once each: an ordinary exchange is judged in some
// microseconds and one with 500 SIMs in some milliseconds, so every test can afford it.
package contract
