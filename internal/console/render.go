package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httplog"
	"github.com/simferry/simferry/internal/identity"
)

//go:embed templates
var templateFiles embed.FS

// reply is a response before it is written.
type reply struct {
	status   int
	location string                // of a redirect
	body     []byte                // HTML
	kind     string                // content type; "" means HTML
	stream   func(io.Writer) error // a download, instead of body
	name     string                // file name of a download
}

// seeOther redirects to a path of the console, after a form.
func seeOther(path string) reply { return reply{status: http.StatusSeeOther, location: path} }

// send writes a reply.
func (r *request) send(res reply) {
	h := r.writer.Header()
	switch {
	case res.location != "":
		h.Set("Location", r.console.base+res.location)
		r.writer.WriteHeader(res.status)
	case res.stream != nil:
		h.Set("Content-Type", res.kind)
		h.Set("Content-Disposition", "attachment; filename="+strconv.Quote(res.name))
		err := res.stream(&r.download)
		if err == nil {
			err = r.endPage()
		}
		if err != nil {
			httplog.Of(r.Context()).Err = err
			panic(http.ErrAbortHandler) // the browser must not take a part for the whole
		}
	default:
		kind := res.kind
		if kind == "" {
			kind = "text/html; charset=utf-8"
		}
		h.Set("Content-Type", kind)
		r.writer.WriteHeader(res.status)
		_, _ = r.writer.Write(res.body) // on failure the browser is gone
	}
}

// pageSize is the size of a usual page.
const pageSize = 32 << 10

// page is what every template gets.
type page struct {
	Title     string
	Nav       string // the entry of the navigation that is current
	Caller    identity.Principal
	RequestID string
	Frame     template.HTML // the bar and the navigation
	Now       time.Time
	Version   string
	Find      string // the search text in the bar at the top
	Done      string // the text of what a form has just done
	Data      any    // of the page
	Reload    int    // seconds after which a browser without scripts reloads the page; 0 for never
}

// page renders the template templates/NAME.html in the frame of the console: the bar, the
// navigation and the foot. nav is the current entry of the navigation.
func (r *request) page(name, nav, title string, data any) (reply, error) {
	return r.render(http.StatusOK, "layout", name, page{Title: title, Nav: nav, Data: data})
}

// pageLive renders like page, for content that changes: without scripts the browser reloads it
// after this number of seconds, 0 for never. With scripts its region is: see data-refresh in
// static/progress.js.
func (r *request) pageLive(name, nav, title string, data any, seconds int) (reply, error) {
	return r.render(http.StatusOK, "layout", name, page{Title: title, Nav: nav, Data: data, Reload: seconds})
}

// renderPublic renders a template in the plain frame of the sign-in pages.
func (r *request) renderPublic(name, title string, data any) (reply, error) {
	return r.render(http.StatusOK, "public", name, page{Title: title, Data: data})
}

func (r *request) render(status int, frame, name string, p page) (reply, error) {
	p.Caller, p.RequestID, p.Version, p.Now = r.caller, httplog.Of(r.Context()).ID, r.console.o.Version, r.control().Now()
	p.Done = doneText(r.URL.Query())
	t := r.console.templates[name]
	if t == nil {
		return reply{}, fmt.Errorf("console: there is no template %s", name)
	}
	if frame == "layout" {
		var err error
		if p.Frame, err = r.frame(p.Nav); err != nil {
			return reply{}, err
		}
	}
	var out bytes.Buffer
	out.Grow(pageSize)
	if err := t.ExecuteTemplate(&out, frame, p); err != nil {
		return reply{}, err
	}
	body := out.Bytes()
	if r.caller.Workspace != 0 {
		body = withWorkspace(body, r.caller.Workspace)
	}
	return reply{status: status, body: body}, nil
}

// path puts the path of the public URL in front of a path of the console. Further arguments are
// names and values of a query.
func (c *console) path(path string, query ...any) string {
	if len(query) == 0 {
		return c.base + path
	}
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if v := fmt.Sprint(query[i+1]); v != "" {
			q.Add(fmt.Sprint(query[i]), v)
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return c.base + path
}

func (c *console) asset(name string) string { return c.base + "/static/" + staticHash + "/" + name }

// done adds to a path the text that the next page shows: the key is "done." and the name.
func done(path, name string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + "done=" + name
}

func doneText(q url.Values) string {
	name := q.Get("done")
	if name == "" || texts["done."+name] == "" {
		return ""
	}
	return text("done." + name)
}

// parts are the templates that all pages share.
var parts = []string{"templates/layout.html", "templates/public.html", "templates/parts.html", "templates/deviceform.html"}

// parseTemplates parses each page with the shared parts.
func (c *console) parseTemplates() map[string]*template.Template {
	base := template.New("").Funcs(helpers).Funcs(template.FuncMap{"path": c.path, "asset": c.asset, "keys": c.keyHelp})
	for _, file := range parts {
		base = template.Must(base.Parse(c.templateText(file)))
	}
	all := make(map[string]*template.Template)
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // an embedded folder can always be read
	}
	for _, f := range files {
		file := "templates/" + f.Name()
		if slices.Contains(parts, file) {
			continue
		}
		all[strings.TrimSuffix(f.Name(), ".html")] = template.Must(template.Must(base.Clone()).Parse(c.templateText(file)))
	}
	all[""] = base
	return all
}

// keyHelp returns the help for the keyboard, which is the same on all pages.
func (c *console) keyHelp() (template.HTML, error) { return c.fragment("", "keys", "", keyHelp) }

// constant is a call in a template whose result never changes.
var constant = regexp.MustCompile(`{{(t|asset|path) "([^"]+)"}}`)

// templateText reads a template and fills in its constants: a page has up to two hundred, and
// each call costs as much as a cell of a table.
func (c *console) templateText(file string) string {
	source, err := templateFiles.ReadFile(file)
	if err != nil {
		panic(err) // an embedded file can always be read
	}
	return constant.ReplaceAllStringFunc(string(source), func(call string) string {
		m := constant.FindStringSubmatch(call)
		value := map[string]func(string) string{
			"t": func(key string) string { return text(key) }, "asset": c.asset, "path": func(path string) string { return c.path(path) },
		}[m[1]](m[2])
		return template.HTMLEscapeString(value)
	})
}

// helpers are the functions of the templates.
var helpers = template.FuncMap{
	"t": text, "n": number, "time": instant, "day": day, "iccid": iccid, "initials": initials, "once": uuid.NewString,
	"statusClass": func(s fleet.SIMStatus) string { return statusClass[s] },
	"statusWord":  func(s fleet.SIMStatus) string { return text("status." + statusClass[s]) },
	"statusLong":  func(s fleet.SIMStatus) string { return text("status." + statusClass[s] + ".long") },
	"role":        func(m fleet.Membership) string { return roleWord(fleet.Best(m.Roles)) },
	"roleWord":    roleWord,
	"roleWords":   roleWords,
	"may":         func(caller identity.Principal, need string) bool { return caller.May(identity.Permission(need)) },
	"dict":        dict,
	"plural":      plural,
	"spaced":      spaced,
}

// keyLine is a line of the help for the keyboard.
type keyLine struct {
	Keys []string
	Text string
}

// keyHelp lists the keys of static/keys.js.
var keyHelp = []keyLine{
	{[]string{"/"}, text("keys.search")},
	{[]string{"g", "o"}, text("nav.overview")},
	{[]string{"g", "s"}, text("nav.sims")},
	{[]string{"g", "d"}, text("nav.devices")},
	{[]string{"g", "j"}, text("nav.jobs")},
	{[]string{"g", "l"}, text("nav.ledger")},
	{[]string{"j"}, text("keys.down")},
	{[]string{"k"}, text("keys.up")},
	{[]string{"x"}, text("keys.pick")},
	{[]string{"Shift", "x"}, text("keys.range")},
	{[]string{"m"}, text("keys.move")},
	{[]string{"?"}, text("keys.help")},
}

// dict makes a map of names and values, to give a part several values.
func dict(pairs ...any) map[string]any {
	m := make(map[string]any)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

var statusClass = map[fleet.SIMStatus]string{
	fleet.SIMActivated: "activated", fleet.SIMSuspended: "suspended", fleet.SIMIssued: "issued",
	fleet.SIMFactoryTest: "test", fleet.SIMDeleted: "deleted",
}

func roleWord(r fleet.Role) string {
	if r == fleet.NoRole {
		return text("role.none")
	}
	return r.String()
}

// roleWords lists roles, as a person reads them.
func roleWords(roles []fleet.Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = roleWord(role)
	}
	return strings.Join(names, ", ")
}

// number formats an integer with commas: 12,480.
func number(v any) string {
	digits := fmt.Sprint(v)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// instant formats a time in UTC. The script of the page shows it in the reader's zone, with
// UTC beside it.
func instant(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2 Jan 2006, 15:04") + ` UTC</time>`) //nolint:gosec // digits and names of months
}

// day formats the day of a time in UTC.
func day(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return template.HTML(`<time class="day" datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2 Jan 2006") + `</time>`) //nolint:gosec // digits and names of months
}

// iccid shows the digits of an ICCID in groups of four, with the last seven strong. The spaces are
// not in the text, so that a copy has none.
func iccid(v any) template.HTML {
	digits, ok := v.(string)
	if !ok {
		digits = fmt.Sprint(v)
	}
	if len(digits) < 19 || strings.Trim(digits, "0123456789") != "" {
		return template.HTML(template.HTMLEscapeString(digits)) //nolint:gosec // escaped
	}
	return template.HTML(`<span class="iccid"><span>` + digits[:4] + `</span><span>` + digits[4:8] + `</span><span>` + digits[8:12] + //nolint:gosec // digits
		`</span><span class="tail">` + digits[12:] + `</span></span>`)
}

// spaced shows digits in groups of four.
func spaced(digits string) string {
	var out strings.Builder
	for i, c := range digits {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(c)
	}
	return out.String()
}

// initials returns one or two letters for a name.
func initials(name string) string {
	var out []rune
	for _, word := range strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		if len(out) < 2 {
			first, _ := utf8.DecodeRuneInString(word)
			out = append(out, unicode.ToUpper(first))
		}
	}
	return string(out)
}

// query encodes names and values of a query.
func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q.Encode()
}
