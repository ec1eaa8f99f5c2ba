// Package console is the web console: pages and forms in plain HTML over the rules of package
// control, which decide everything. It has no rules of its own and no SQL.
//
// # How a page is added
//
// One noun has one Go file, one template and one test. For a noun "devices":
//
//  1. devices.go has deviceRoutes, a table of routes. Each has a pattern, the permission that it
//     needs (public only for pages without a session) and a handler, func(*request) (reply, error).
//     Add deviceRoutes to routes in routes.go: nothing else registers them, and the tests of
//     authorization, accessibility and pictures then know the page.
//  2. A handler of a page reads with r.control() and r.caller, and ends with
//     r.page("devices", "devices", text("devices.title"), data): the template
//     templates/devices.html, the current entry of the navigation, the title, and the template's
//     .Data. The template defines "main". Errors are returned as they are: r.failed makes a page
//     of each.
//  3. A handler of a form (POST) reads r.PostForm and calls a rule through write, which keeps the
//     idempotency key of the form (the part {{template "once"}} in the template) and redirects.
//     Each form also names the Workspace of its page; one of another Workspace is refused first.
//     done(path, "name") adds the text done.name of the catalogue to the next page. To show a
//     form again with a problem, return r.page with the problem in its data, and use the part
//     {{template "problem" .}}.
//  4. All texts are in text/en.yaml: {{t "key"}}, {{plural "key" number}} or text("key").
//     Numbers go through {{n .}}, times through {{time .}} and {{day .}}, ICCIDs through
//     {{iccid .}}, links through {{path "/devices" "q" .Text}}, which adds the path of public_url.
//  5. An entry in the navigation is added in templates/parts.html, in "more-top" or "more-groups".
//     "sims-actions", "sim-actions", "entry-link" and "device-link" there are places in the pages
//     of SIMs for buttons and links to other nouns. The buttons of "sims-actions" send the
//     selection: parseSIMs reads it, and eachSIM gives its SIMs.
//  6. Scripts are ES modules in static/, without a build. A page must work without them. There is
//     no inline script or style: the Content-Security-Policy refuses both.
//
// # How a request runs
//
// A request passes through logged, secured and the protection against other origins. Then serve
// waits until the limits of concurrent requests, which the API and the console share, admit it. It
// reads the session of the cookie from the database, requires the permission of the route, reads
// the form, and calls the handler. The rule checks the permission again in its own transaction.
package console
