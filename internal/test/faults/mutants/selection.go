package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	iccidFile    = "internal/tablefile/iccid.go"
	queryFile    = "internal/httpx/query.go"
	filteredFile = "internal/cli/filtered.go"
	runFile      = "internal/cli/bulk/run.go"
	sessionFile  = "internal/cli/profile/session.go"
)

// selection holds bugs that select or move other SIMs than were asked for, or lose a run or a
// session on the way. Ordinary tests must catch them.
var selection = []faults.Mutation{
	replace("from_ignored", "a SIM that has left the Workspace of --from is moved",
		"internal/cli/bulk/judge.go", "return s.From != 0 && (now", "return s.From < 0 && (now"),
	replace("no_last_look", "after a filtered run the filter is not evaluated again",
		filteredFile, "if !known[sim.ID] {", "if !known[sim.ID] && sim.ID < 0 {"),
	replace("one_pass", "a list over numbered pages is read once, although it may change meanwhile",
		filteredFile, "if certain || same {", "if certain || same || true {"),
	replace("rounded_repeats", "an ICCID that a spreadsheet rounded may repeat in a file",
		iccidFile, "{ return p.seen[id] > 1 }", "{ return p.seen[id] > 1<<20 }"),
	replace("rounded_file", "a file in which every ICCID has 15 digits is accepted",
		iccidFile, "case p.short == p.count:", "case p.short > p.count:"),
	replace("number_cell", "an ICCID in a numeric cell of a workbook is accepted",
		iccidFile, "if r.Number(i) {", "if false {"),
	replace("two_columns", "a file may have two columns of one name",
		"internal/tablefile/table.go", `case name != "" && first >= 0:`, `case name != "" && first > len(t.Columns):`),
	replace("query_unparsed", "a query string that does not parse is dropped",
		queryFile, "\tif err != nil {\n\t\treturn badQuery(err)", "\tif false {\n\t\treturn badQuery(err)"),
	replace("query_twice", "if a parameter is given twice, the first one is used",
		queryFile, "case len(given) > 1:", "case len(given) > 9:"),
	replace("query_misspelt", "misspelt parameters are ignored",
		queryFile, "\t\tcase name != meant:\n", "\t\tcase false:\n"),
	replace("tag_coding", "an entity tag to which a proxy added the coding is refused",
		"internal/fleet/entitytag.go", "[]string{quoted, withoutCoding(quoted)}", "[]string{quoted}"),
	replace("tag_loop", "a run continues after the server refused its own entity tag twice",
		runFile, "const maxContradictions = 2\n", "const maxContradictions = 1000\n"),
	replace("ambiguous_workspace", "a number that is one Workspace's id and another's name means the id",
		"internal/cli/workspacename.go", "return w.ID != id }):", "return w.ID != id && false }):"),
	replace("late_report", "a report that cannot be written does not stop the run",
		"internal/cli/outputfiles.go", `created("--report", report); err != nil {`, `created("--report", report); err != nil && report == "" {`),
	replace("sqlite_parameters", "the parameters of a SQLite URL become part of the file name",
		"internal/dburl/dburl.go", `case strings.Contains(file, "?"):`, `case false:`),
	replace("resume_keeps_refused", "resuming a run does not try the refused SIMs again",
		"internal/cli/bulk/again.go", "slices.Chunk(ids, MaxChunk)", "slices.Chunk(ids[:0], MaxChunk)"),
	replace("renewal_unsaved", "a renewed session is not written to disk",
		sessionFile, "return s.p.Bearer, s.Store.Save(s.Name, s.p)", "return s.p.Bearer, nil"),
	replace("previous_unused", "a server that forgot the last renewal ends the session",
		sessionFile, `if s.p.Previous == "" || `, `if true || `),
	replace("plan_edited", "an edited plan file is accepted",
		"internal/cli/bulk/file.go", `if p.Sum != "" && p.Sum != sum {`, `if sum == "" {`),
	replace("plan_mismatch", "a plan's entity tag is not compared with its SIMs",
		"internal/cli/bulk/planner.go", "case same && sameTag(c.ETag, j.etag):", "case same:"),
}
