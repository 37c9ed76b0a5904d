package web

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// built stands for a dist that was built.
var built = fstest.MapFS{
	"README":                     {Data: []byte("not to be served")},
	"LICENSES.txt":               {Data: []byte("MIT")},
	"index.html":                 {Data: []byte(`<meta name="graphql-endpoint" content="{{endpoint}}" />`)},
	"app-ABCDEF12.js":            {Data: []byte("run()")},
	"app-ABCDEF12.js.LEGAL.txt":  {Data: []byte("MIT")},
	"app-34567XYZ.css":           {Data: []byte("a{}")},
	"codicon-ABCDEF12.ttf":       {Data: []byte("font")},
	"folder.js/app-ABCDEF12.css": {Data: []byte("a{}")},
}

// empty stands for a dist that was not.
var empty = fstest.MapFS{"README": {Data: []byte("not to be served")}}

// answer asks a playground over assets.
func answer(assets fs.FS, method, target string) *http.Response {
	w := httptest.NewRecorder()
	newPlayground(assets, Options{}).ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w.Result()
}

func TestServes(t *testing.T) {
	const immutable = "public, max-age=31536000, immutable"
	tests := []struct {
		path, contentType, cache string
		why                      string
	}{
		{"/", "text/html; charset=utf-8", "no-store", "the page names the files of its build"},
		{"/app-ABCDEF12.js", "text/javascript; charset=utf-8", immutable, "a name with a hash never changes content"},
		{"/app-34567XYZ.css", "text/css; charset=utf-8", immutable, "hashes have digits too"},
		{"/codicon-ABCDEF12.ttf", "font/ttf", immutable, "no system table is asked"},
		{"/app-ABCDEF12.js.LEGAL.txt", "text/plain; charset=utf-8", immutable, "licences are served with what they cover"},
		{"/LICENSES.txt", "text/plain; charset=utf-8", "no-cache", "a name without a hash may change content"},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			res := answer(built, method, tt.path)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s %s: status %d (%s)", method, tt.path, res.StatusCode, tt.why)
			}
			if got := res.Header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("%s %s: Content-Type %q, want %q (%s)", method, tt.path, got, tt.contentType, tt.why)
			}
			if got := res.Header.Get("Cache-Control"); got != tt.cache {
				t.Errorf("%s %s: Cache-Control %q, want %q (%s)", method, tt.path, got, tt.cache, tt.why)
			}
		}
	}
}

func TestNotFound(t *testing.T) {
	tests := []struct{ path, why string }{
		{"/nothing.js", "no such file"},
		{"/README", "dist's own file is not for browsers"},
		{"/index.html", "the page has one address"},
		{"/folder.js", "a folder is not listed"},
		{"/folder.js/", "nor with a slash"},
		{"//app-ABCDEF12.js", "only clean paths"},
		{"/../web.go", "nothing outside dist"},
		{"/graphql", "the API is not ours"},
	}
	for _, tt := range tests {
		res := answer(built, http.MethodGet, tt.path)
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404 (%s)", tt.path, res.StatusCode, tt.why)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("GET %s: Cache-Control %q, want no-store: the next build may have it", tt.path, got)
		}
	}
}

func TestMethods(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "PROPFIND"} {
		for _, path := range []string{"/", "/app-ABCDEF12.js", "/nothing"} {
			res := answer(built, method, path)
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, Allow %q", method, path, res.StatusCode, res.Header.Get("Allow"))
			}
		}
	}
}

// TestSecurityHeaders: every answer has them, since a worker runs under those of
// its own script, and an error page is a page.
func TestSecurityHeaders(t *testing.T) {
	for _, assets := range []fs.FS{built, empty} {
		for _, path := range []string{"/", "/app-ABCDEF12.js", "/nothing"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				h := answer(assets, method, path).Header
				if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" ||
					h.Get("Referrer-Policy") != "no-referrer" {
					t.Errorf("%s %s: headers %v", method, path, h)
				}
			}
		}
	}
}

// TestPolicy holds the policy to its two exceptions.
func TestPolicy(t *testing.T) {
	directives := map[string]string{}
	for directive := range strings.SplitSeq(policy, "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		directives[name] = sources
	}
	exceptions := map[string]string{"style-src": "'self' 'unsafe-inline'", "img-src": "'self' data:"}
	for name, sources := range directives {
		if want := exceptions[name]; sources != "'self'" && sources != "'none'" && sources != want {
			t.Errorf("%s %s: not one of the named exceptions", name, sources)
		}
	}
	for _, name := range []string{"object-src", "base-uri", "form-action", "frame-ancestors"} {
		if directives[name] != "'none'" {
			t.Errorf("%s %s, want 'none'", name, directives[name])
		}
	}
	if directives["default-src"] != "'self'" {
		t.Errorf("default-src %s, want 'self'", directives["default-src"])
	}
}

func TestEndpoint(t *testing.T) {
	tests := []struct{ endpoint, want, why string }{
		{"", `content="/graphql"`, "the default"},
		{"/api", `content="/api"`, "as given"},
		{`/"><script>`, `content="/&#34;&gt;&lt;script&gt;"`, "escaped for an attribute"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		newPlayground(built, Options{Endpoint: tt.endpoint}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("endpoint %q (%s): page %s, want %s in it", tt.endpoint, tt.why, w.Body, tt.want)
		}
	}
}

func TestNotBuilt(t *testing.T) {
	res := answer(empty, http.MethodGet, "/")
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503: a smoke test must not take the notice for the page", res.StatusCode)
	}
	body, _ := io.ReadAll(res.Body)
	for _, want := range []string{"make web", `lang="fr"`, "npm"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the notice lacks %q:\n%s", want, body)
		}
	}
}
