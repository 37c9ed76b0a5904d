package embedded

import (
	"maps"
	"slices"
	"strings"
)

// volatile makes PostgreSQL quick at the price of its data when the machine
// stops.
var volatile = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
}

// settings are the arguments of postgres. The last of two wins, so ours come
// after the caller's.
func settings(c Config, at layout) []string {
	var args []string
	if c.Volatile {
		args = appendSettings(args, volatile)
	}
	args = appendSettings(args, c.Settings)
	return appendSettings(args, fixed(at))
}

func appendSettings(args []string, settings map[string]string) []string {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// fixed settings keep PostgreSQL to the socket in the data folder, and keep
// values of statements out of its log.
func fixed(at layout) map[string]string {
	return map[string]string{
		"listen_addresses": "",
		"port":             port,
		// A list of folders: quoted, so that blanks at its ends are part of the path.
		"unix_socket_directories": `"` + strings.ReplaceAll(at.run(), `"`, `""`) + `"`,
		"unix_socket_permissions": "0700",

		"log_destination":   "stderr",
		"logging_collector": "off",
		// Not error: the message itself of an error holds values (`invalid
		// input syntax for type date: "…"`). The client is told of its errors,
		// and the log keeps what concerns the server.
		"log_min_messages":                  "log",
		"log_min_error_statement":           "panic",
		"log_error_verbosity":               "terse", // DETAIL and CONTEXT hold values too
		"log_statement":                     "none",
		"log_duration":                      "off",
		"log_min_duration_statement":        "-1",
		"log_min_duration_sample":           "-1",
		"log_transaction_sample_rate":       "0",
		"log_parameter_max_length":          "0",
		"log_parameter_max_length_on_error": "0",
	}
}
