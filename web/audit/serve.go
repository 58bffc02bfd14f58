package audit

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// page is one kind of page.
type page struct {
	path  string // below the base, as in a pattern of http.ServeMux
	name  string // of the template, and the body's data-page
	title string
	// make returns what the template shows. A page of a form gets POST requests, too.
	make func(v *View, r *http.Request) (any, error)
	form bool
	// unchecked is what is said until an island has checked something; empty for pages
	// that show nothing to check.
	unchecked string
}

// maxBody is the size of the largest form, in bytes.
const maxBody = 64 << 10

// What pages and assets go through. The latter are asked for once, and there are many.
// zstd as fast as servers do it makes them a tenth larger than gzip.
var (
	compress       = mustCompress(gzip.DefaultCompression)
	compressAssets = mustCompress(gzip.BestCompression)
)

func mustCompress(level int) func(http.Handler) http.HandlerFunc {
	wrapper, err := gzhttp.NewWrapper(gzhttp.MinSize(512), gzhttp.CompressionLevel(level), gzhttp.EnableZstd(false), gzhttp.ContentTypes([]string{
		"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml",
	}))
	if err != nil {
		panic("audit: " + err.Error())
	}
	return wrapper
}

// route adds all paths.
func (v *View) route() {
	v.mux = http.NewServeMux()
	for i := range pages {
		p := &pages[i]
		pattern := v.cfg.Base + "/" + p.path
		if p.path == "" {
			pattern += "{$}"
		}
		v.mux.Handle(pattern, v.pageHandler(p))
	}
	v.mux.Handle(v.cfg.Base+"/view.json", v.read(v.serveDescription))
	v.mux.Handle(v.cfg.Base+"/assets/{name}", v.read(v.serveAsset))
	v.mux.Handle(v.cfg.Base+"/verify.html", v.read(v.serveStandalone))
	v.mux.Handle(v.cfg.Base+"/events", v.read(v.serveEvents))
	v.mux.Handle(v.cfg.Base, http.RedirectHandler(v.cfg.Base+"/", http.StatusPermanentRedirect))
	v.mux.Handle("/", v.read(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
}

// ServeHTTP implements http.Handler.
func (v *View) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.secure(w.Header())
	if strings.HasSuffix(r.URL.Path, "/events") { // not to be held back
		v.mux.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, v.cfg.Base+"/assets/") {
		compressAssets(v.mux).ServeHTTP(w, r)
		return
	}
	compress(v.mux).ServeHTTP(w, r)
}

// contentSecurityPolicy lets a page load what is its own, and its scripts ask the
// directory and the monitors.
func contentSecurityPolicy(c Config) string {
	connect := []string{"'self'"}
	for _, m := range c.Monitors {
		connect = appendOrigin(connect, m.URL)
	}
	connect = appendOrigin(connect, c.Directory)
	connect = appendOrigin(connect, c.LogPrefix)
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'none'; connect-src " +
		strings.Join(connect, " ") + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}

func appendOrigin(list []string, text string) []string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return list
	}
	if origin := u.Scheme + "://" + u.Host; !slices.Contains(list, origin) {
		list = append(list, origin)
	}
	return list
}

// pageHeaders are those headers of secure that concern documents only.
var pageHeaders = []string{"Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy"}

func (v *View) secure(h http.Header) { secure(h, v.policy) }

// secure sets the headers of everything that belongs to pages with a policy.
func secure(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-cache")
}

// read returns the handler of what only GET and HEAD ask for.
func (v *View) read(serve func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := checkMethod(w, r, http.MethodGet, http.MethodHead)
		if err == nil {
			err = serve(w, r)
		}
		if err != nil {
			v.serveProblem(w, r, err)
		}
	})
}

func (v *View) pageHandler(p *page) http.Handler {
	methods := []string{http.MethodGet, http.MethodHead}
	if p.form {
		methods = append(methods, http.MethodPost)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := checkMethod(w, r, methods...)
		if err == nil {
			err = v.servePage(w, r, p)
		}
		if err != nil {
			v.serveProblem(w, r, err)
		}
	})
}

func checkMethod(w http.ResponseWriter, r *http.Request, methods ...string) error {
	if slices.Contains(methods, r.Method) {
		return nil
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	return &Problem{Status: http.StatusMethodNotAllowed, Title: "Method not allowed", Detail: "This page can only be read."}
}

// parseForm reads the form in the body of a POST request.
func parseForm(w http.ResponseWriter, r *http.Request) error {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return &Problem{Status: http.StatusUnsupportedMediaType, Title: "This is no form",
			Detail: "A form has the type application/x-www-form-urlencoded. What was sent was not looked at."}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &Problem{Status: http.StatusRequestEntityTooLarge, Title: "Too much was sent",
			Detail: "The form takes at most 64 KiB. What you pasted was not looked at."}
	case err != nil:
		return badRequest("The form could not be read.")
	}
	return nil
}

func badRequest(detail string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Title: "This cannot be answered", Detail: detail}
}

var (
	errNoPage = &Problem{Status: http.StatusNotFound, Title: "There is no such page", Detail: "The log and its checks are in the menu."}
	errBusy   = &Problem{Status: http.StatusServiceUnavailable, Title: "Too busy", Detail: "Too many pages are being made at this moment. Try again in a few seconds."}
)

// enter takes one of the places in which pages are made, if one is free.
func (v *View) enter() bool {
	select {
	case v.room <- struct{}{}:
		return true
	default:
		return false
	}
}

func (v *View) servePage(w http.ResponseWriter, r *http.Request, p *page) error {
	if r.Method == http.MethodPost {
		if err := parseForm(w, r); err != nil {
			return err
		}
	}
	if !v.enter() {
		return errBusy
	}
	body, err := v.makePage(r, p)
	<-v.room
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		w.Header().Set("Cache-Control", "no-store")
	}
	writeTagged(w, r, "text/html; charset=utf-8", body)
	return nil
}

func (v *View) makePage(r *http.Request, p *page) ([]byte, error) {
	data, err := p.make(v, r)
	if err != nil {
		return nil, err
	}
	return v.execute(p, data)
}

func (v *View) execute(p *page, data any) ([]byte, error) {
	var b bytes.Buffer
	err := v.templates[p.name].ExecuteTemplate(&b, "layout", v.layout(p, data))
	return b.Bytes(), err
}

// serveProblem answers with a page that tells of an error.
func (v *View) serveProblem(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		if r.Context().Err() == nil {
			v.cfg.Logger.ErrorContext(r.Context(), "the audit view could not make a page", "err", err)
		}
		p = &Problem{Status: http.StatusInternalServerError, Title: "Something failed here",
			Detail: "The server could not make this page. Its operator can find the reason in its log."}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	body, failed := v.execute(&problemPage, p)
	if failed != nil {
		panic("audit: the page of a problem: " + failed.Error())
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the visitor may be gone
}

// writeTagged writes a body, or that the visitor has it already.
func writeTagged(w http.ResponseWriter, r *http.Request, mediaType string, body []byte) {
	sum := sha256.Sum256(body)
	// Weak: the same page is compressed for one and not for another.
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	if r.Method != http.MethodPost && matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", mediaType)
	if r.Method == http.MethodHead {
		return // without a length: that of what GET sends depends on how it is compressed
	}
	_, _ = w.Write(body) // the visitor may be gone
}

// matches reports whether an If-None-Match header has the tag, weakly compared (RFC
// 9110, Section 13.1.2).
func matches(headers []string, tag string) bool {
	for _, h := range headers {
		for got := range strings.SplitSeq(h, ",") {
			got = strings.TrimSpace(got)
			if got == "*" || strings.TrimPrefix(got, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
