package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// workers are Monaco's: the label by which it asks for one, and the module.
var workers = map[string]string{
	"editor":  "monaco-editor/esm/vs/editor/editor.worker.js",
	"graphql": "monaco-graphql/esm/graphql.worker.js",
	"json":    "monaco-editor/esm/vs/language/json/json.worker.js",
}

// bundle returns the files of dist by name. Every name but the page's and the
// licences' holds a hash of the content, so that browsers may keep the file.
func bundle(playground string) (map[string][]byte, error) {
	root, err := filepath.Abs(playground)
	if err != nil {
		return nil, err
	}
	out := &output{files: map[string][]byte{}, inputs: map[string]bool{}}
	names := map[string]string{}
	for label, module := range workers {
		built, err := out.build(workerOptions(root, label, module))
		if err != nil {
			return nil, err
		}
		names[label] = "./" + built[".js"]
	}
	app, err := out.build(appOptions(root, names))
	if err != nil {
		return nil, err
	}
	if out.files["index.html"], err = page(root, app); err != nil {
		return nil, err
	}
	out.files["LICENSES.txt"], err = licences(root, out.inputs)
	return out.files, err
}

// options are what all bundles share.
func options(root string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     root,
		Outdir:            "dist", // a name only: nothing is written here
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Bundle:            true,
		Metafile:          true,
		Target:            api.ES2022,
		LegalComments:     api.LegalCommentsExternal,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Define:            map[string]string{"process.env.NODE_ENV": `"production"`},
		LogLevel:          api.LogLevelSilent, // errors are returned
	}
}

// workerOptions bundles a worker as a classic script.
func workerOptions(root, label, module string) api.BuildOptions {
	o := options(root)
	o.EntryPointsAdvanced = []api.EntryPoint{{InputPath: module, OutputPath: label + ".worker"}}
	o.Format = api.FormatIIFE
	return o
}

// appOptions bundles the page's script and its style sheet. They stay in one
// piece each: esbuild would split off Monaco's style sheet with the script that
// imports it, and nothing would load it.
func appOptions(root string, workerNames map[string]string) api.BuildOptions {
	o := options(root)
	o.EntryPointsAdvanced = []api.EntryPoint{{InputPath: "./src/main.jsx", OutputPath: "app"}}
	o.Format = api.FormatESModule
	o.JSX = api.JSXAutomatic
	o.Loader = map[string]api.Loader{".graphql": api.LoaderText, ".ttf": api.LoaderFile}
	names, _ := json.Marshal(workerNames) // a map of strings always marshals
	o.Define["WORKERS"] = string(names)
	return o
}

// page is index.html with the names of the built files.
func page(root string, app map[string]string) ([]byte, error) {
	html, err := os.ReadFile(filepath.Join(root, "index.html"))
	if err != nil {
		return nil, err
	}
	for _, ext := range []string{".js", ".css"} {
		placeholder := []byte(`"./app` + ext + `"`)
		if app[ext] == "" || !bytes.Contains(html, placeholder) {
			return nil, fmt.Errorf("index.html: no app%s to load", ext)
		}
		html = bytes.ReplaceAll(html, placeholder, []byte(`"./`+app[ext]+`"`))
	}
	return html, nil
}

// output gathers what the bundles give.
type output struct {
	files  map[string][]byte
	inputs map[string]bool // the modules that went in, relative to the root
}

// build runs esbuild and returns the names of the entry's files by extension.
func (o *output) build(options api.BuildOptions) (map[string]string, error) {
	result := api.Build(options)
	if len(result.Errors) > 0 {
		text := api.FormatMessages(result.Errors, api.FormatMessagesOptions{})
		return nil, fmt.Errorf("esbuild: %s", strings.Join(text, "\n"))
	}
	if err := o.note(result.Metafile); err != nil {
		return nil, err
	}
	entry := options.EntryPointsAdvanced[0].OutputPath + "-"
	names := map[string]string{}
	for _, f := range result.OutputFiles {
		name := filepath.Base(f.Path)
		o.files[name] = f.Contents
		if strings.HasPrefix(name, entry) && !strings.HasSuffix(name, ".LEGAL.txt") {
			names[filepath.Ext(name)] = name
		}
	}
	return names, nil
}

// note adds the modules of esbuild's metafile to the inputs.
func (o *output) note(metafile string) error {
	var meta struct {
		Outputs map[string]struct {
			Inputs map[string]struct{} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return fmt.Errorf("esbuild's metafile: %w", err)
	}
	for _, out := range meta.Outputs {
		for input := range out.Inputs {
			o.inputs[input] = true
		}
	}
	return nil
}
