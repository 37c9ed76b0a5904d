package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Node is a process of comptesante that serves.
type Node struct {
	Process
	API   string // host:port
	Admin string
}

// Ready asks the node whether it is ready: nil where it is.
func (n *Node) Ready(ctx context.Context) error {
	response, err := n.ask(ctx, "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body) // what came of it is told
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	return nil
}

func (n *Node) ask(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.Admin+path, nil)
	if err != nil {
		return nil, err
	}
	return readyClient.Do(r)
}

// Metrics are the numbers that the node tells, by name with labels as it writes
// them, histograms' buckets too.
func (n *Node) Metrics(ctx context.Context) (map[string]float64, error) {
	response, err := n.ask(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	numbers := make(map[string]float64)
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := cutLast(lines.Text())
		if number, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(name, "#") {
			numbers[name] = number
		}
	}
	return numbers, lines.Err()
}

// Sum adds up the series of a metric, whatever their labels.
func Sum(numbers map[string]float64, metric string) (sum float64) {
	for name, n := range numbers {
		if bare, _, _ := strings.Cut(name, "{"); bare == metric {
			sum += n
		}
	}
	return sum
}

func cutLast(line string) (before, after string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return line, "", false
	}
	return line[:i], line[i+1:], true
}
