package console

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httplog"
	"github.com/simferry/simferry/internal/identity"
)

var signInRoutes = []route{
	{pattern: "GET /{$}", need: public, handle: home},
	{pattern: "GET /sign-in", need: public, handle: signInPage},
	{pattern: "POST /sign-in", need: public, handle: signIn},
	{pattern: "GET /sign-in/code", need: public, handle: codePage},
	{pattern: "POST /sign-in/code", need: public, handle: signInCode},
	{pattern: "GET /forgotten", need: public, handle: forgottenPage},
	{pattern: "POST /forgotten", need: public, handle: forgotten},
	{pattern: "GET /activate", need: public, handle: activatePage},
	{pattern: "POST /activate", need: public, handle: activate},
	{pattern: "GET /enrol", need: identity.WriteOwn, handle: enrolPage},
	{pattern: "POST /enrol", need: identity.WriteOwn, handle: enrol},
	{pattern: "POST /enrol/code", need: identity.WriteOwn, handle: enrolCode},
	{pattern: "POST /sign-out", need: identity.WriteOwn, handle: signOut},
	{pattern: "POST /switch", need: identity.SwitchWorkspace, handle: switchWorkspace},
}

// The lifetimes of the cookies beside the session: as long as the rules keep what they name.
const (
	pendingFor = 5 * time.Minute
	deviceFor  = 90 * 24 * time.Hour
)

// home leads to the overview, or to the sign-in.
func home(r *request) (reply, error) {
	if r.caller.User == 0 {
		return seeOther("/sign-in"), nil
	}
	return seeOther("/overview"), nil
}

// signInData is the template data of the sign-in pages.
type signInData struct {
	Problem  string
	Username string
	Next     string // the page to show afterwards
	Mail     bool   // a forgotten password can be reset
	Insecure bool   // the browser would lose the cookie: no TLS, and not this machine
}

func (r *request) signInData(problem string) signInData {
	return signInData{
		Problem: problem, Username: r.PostForm.Get("username"), Next: local(r.FormValue("next"), ""), Mail: r.console.o.Mail,
		Insecure: !r.overTLS() && !r.onLoopback(),
	}
}

func signInPage(r *request) (reply, error) {
	return r.renderPublic("signin", text("signin.title"), r.signInData(""))
}

func signIn(r *request) (reply, error) {
	if d := r.signInData(""); d.Insecure {
		return r.renderPublic("signin", text("signin.title"), d)
	}
	if err := r.control().CountAttempt(r.Context(), r.origin()); err != nil {
		return r.signInProblem(err)
	}
	sent := control.Credentials{
		Username: r.PostForm.Get("username"), Password: identity.WireDigest(r.PostForm.Get("password")), Fingerprint: r.cookie(deviceCookie),
	}
	tokens, err := r.control().SignIn(r.Context(), sent, r.origin())
	if err != nil {
		return r.signInProblem(err)
	}
	if tokens.Pending != "" {
		r.setCookie(pendingCookie, tokens.Pending, pendingFor)
		return seeOther(withNext("/sign-in/code", r.FormValue("next"))), nil
	}
	return r.enter(tokens)
}

// signInProblem shows the sign-in page again, if the caller can do something about the error.
func (r *request) signInProblem(err error) (reply, error) {
	var problem string
	switch fleet.CodeOf(err) {
	case fleet.BadCredentials, fleet.BadRequest:
		problem = text("signin.wrong")
	case fleet.LockedOut, fleet.TooManyRequests:
		problem = text("signin.locked")
	default:
		return reply{}, err
	}
	httplog.Of(r.Context()).Err = err
	res, err := r.renderPublic("signin", text("signin.title"), r.signInData(problem))
	res.status = 401
	return res, err
}

// enter gives the browser its session, and leads to the page that it wanted.
func (r *request) enter(tokens control.Tokens) (reply, error) {
	secret, err := r.control().OpenConsole(r.Context(), tokens, r.origin())
	if err != nil {
		return reply{}, err
	}
	r.setCookie(sessionCookie, secret, control.ConsoleTTL)
	r.setCookie(pendingCookie, "", 0)
	if tokens.Enrol {
		return seeOther("/enrol"), nil
	}
	return seeOther(local(r.FormValue("next"), "/overview")), nil
}

func withNext(path, next string) string {
	if next = local(next, ""); next == "" {
		return path
	}
	return path + "?" + query("next", next)
}

func codePage(r *request) (reply, error) {
	if r.cookie(pendingCookie) == "" {
		return seeOther(withNext("/sign-in", r.FormValue("next"))), nil
	}
	return r.renderPublic("code", text("code.title"), r.signInData(""))
}

func signInCode(r *request) (reply, error) {
	if err := r.control().CountAttempt(r.Context(), r.origin()); err != nil {
		return r.signInProblem(err)
	}
	proof := control.CodeProof{Pending: r.cookie(pendingCookie), Code: strings.ReplaceAll(r.PostForm.Get("code"), " ", "")}
	fingerprint := ""
	if r.PostForm.Get("trust") != "" {
		fingerprint, _ = identity.NewSecret()
		system, browser := browserOf(r.UserAgent())
		proof.Device = &control.DeviceToTrust{Fingerprint: fingerprint, Name: browser + ", " + system, OperatingSystem: system, Browser: browser}
	}
	tokens, err := r.control().SignInCode(r.Context(), proof, r.origin())
	if err != nil {
		switch fleet.CodeOf(err) {
		case fleet.BadCredentials, fleet.BadRequest, fleet.LockedOut, fleet.TooManyRequests:
		default:
			return reply{}, err
		}
		httplog.Of(r.Context()).Err = err
		res, err := r.renderPublic("code", text("code.title"), r.signInData(text("code.wrong")))
		res.status = 401
		return res, err
	}
	if fingerprint != "" {
		r.setCookie(deviceCookie, fingerprint, deviceFor)
	}
	return r.enter(tokens)
}

// browserOf names the operating system and the browser for the list of trusted devices.
func browserOf(agent string) (system, browser string) {
	find := func(names ...string) string {
		for _, n := range names {
			word, name, _ := strings.Cut(n, "=")
			if strings.Contains(agent, word) {
				return name
			}
		}
		return "unknown"
	}
	return find("Android=Android", "iPhone=iOS", "iPad=iPadOS", "Windows=Windows", "Mac OS=macOS", "CrOS=ChromeOS", "Linux=Linux"),
		find("Firefox/=Firefox", "Edg/=Edge", "OPR/=Opera", "Chrome/=Chrome", "Safari/=Safari")
}

// clientName names the client of a session: a browser, or a program by the first word of its
// User-Agent.
func clientName(agent string) string {
	if strings.HasPrefix(agent, "Mozilla/") {
		system, browser := browserOf(agent)
		return browser + ", " + system
	}
	name, _, _ := strings.Cut(agent, " ")
	return name
}

func forgottenPage(r *request) (reply, error) {
	return r.renderPublic("forgotten", text("forgotten.title"), r.signInData(""))
}

func forgotten(r *request) (reply, error) {
	if err := r.control().CountAttempt(r.Context(), r.origin()); err != nil {
		return reply{}, err
	}
	err := r.control().AskReset(r.Context(), r.PostForm.Get("username"), r.origin())
	switch fleet.CodeOf(err) {
	case fleet.BadRequest:
		return r.renderPublic("forgotten", text("forgotten.title"), r.signInData(text("forgotten.address")))
	case fleet.NotAllowed:
		return r.renderPublic("forgotten", text("forgotten.title"), r.signInData(""))
	}
	if err != nil {
		return reply{}, err
	}
	return seeOther(done("/sign-in", "reset")), nil
}

// activateData is the template data of the page for activation keys. The script of the page puts
// the key behind # in the address, which browsers do not send to servers, into the form.
type activateData struct {
	Problem, Key, Name string
}

func activatePage(r *request) (reply, error) {
	return r.renderPublic("activate", text("activate.title"), activateData{})
}

func activate(r *request) (reply, error) {
	if err := r.control().CountAttempt(r.Context(), r.origin()); err != nil {
		return reply{}, err
	}
	f := r.PostForm
	d := activateData{Key: strings.TrimSpace(f.Get("key")), Name: strings.TrimSpace(f.Get("name"))}
	d.Problem = newPasswordProblem(f.Get("password"), f.Get("again"))
	if d.Problem == "" {
		a := control.Activation{Key: d.Key, Password: identity.WireDigest(f.Get("password"))}
		if d.Name != "" {
			a.Name = &d.Name
		}
		err := r.control().Activate(r.Context(), a, r.origin())
		switch fleet.CodeOf(err) {
		case fleet.Forbidden:
			d.Problem = text("activate.key.wrong")
		case fleet.ValidationFailed:
			d.Problem = text("password.guessable")
		case fleet.BadRequest:
			d.Problem = err.Error()
		default:
			if err != nil {
				return reply{}, err
			}
			return seeOther(done("/sign-in", "activated")), nil
		}
	}
	return r.renderPublic("activate", text("activate.title"), d)
}

// minPassword is the least number of characters of a new password. Only the console sees its
// length: the API gets a digest.
const minPassword = 10

// newPasswordProblem returns why a new password that was typed twice is refused.
func newPasswordProblem(password, again string) string {
	switch {
	case len([]rune(password)) < minPassword:
		return text("password.short", minPassword)
	case password != again:
		return text("password.differs")
	}
	return ""
}

// enrolData is the template data of the pages for a second factor.
type enrolData struct {
	Problem string
	Factor  control.NewSecondFactor
	QR      qrCode
}

func enrolPage(r *request) (reply, error) {
	return r.renderPublic("enrol", text("enrol.title"), enrolData{})
}

// enrol makes a second factor and shows its secret, once.
func enrol(r *request) (reply, error) {
	made, err := r.control().AddSecondFactor(r.Context(), r.caller, identity.WireDigest(r.PostForm.Get("password")))
	switch fleet.CodeOf(err) {
	case fleet.Failed:
		return r.renderPublic("enrol", text("enrol.title"), enrolData{Problem: text("password.wrong")})
	case fleet.TooManyRequests:
		return r.renderPublic("enrol", text("enrol.title"), enrolData{Problem: text("signin.locked")})
	}
	if err != nil {
		return reply{}, err
	}
	code, err := qrOf(made.URL)
	if err != nil {
		return reply{}, err
	}
	return r.renderPublic("enrol", text("enrol.title"), enrolData{Factor: made, QR: code})
}

// enrolCode activates a second factor with its first code. The form repeats the secret, so that a
// wrong code does not lose it.
func enrolCode(r *request) (reply, error) {
	f := r.PostForm
	id, err := strconv.ParseInt(f.Get("factor"), 10, 64)
	if err != nil {
		return reply{}, fleet.Missing("second factor", f.Get("factor"))
	}
	err = r.control().ActivateSecondFactor(r.Context(), r.caller, control.FactorCode{ID: id, Code: strings.ReplaceAll(f.Get("code"), " ", "")})
	switch fleet.CodeOf(err) {
	case fleet.Failed, fleet.BadRequest, fleet.TooManyRequests:
		d := enrolData{Problem: text("code.wrong")}
		d.Factor.ID, d.Factor.Text, d.Factor.URL = id, f.Get("secret"), f.Get("url")
		if d.QR, err = qrOf(d.Factor.URL); err != nil {
			return reply{}, fleet.Invalid("url", "it is not that of a second factor; start again")
		}
		return r.renderPublic("enrol", text("enrol.title"), d)
	}
	if err != nil {
		return reply{}, err
	}
	return seeOther(done("/overview", "enrolled")), nil
}

func signOut(r *request) (reply, error) {
	if err := r.control().Logout(r.Context(), r.caller, r.PostForm.Get("everywhere") != ""); err != nil {
		return reply{}, err
	}
	r.setCookie(sessionCookie, "", 0)
	return seeOther(done("/sign-in", "out")), nil
}

func switchWorkspace(r *request) (reply, error) {
	id, err := strconv.ParseInt(r.PostForm.Get("workspace"), 10, 64)
	if err != nil {
		return reply{}, fleet.Missing("workspace", r.PostForm.Get("workspace"))
	}
	secret, err := r.control().SwitchConsole(r.Context(), r.caller, fleet.WorkspaceID(id))
	if fleet.CodeOf(err) == fleet.InvalidToken {
		return reply{}, fleet.Missing("workspace", id) // not a member; the session itself continues
	}
	if err != nil {
		return reply{}, err
	}
	r.setCookie(sessionCookie, secret, r.caller.Expires.Sub(r.control().Now()))
	return seeOther(cmp.Or(local(r.PostForm.Get("next"), ""), "/overview")), nil
}
