package test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what the test reads of Grafana's JSON.
type dashboard struct {
	Templating struct {
		List []struct{ Name, Type, Query any }
	}
	Panels []struct {
		Title      string
		Datasource struct{ UID string }
		Targets    []struct{ Expr string }
	}
}

var metricName = regexp.MustCompile(`\b(?:comptesante|go|process)_\w+`)

// TestDashboard: each name in the dashboard's expressions is one that the program
// serves, and each metric of the program's own is shown, so that neither can be
// renamed alone.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../docs/operations/gateway-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	s := serve(t, settings(filepath.Join(folder(t), "data")), "--demo")
	c, _ := follow(t, s, s.tokens["Lucia"])
	if err := c.send("nonsense", "", nil); err != nil { // so that an end is counted: series come as they happen
		t.Fatal(err)
	}
	if _, err := c.next(); closeCode(err) != 4400 {
		t.Fatal(err)
	}
	series, families := served(t, s)
	shown := make(map[string]bool)
	for _, p := range d.Panels {
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %q asks the data source %q for %d expressions", p.Title, p.Datasource.UID, len(p.Targets))
		}
		for _, target := range p.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q: no metric in %s", p.Title, target.Expr)
			}
			for _, name := range names {
				if !series[name] {
					t.Errorf("panel %q: the program serves no %s", p.Title, name)
				}
				shown[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")] = true
			}
		}
	}
	for name := range families {
		if strings.HasPrefix(name, "comptesante_") && !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
	if v := d.Templating.List; len(v) == 0 || v[0].Name != "datasource" || v[0].Type != "datasource" || v[0].Query != "prometheus" {
		t.Errorf("no variable for the data source: %v", v)
	}
}

// served are the names of all series that the server tells, those of histograms
// with their suffixes, and of all metrics.
func served(t *testing.T, s *server) (series, families map[string]bool) {
	t.Helper()
	response, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	series, families = make(map[string]bool), make(map[string]bool)
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			families[name] = true
		} else if i := strings.IndexAny(lines.Text(), "{ "); i > 0 && lines.Text()[0] != '#' {
			series[lines.Text()[:i]] = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return series, families
}
