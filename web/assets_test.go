package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"testing"
)

// embedded is the dist that was compiled in; the test is skipped where it was
// not built.
func embedded(t *testing.T) fs.FS {
	t.Helper()
	assets, err := fs.Sub(dist, "dist")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(assets, "index.html"); err != nil {
		t.Skip("web/dist is not built: make web")
	}
	return assets
}

// outside are the ways in which a page, a script or a style sheet loads from
// another host. Links and names of XML spaces are none: they load nothing.
var outside = map[string]*regexp.Regexp{
	".html": regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?\s*(https?:)?//[^"'\s>]*`),
	".css":  regexp.MustCompile(`(?i)(url\(\s*["']?|@import\s*["'])(https?:)?//[^"')\s]*`),
	".js": regexp.MustCompile("(?i)(\\b(import|importScripts|fetch|Worker|URL|WebSocket|EventSource|open)\\s*\\(\\s*|\\bfrom\\s*|" +
		"\\b(src|baseUrl)\\s*[:=]\\s*)[\"'`](https?:|wss?:)?//[^\"'`\\s]*"),
}

// hosts are those from which such pages are usually put together.
var hosts = regexp.MustCompile(`(?i)[a-z0-9.-]*\b(esm\.sh|esm\.run|unpkg\.com|jsdelivr\.net|cdnjs\.|skypack\.dev|jspm\.|` +
	`googleapis\.com|gstatic\.com|typekit\.net|vscode-cdn\.net|vscode-unpkg\.net)`)

// TestNothingFromOutside: the page works on a machine with no network, and tells
// nobody that it was opened.
func TestNothingFromOutside(t *testing.T) {
	assets := embedded(t)
	err := fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		pattern := outside[path.Ext(name)]
		if err != nil || pattern == nil {
			return err
		}
		content, err := fs.ReadFile(assets, name)
		for _, found := range append(pattern.FindAll(content, -1), hosts.FindAll(content, -1)...) {
			t.Errorf("%s: %s", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOutsideFinds: the patterns see what they are for.
func TestOutsideFinds(t *testing.T) {
	tests := []struct {
		ext, text string
		want      bool
	}{
		{".html", `<script src="https://esm.sh/react">`, true},
		{".html", `<link href=//fonts.example/css>`, true},
		{".html", `<script src="./app.js">`, false},
		{".css", `@import "https://fonts.example/a.css"`, true},
		{".css", `src:url(//fonts.example/a.woff2)`, true},
		{".css", `url(data:image/svg+xml;base64,AA)`, false},
		{".js", `import x from"https://esm.sh/react"`, true},
		{".js", "new Worker(`https://cdn.example/w.js`)", true},
		{".js", `new URL("./w.js",import.meta.url)`, false},
		{".js", `el("svg",{xmlns:"http://www.w3.org/2000/svg"})`, false},
	}
	for _, tt := range tests {
		if got := outside[tt.ext].MatchString(tt.text); got != tt.want {
			t.Errorf("%s %s: found %v, want %v", tt.ext, tt.text, got, tt.want)
		}
	}
}

// loaded matches what the page loads from beside it.
var loaded = regexp.MustCompile(`(?:src|href)="\./([^"]+)"`)

// worker matches the names of workers as the build puts them into the script.
var worker = regexp.MustCompile(`[a-z]+\.worker-[0-9A-Z]{8}\.js`)

// TestPageIsWhole: what the page and its script ask for is there.
func TestPageIsWhole(t *testing.T) {
	assets := embedded(t)
	page, err := fs.ReadFile(assets, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range loaded.FindAllSubmatch(page, -1) {
		names = append(names, string(match[1]))
	}
	if len(names) != 2 {
		t.Fatalf("the page loads %v, want a script and a style sheet", names)
	}
	workers := map[string]bool{}
	for _, name := range names {
		content, _ := fs.ReadFile(assets, name) // a missing file fails below
		for _, w := range worker.FindAllString(string(content), -1) {
			workers[w] = true
		}
	}
	if len(workers) != 3 {
		t.Errorf("the script starts %v, want three workers", workers)
	}
	for w := range workers {
		names = append(names, w)
	}
	for _, name := range names {
		w := httptest.NewRecorder()
		Playground(Options{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+name, nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("GET /%s: status %d, %d bytes", name, w.Code, w.Body.Len())
		}
	}
}
