package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	decodeFile = "internal/httpx/decode.go"
	routesFile = "internal/httpx/routes.go"
)

// wire holds bugs in how requests of existing clients are understood. Ordinary tests must catch
// them.
var wire = []faults.Mutation{
	replace("null_body", "a body of null counts as an empty object",
		decodeFile, `if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {`, "if false {"),
	replace("null_item", "a null in a list counts as an empty object",
		"internal/httpapi/devicemulti.go", "if from.PeekKind() == 'n' {", "if false {"),
	replace("sort_plus", "a sort key with a plus is refused",
		"internal/fleet/list.go", `case sign == "", sign == " ", strings.HasPrefix(sign, "+") &&`, `case sign == "", sign == "+" &&`),
	replace("owner_kept", "an owner that is emptied by {} or a null id is kept",
		"internal/httpapi/sims.go",
		"\tbody.CustomerOrg, body.IssuerOrg, body.ResellerOrg = emptied(body.CustomerOrg), emptied(body.IssuerOrg), emptied(body.ResellerOrg)\n", ""),
	replace("allow_of_template", "a fixed path has the methods of the template that it also matches",
		routesFile, "a != b {\n\t\t\treturn b\n", "a != b {\n\t\t\treturn a\n"),
	replace("trailing_slash", "a path with a trailing slash is not found",
		routesFile, `if len(path) > 1 && strings.HasSuffix(path, "/")`, `if false && strings.HasSuffix(path, "/")`),
	replace("foreign_user_read", "a user of a foreign Workspace is read before the membership is asked for, so the time shows who exists",
		"internal/control/users.go", `return tx.UserSeenBy(ctx, caller.User, id, "")`, `return tx.UserByID(ctx, id)`),
	replace("foreign_number_read", "any number of IMSIs of a filter is sought in all Workspaces, so the time shows which others have",
		"internal/store/scoped.go", "const mostSought = 10\n", "const mostSought = 1000\n"),
	replace("foreign_profile_read", "a profile of a foreign Workspace is read before the Workspace is asked for, so the time shows which exist",
		"internal/store/profiles.go", "WITH p AS MATERIALIZED", "WITH p AS NOT MATERIALIZED"),
	replace("hung_up", "a client that hangs up is logged as an error of the server",
		"internal/httplog/httplog.go", "errors.Is(e.Err, context.Canceled) && r.Context().Err() != nil", "errors.Is(e.Err, context.Canceled) && r.Context() == nil"),
	replace("hop_port", "an entry of X-Forwarded-For with a port is not an address",
		"internal/netaddr/netaddr.go", "if p, err := netip.ParseAddrPort(s); err == nil {", "if p, err := netip.ParseAddrPort(s); err == nil && s == \"\" {"),
	replace("connections_unbounded", "one address may have any number of connections",
		"internal/limit/conns.go", "bound(o.count, c.PerAddress) &&", "bound(o.count, 0) &&"),
}
