package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile matches the files in which packages keep what must be passed on.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|third-?party-?notices)`)

// licences is one text with the licences of all packages that the modules come
// from, in the order of their names.
func licences(root string, modules map[string]bool) ([]byte, error) {
	packages := map[string]bool{}
	for module := range modules {
		if dir, ok := packageDir(module); ok {
			packages[dir] = true
		}
	}
	var text bytes.Buffer
	text.WriteString("The playground is made of these npm packages.\n")
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		if err := writeLicence(&text, filepath.Join(root, filepath.FromSlash(dir))); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// packageDir is the folder of the package that a module belongs to; false for
// our own modules.
func packageDir(module string) (string, bool) {
	const folder = "node_modules/"
	at := strings.LastIndex(module, folder)
	if at < 0 {
		return "", false
	}
	parts := strings.SplitN(module[at+len(folder):], "/", 3)
	if strings.HasPrefix(parts[0], "@") && len(parts) > 1 {
		return module[:at+len(folder)] + path.Join(parts[:2]...), true
	}
	return module[:at+len(folder)] + parts[0], true
}

// writeLicence adds one package: its name, version and licence, and the texts
// that it brings, if any (some packages have only the name of the licence).
func writeLicence(text *bytes.Buffer, dir string) error {
	var pkg struct{ Name, Version, License string }
	manifest, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(manifest, &pkg); err != nil {
		return fmt.Errorf("%s/package.json: %w", dir, err)
	}
	fmt.Fprintf(text, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 80), pkg.Name, pkg.Version, cmp.Or(pkg.License, "licence not stated"))
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "\n%s\n", bytes.TrimSpace(content))
	}
	return nil
}
