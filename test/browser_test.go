package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser starts Chromium with a listener; where there is none the test is
// skipped, but not under CI.
func browser(t *testing.T, listen func(event any)) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "no Chromium: install it (apt-get install chromium) to run the browser test"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1400, 900), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(listen))
	t.Cleanup(cancel)
	return ctx
}

// result is what the playground shows as the answer.
const result = `(globalThis.__MONACO?.editor.getModels().find(m => m.uri.path.endsWith("response.json"))?.getValue()) ?? ""`

// TestPlayground is a developer's first look: paste a token, run each tab, follow
// the live tab, see a payment arrive, then a sign-in, and nothing leaves the machine.
func TestPlayground(t *testing.T) {
	w := &watcher{}
	ctx := browser(t, w.listen)
	env := settings(filepath.Join(folder(t), "data"))
	s := serve(t, env, "--demo")
	must(t, ctx, chromedp.Navigate("http://"+s.api+"/"), chromedp.WaitVisible(chromedp.CSS(".graphiql-query-editor .view-lines")),
		chromedp.SendKeys(chromedp.ID("token"), s.tokens["Lucia"]+kb.Tab))

	for _, tab := range []struct {
		name, why string
		parts     []string
	}{
		{"MyLastPayments", "a page of payments", []string{`"givenName": "Lucia"`, `"liveCursor"`, `"professional"`}},
		{"MyTransfers", "transfers with all that they paid for", []string{`"movement": {`, `"reference": "VIR `, `"payments": [`}},
		{"SearchCare", "a word without regard to accents", []string{`"specialty": "Médecin généraliste"`, `"id": "`}},
		{"CareByKind", "care of the kinds, by day of care", []string{`"kind": "CONSULTATION"`, `"caredOn": "`, `"totals": {`}},
		{"ThisYear", "this year's payments and their sums", []string{`"paidOn": "`, `"remaining": `}},
		{"Summaries", "sums of all sorts", []string{`"byMonth": [`, `"month": "`, `"kind": "PHARMACY"`, `"byMonthAndPerson": [`}},
		{"FilterPayments", "conditions on payments", []string{`"state": "PAID"`, `"beneficiaries": [`}},
		{"AwaitedFromMutuelle", "what is awaited", []string{`"recipient": "`, `"mutuelle": {`}},
		{"HowItWasPaid", "a line in words", []string{` × 70`, `"retentions": [`}},
		{"YearlyCaps", "both counters and the rules", []string{`"kind": "FRANCHISE"`, `"cap": `, `"explanation": "`}},
		{"DailyAllowances", "sick leave", []string{`"allowances": `, `"nature": "SICKNESS"`, `"gross": `}},
		{"BeforeTheWindow", "from where the history goes", []string{`"cut": true`, `"message": "Les paiements`, `"paidOn": "`}},
		{"SharedCustody", "the child in the other parent's file", []string{`"assure": "`, `"givenName": "Léa"`}},
	} {
		runTab(t, ctx, tab.name)
		shows(t, ctx, tab.why, tab.parts...)
		if text := answered(t, ctx); strings.Contains(text, `"errors"`) {
			t.Errorf("%s: %s", tab.name, text)
		}
	}
	runTab(t, ctx, "Live")
	shows(t, ctx, "the stream is live", `"FeedReady"`)
	if out, status := run(t, env, "", "demo", "pay"); status != 0 {
		t.Fatal(out)
	}
	shows(t, ctx, "a payment arrives", `"PaymentAdded"`, `"reference": "L`)
	runTab(t, ctx, "MyAccount")
	shows(t, ctx, "the account's feed is live", `"FeedReady"`)
	if out, status := run(t, env, "279032A99000404\n", "token", "mint", "-"); status != 0 {
		t.Fatal(out)
	}
	shows(t, ctx, "she signs in elsewhere", `"SessionOpened"`, `"level": "LOCAL2"`)
	screenshot(t, ctx)
	w.check(t, s.api)
}

func must(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func runTab(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	must(t, ctx, chromedp.Click(chromedp.CSS(`.graphiql-tab-button[title="`+name+`"]`)), chromedp.Click(chromedp.CSS("button.graphiql-execute-button")))
}

func answered(t *testing.T, ctx context.Context) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](result))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func shows(t *testing.T, ctx context.Context, what string, parts ...string) {
	t.Helper()
	eventually(t, what, func() bool {
		text := answered(t, ctx)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				return false
			}
		}
		return true
	})
}

// screenshot keeps a picture where CHROMIUM_SCREENSHOT names a file.
func screenshot(t *testing.T, ctx context.Context) {
	t.Helper()
	path := os.Getenv("CHROMIUM_SCREENSHOT")
	if path == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// watcher notes what the page asked for and complained of.
type watcher struct {
	mu         sync.Mutex
	requests   []string
	complaints []string
}

func (w *watcher) listen(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		w.requests = append(w.requests, e.URL)
	case *log.EventEntryAdded: // a breach of the Content-Security-Policy is told here
		if e.Entry.Level == log.EntryLevelError {
			w.complaints = append(w.complaints, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			w.complaints = append(w.complaints, fmt.Sprint(e.Args))
		}
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, fmt.Sprint(e.ExceptionDetails))
	}
}

// check fails where a request went elsewhere, a token was in an address, or the
// console holds an error.
func (w *watcher) check(t *testing.T, api string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.requests) < 5 {
		t.Errorf("only %d requests were seen", len(w.requests))
	}
	for _, address := range w.requests {
		ours := strings.HasPrefix(address, "http://"+api+"/") || strings.HasPrefix(address, "ws://"+api+"/") || strings.HasPrefix(address, "data:") || strings.HasPrefix(address, "blob:")
		if !ours || strings.Contains(address, "cst_") {
			t.Errorf("a request to %s", address)
		}
	}
	for _, c := range w.complaints {
		t.Errorf("the page complains: %s", c)
	}
}
