package reimburse

import (
	"fmt"
	"slices"
	"strings"
)

// Refusal is a setting that was left out, and why.
type Refusal struct {
	Setting
	Why error
}

// Overlay is p with what operators have stored, in order of the keys whatever
// the order in which it comes. What p cannot take is left out and given back:
// another release of the program may have stored it.
func (p Parameters) Overlay(stored []Setting) (Parameters, []Refusal) {
	var refused []Refusal
	for _, s := range byKey(stored) {
		next, err := p.With(s.Key, s.Value)
		if err != nil {
			refused = append(refused, Refusal{s, err})
			continue
		}
		p = next
	}
	return p, refused
}

// Replace is what is stored once the key has this value, which is given back as
// Doubts writes it. It refuses what With refuses, and a value that another
// stored one could not stand beside.
func Replace(stored []Setting, key, value string) (canonical string, err error) {
	after := append(without(stored, key), Setting{key, value})
	p, err := settle(stored, after, key)
	if err != nil {
		return "", err
	}
	doubts := p.Doubts()
	i := slices.IndexFunc(doubts, func(d Doubt) bool { return d.Key == key })
	return doubts[i].Current, nil
}

// Remove checks that what is stored still stands once the key has its default
// again.
func Remove(stored []Setting, key string) error {
	_, err := settle(stored, without(stored, key), key)
	return err
}

// settle is what the settings after a change of one key come to. It refuses the
// change where that key's setting is refused, or one that stood before.
func settle(before, after []Setting, key string) (Parameters, error) {
	_, refusedBefore := Default().Overlay(before)
	p, refused := Default().Overlay(after)
	for _, r := range refused {
		if r.Key == key {
			return p, r.Why
		}
		if !slices.ContainsFunc(refusedBefore, func(b Refusal) bool { return b.Key == r.Key }) {
			return p, fmt.Errorf("%s: it would leave no place for %s, which is set to %s: change or reset that first", key, r.Key, r.Value)
		}
	}
	return p, nil
}

func without(settings []Setting, key string) []Setting {
	return slices.DeleteFunc(slices.Clone(settings), func(s Setting) bool { return s.Key == key })
}

func byKey(settings []Setting) []Setting {
	return slices.SortedFunc(slices.Values(settings), func(a, b Setting) int { return strings.Compare(a.Key, b.Key) })
}

// mostNear is how many keys are proposed in place of one that is none.
const mostNear = 6

// nearest is the keys that resemble one, the nearest first: those that begin
// with the same word, and those that differ by few letters.
func nearest(key string, keys []string) []string {
	subject, _, _ := strings.Cut(key, ".")
	far := make(map[string]int, len(keys))
	var near []string
	for _, k := range keys {
		far[k] = distance(key, k)
		if strings.HasPrefix(k, subject+".") || far[k] <= len(key)/3 {
			near = append(near, k)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return far[a] - far[b] })
	return near[:min(len(near), mostNear)]
}

// distance is how many letters have to be added, dropped or changed to make b of
// a (Levenshtein). Both are bounded: a key that is far too long is far.
func distance(a, b string) int {
	if len(a) > 2*len(b) {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
