// Package web serves what a browser gets: the playground, GraphiQL with
// examples that run as they are.
//
// The page and all that it loads are built from npm packages by web/build into
// dist and embedded, so that nothing is asked of another host. The package
// compiles without npm too; the page then says how to build it.
package web

import (
	"bytes"
	"embed"
	"html"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Options are what the playground has to know of the server that it is part of.
type Options struct {
	// Endpoint is the path at which the API answers, to POST and to the
	// WebSocket's upgrade, on the page's own host; /graphql when empty.
	Endpoint string
}

// Playground serves the page at its root, and beside it the files that the page
// loads. Below another path it stands behind http.StripPrefix, with a final
// slash on the page's address. Where the page was not built it answers 503, in
// words.
func Playground(opts Options) http.Handler {
	assets, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return newPlayground(assets, opts)
}

// playground is the handler over the built files.
type playground struct {
	assets fs.FS
	page   []byte
	status int // of the page: 200, or 503 where it was not built
}

func newPlayground(assets fs.FS, opts Options) *playground {
	page, err := fs.ReadFile(assets, "index.html")
	if err != nil {
		return &playground{assets: assets, page: []byte(notBuilt), status: http.StatusServiceUnavailable}
	}
	endpoint := opts.Endpoint
	if endpoint == "" {
		endpoint = "/graphql"
	}
	page = bytes.ReplaceAll(page, []byte("{{endpoint}}"), []byte(html.EscapeString(endpoint)))
	return &playground{assets: assets, page: page, status: http.StatusOK}
}

// notBuilt is the page where web/dist was empty when the program was compiled.
const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>comptesante — playground</title>
<h1>The playground is not built</h1>
<p>This program was compiled without it. Run <code>make web</code> (it needs npm), then compile and start again.</p>
<h1 lang="fr">La page d’essai n’est pas construite</h1>
<p lang="fr">Ce programme a été compilé sans elle. Lancez <code>make web</code> (il faut npm), puis compilez et
relancez.</p>
</html>
`

// ServeHTTP answers GET and HEAD for the page and for the files of dist.
func (p *playground) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurity(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "/" {
		p.servePage(w)
		return
	}
	p.serveAsset(w, r, strings.TrimPrefix(r.URL.Path, "/"))
}

// servePage answers with the page, which is asked for anew each time: it is
// small, and names the files of the build that it belongs to.
func (p *playground) servePage(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.status)
	_, _ = w.Write(p.page) // a client that has gone is nobody's fault
}

// contentTypes are stated here, since the machine's own table may lack or
// contradict them and nosniff forbids a browser to guess. What has no type here
// is not served: neither the page under its file name nor dist's README.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".ttf": "font/ttf",
	".txt": "text/plain; charset=utf-8",
}

// hashed matches names that change with the content, as web/build gives them.
var hashed = regexp.MustCompile(`-[0-9A-Z]{8}\.`)

func (p *playground) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	contentType := contentTypes[path.Ext(name)]
	info, err := fs.Stat(p.assets, name)
	if err != nil || info.IsDir() || contentType == "" {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache")
	if hashed.MatchString(name) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, p.assets, name)
}
