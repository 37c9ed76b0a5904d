package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: Linux tells them to programs in
// hundredths of a second, whatever the kernel counts in.
const tick = 10 * time.Millisecond

// Usage is what the processes of a tree have used.
type Usage struct {
	CPU time.Duration // user and system, of those that have ended and were waited for too
	RSS int64         // bytes resident now; pages that two of them share count twice
}

// Tree reads what a process and all below it have used.
func Tree(root int) (u Usage, err error) {
	stats, err := processes()
	if err != nil {
		return u, err
	}
	if _, ok := stats[root]; !ok {
		return u, fmt.Errorf("the process %d has ended", root)
	}
	for pid, s := range stats {
		for at, ok := pid, true; ok; at, ok = parentOf(stats, at) {
			if at == root {
				u.CPU += s.CPU
				u.RSS += s.RSS
				break
			}
		}
	}
	return u, nil
}

func parentOf(stats map[int]stat, pid int) (parent int, ok bool) {
	parent = stats[pid].parent
	_, ok = stats[parent]
	return parent, ok
}

// stat is what is read of a line of /proc/PID/stat.
type stat struct {
	parent int
	Usage
}

// processes reads all that run; those that end meanwhile are left out.
func processes() (map[int]stat, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	stats := make(map[int]stat, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		pid, s, err := parseStat(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		stats[pid] = s
	}
	return stats, nil
}

// parseStat reads a line of /proc/PID/stat, whose second field is a name in
// brackets that may hold blanks and brackets (proc(5)).
func parseStat(line string) (pid int, s stat, err error) {
	head, tail, ok := cutLast(line, ") ")
	number, _, _ := strings.Cut(head, " ")
	fields := strings.Fields(tail) // from the third one of the line
	if pid, err = strconv.Atoi(number); err != nil || !ok || len(fields) < 22 {
		return 0, s, fmt.Errorf("not a line of stat: %q", line)
	}
	var ticks int64
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, s, err
		}
		ticks += n
	}
	s.CPU = time.Duration(ticks) * tick
	if s.parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, s, err
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	s.RSS = pages * int64(os.Getpagesize())
	return pid, s, err
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
