package test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// titles is the names of the tabs that the playground shows.
const titles = `Array.from(document.querySelectorAll(".graphiql-tab-button"), b => b.title || b.textContent)`

// before makes of the stored tabs those of a visitor whom an older playground has
// given other examples. ThisYear and Gone are untouched, MyLastPayments is the
// visitor's own by now, YearlyCaps was closed, and all others did not exist yet.
const before = `(() => {
	const prefix = "comptesante/1:", text = (name, field) => "query " + name + " { " + field + " }";
	const tab = (id, query) => ({ id, title: id, query, variables: null, headers: null, operationName: null, response: null, hash: null });
	const content = (query) => query + "\n# variables\n";
	localStorage.setItem(prefix + "graphiql:tabState", JSON.stringify({ activeTabIndex: 1, tabs: [
		tab("mine", text("MyLastPayments", "mine")), tab("year", text("ThisYear", "old")), tab("gone", text("Gone", "old")), tab("own", text("MyOwn", "me"))] }));
	localStorage.setItem(prefix + "graphiql:query", text("ThisYear", "old"));
	localStorage.setItem(prefix + "examples", JSON.stringify({
		MyLastPayments: content(text("MyLastPayments", "old")), ThisYear: content(text("ThisYear", "old")),
		Gone: content(text("Gone", "old")), YearlyCaps: content(text("YearlyCaps", "old")) }));
	return true;
})()`

// TestReturningVisitor: one who comes back sees the examples that are new, and
// those that have changed where they were not touched; what the visitor has written
// or closed stays so. It fails when renewTabs is not called.
func TestReturningVisitor(t *testing.T) {
	w := &watcher{}
	ctx := browser(t, w.listen)
	s := serve(t, settings(filepath.Join(folder(t), "data")))
	home := "http://" + s.api + "/"
	open := []chromedp.Action[chromedp.Void]{chromedp.Navigate(home), chromedp.WaitVisible(chromedp.CSS(".graphiql-query-editor .view-lines"))}
	must(t, ctx, open...)
	fresh := evaluate[[]string](t, ctx, titles)
	if len(fresh) < 14 || fresh[0] != "MyLastPayments" {
		t.Fatalf("a first visitor sees %v", fresh)
	}

	evaluate[bool](t, ctx, before)
	must(t, ctx, open...)
	want := []string{"mine", "year", "own"} // GraphiQL shows the titles that are stored
	for _, name := range fresh {
		if name != "ThisYear" && name != "YearlyCaps" {
			want = append(want, name)
		}
	}
	shown := evaluate[[]string](t, ctx, titles)
	if !slices.Equal(shown, want) {
		t.Errorf("a returning visitor sees %v, want %v", shown, want)
	}
	stored := evaluate[string](t, ctx, `localStorage.getItem("comptesante/1:graphiql:tabState")`)
	if !strings.Contains(stored, "query MyLastPayments { mine }") || !strings.Contains(stored, "query MyOwn { me }") || strings.Contains(stored, "{ old }") {
		t.Errorf("stored: %.300s", stored)
	}
	if text := evaluate[string](t, ctx, editor); !strings.Contains(text, "ThisYear") || strings.Contains(text, "old") {
		t.Errorf("the active tab's editor holds %q", text)
	}

	must(t, ctx, open...)
	if again := evaluate[[]string](t, ctx, titles); !slices.Equal(again, shown) {
		t.Errorf("the next time it is %v", again)
	}

	// One of whom nothing is known but the tabs: all of them stay, and all examples come.
	evaluate[bool](t, ctx, before+` && (localStorage.removeItem("comptesante/1:examples"), true)`)
	must(t, ctx, open...)
	if shown, want := evaluate[[]string](t, ctx, titles), append([]string{"mine", "year", "gone", "own"}, fresh...); !slices.Equal(shown, want) {
		t.Errorf("one of before sees %v, want %v", shown, want)
	}
	w.check(t, s.api)
}

// editor is the text of the operation editor.
const editor = `(globalThis.__MONACO?.editor.getModels().find(m => m.uri.path.endsWith("operation.graphql"))?.getValue()) ?? ""`

func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
