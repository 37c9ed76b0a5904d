// Command build makes the playground: it installs the npm packages that the
// lock file names, bundles them with esbuild's Go API (no Node runs the
// bundle) and writes web/dist, which package web embeds.
//
//	go run ./web/build
//
// The same lock file and sources give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", "web", "the folder of package web")
	flag.Parse()
	if err := run(filepath.Join(*dir, "playground"), filepath.Join(*dir, "dist")); err != nil {
		fmt.Fprintln(os.Stderr, "web/build:", err)
		os.Exit(1)
	}
}

// run builds the sources in playground into dist. Nothing is written before
// everything has been built.
func run(playground, dist string) error {
	if _, err := os.Stat(filepath.Join(playground, lockFile)); err != nil {
		return fmt.Errorf("no playground to build (run from the module's root, or give -dir): %w", err)
	}
	if err := install(playground); err != nil {
		return err
	}
	files, err := bundle(playground)
	if err != nil {
		return err
	}
	return write(dist, files)
}
