// Package synth is the synthetic history that the benches measure on, as SQL:
// millions of payments in the time it takes PostgreSQL to make the rows. It
// depends on nothing but its sizes, so that each run measures the same rows.
package synth

import (
	"fmt"
	"strings"
)

// Size says how much is made. Payments have 1 to 3 lines, 2 on average.
type Size struct {
	Payments int
	Today    string // YYYY-MM-DD: payments are spread over the 30 months up to this day
}

// The sizes of the reference data, whose keys count from 1.
const (
	Caisses       = 100
	Mutuelles     = 20
	Professionals = 20_000
	Acts          = 40
)

const (
	perAssure = 25  // payments of an assuré, on average
	heavyStep = 50  // every 50th assuré has many more
	days      = 912 // thirty months: the oldest three are outside the window
)

// Assures is how many insured people share the payments; their keys count from
// 1. The a-th is the beneficiary of key 2a-1 and has a child of key 2a.
func (s Size) Assures() int { return max(s.Payments/perAssure, heavyStep) }

// Heavy is the key of the i-th assuré, from 0, of those with a long history: a
// fifth of all payments goes to them, about 270 each.
func (s Size) Heavy(i int) int { return 1 + heavyStep*(i%(s.Assures()/heavyStep)) }

// PaymentRows is a query of all payments in order of key, which is the order of
// time: one person's rows lie scattered over the table, as in life.
func (s Size) PaymentRows() string { return s.PaymentRowsBetween(1, s.Payments) }

// PaymentRowsBetween is a query of the payments with these keys, both included.
func (s Size) PaymentRowsBetween(from, to int) string { return s.fill(payments, from, to) }

// LineRows is a query of all lines in the same order.
func (s Size) LineRows() string { return s.LineRowsBetween(1, s.Payments) }

// LineRowsBetween is a query of the lines of the payments with these keys.
func (s Size) LineRowsBetween(from, to int) string { return s.fill(lines, from, to) }

func (s Size) fill(query string, from, to int) string {
	return strings.NewReplacer(
		"{from}", fmt.Sprint(from), "{to}", fmt.Sprint(to),
		"{n}", fmt.Sprint(s.Payments), "{assures}", fmt.Sprint(s.Assures()), "{heavies}", fmt.Sprint(s.Assures()/heavyStep),
		"{step}", fmt.Sprint(heavyStep), "{today}", s.Today, "{days}", fmt.Sprint(days), "{mutuelles}", fmt.Sprint(Mutuelles),
		"{professionals}", fmt.Sprint(Professionals), "{acts}", fmt.Sprint(Acts),
	).Replace(query)
}

// drawn is what chance says of each payment: h is a number that its key alone
// decides.
const drawn = `
SELECT i AS id, h, DATE '{today}' - {days} + (i * {days} / {n})::int AS paid_on, 1 + (h / 7 % 3)::int AS count,
       CASE WHEN h % 5 = 0 THEN 1 + {step} * (h / 1000003 % {heavies}) ELSE 1 + h / 1000003 % {assures} END AS assure_id,
       1000 + 100 * (h / 11 % 50)::int AS base
FROM (SELECT i, hashint8extended(i, 7) & 4611686018427387903 AS h FROM generate_series({from}::bigint, {to}) AS i) AS drawn
`

const payments = `
SELECT assure_id, id,
       CASE WHEN h / 31 % 5 = 0 THEN 2 * assure_id ELSE 2 * assure_id - 1 END AS beneficiary_id,
       'P' || id AS reference, 'VIR' || id / 3 AS movement, paid_on,
       CASE WHEN h % 3 = 0 THEN 'PROFESSIONAL' ELSE 'ASSURE' END AS recipient,
       count * (base * 70 / 100 - 200) AS amount_cents, part AS complementary,
       CASE WHEN part = 'KNOWN' THEN count * (base - base * 70 / 100) END AS complementary_cents,
       CASE WHEN part = 'KNOWN' THEN paid_on + 5 END AS complementary_paid_on,
       CASE WHEN part <> 'NONE' THEN 1 + h / 13 % {mutuelles} END AS mutuelle_id
FROM (SELECT *, (ARRAY['KNOWN','KNOWN','KNOWN','KNOWN','KNOWN','AWAITED','AWAITED','AWAITED','NONE','ELSEWHERE'])[1 + h / 17 % 10] AS part
      FROM (` + drawn + `) AS d) AS p
`

const lines = `
SELECT assure_id, paid_on, id AS payment_id, position::smallint, paid_on - 5 - position AS cared_on,
       1 + ((h / 19 + position) % {acts})::int AS act_id,
       CASE WHEN (h / 23 + position) % 10 > 0 THEN 1 + (h / 29 + position) % {professionals} END AS professional_id,
       base AS spent_cents, base AS base_cents, 70::smallint AS rate, base * 70 / 100 AS reimbursed_cents,
       200 AS retained_cents, base * 70 / 100 - 200 AS paid_cents
FROM (` + drawn + `) AS d CROSS JOIN LATERAL generate_series(1, count) AS position
`
