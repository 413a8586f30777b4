// Renders the Helm chart as Helm does: Go's own templates with Sprig, and Helm's include, required and toYaml.
// Reads {"chart", "release", "values", "folder"} from standard input; writes the manifests, one document after another.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type input struct {
	Folder  string
	Chart   map[string]interface{}
	Release map[string]interface{}
	Values  map[string]interface{}
}

func toYaml(value interface{}) string {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return ""
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func required(message string, value interface{}) (interface{}, error) {
	if value == nil || value == "" {
		return nil, fmt.Errorf("%s", message)
	}
	return value, nil
}

func main() {
	log.SetFlags(0)
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	root := template.New("chart").Option("missingkey=zero").Funcs(sprig.TxtFuncMap())
	root.Funcs(template.FuncMap{
		"toYaml":   toYaml,
		"required": required,
		"include": func(name string, data interface{}) (string, error) {
			var text strings.Builder
			err := root.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
	})
	paths, _ := filepath.Glob(filepath.Join(given.Folder, "templates", "*"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		template.Must(root.New(filepath.Base(path)).Parse(string(text)))
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		data := map[string]interface{}{"Chart": given.Chart, "Release": given.Release, "Values": given.Values}
		var text strings.Builder
		if err := root.ExecuteTemplate(&text, name, data); err != nil {
			log.Fatal(err)
		}
		if name != "NOTES.txt" {
			fmt.Printf("---\n%s\n", strings.ReplaceAll(text.String(), "<no value>", ""))
		}
	}
}
