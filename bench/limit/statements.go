package main

// The statements take the assuré, the first day and the length of a page, and
// give the answer as text. Each table is read once a page, whatever its length:
// a subquery for each payment took up to twice as long.
const (
	light = page + `
SELECT ` + begin + `json_build_object('paidOn', p.paid_on, 'amount', p.amount_cents, 'recipient', p.recipient,
	'beneficiary', json_build_object('givenName', b.given_name))` + end + `
FROM shown p JOIN beneficiaries b ON b.assure_id = $1 AND b.id = p.beneficiary_id`

	whole = page + lines + `
SELECT ` + begin + `json_build_object('reference', p.reference, 'movement', json_build_object('reference', p.movement),
	'paidOn', p.paid_on, 'recipient', p.recipient, 'amount', p.amount_cents, 'revision', p.revision,
	'beneficiary', json_build_object('givenName', b.given_name, 'familyName', b.family_name, 'relation', b.relation),
	'lines', l.lines, 'complementary', ` + complementary + `)` + end + `
FROM shown p JOIN beneficiaries b ON b.assure_id = $1 AND b.id = p.beneficiary_id
LEFT JOIN lines l ON l.payment_id = p.id LEFT JOIN mutuelles m ON m.id = p.mutuelle_id`

	page = `
WITH found AS MATERIALIZED (
	SELECT * FROM payments WHERE assure_id = $1 AND paid_on >= $2::date ORDER BY paid_on DESC, id DESC LIMIT $3::bigint + 1
), shown AS MATERIALIZED (
	SELECT * FROM found ORDER BY paid_on DESC, id DESC LIMIT $3::bigint
)`

	// OFFSET 0 has the key looked up for each payment, before the other tables
	// are joined.
	lines = `, act AS MATERIALIZED (
	SELECT id, code, label FROM acts
), line AS MATERIALIZED (
	SELECT l.* FROM shown p CROSS JOIN LATERAL (
		SELECT * FROM payment_lines WHERE assure_id = p.assure_id AND paid_on = p.paid_on AND payment_id = p.id OFFSET 0
	) AS l
), lines AS MATERIALIZED (
	SELECT l.payment_id, json_agg(json_build_object('caredOn', l.cared_on, 'act', a.code, 'label', a.label, 'spent', l.spent_cents,
		'base', l.base_cents, 'rate', l.rate, 'reimbursed', l.reimbursed_cents, 'retained', l.retained_cents, 'paid', l.paid_cents,
		'professional', CASE WHEN f.id IS NOT NULL THEN json_build_object('name', f.name, 'specialty', f.specialty, 'town', f.town) END)
		ORDER BY l.position) AS lines
	FROM line l JOIN act a ON a.id = l.act_id LEFT JOIN professionals f ON f.id = l.professional_id
	GROUP BY l.payment_id
)`

	begin = `json_build_object('data', json_build_object('me', json_build_object('payments', json_build_object(
	'nodes', coalesce(json_agg(`

	end = ` ORDER BY p.paid_on DESC, p.id DESC), '[]'),
	'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > $3::bigint FROM found))))))::text`

	complementary = `CASE p.complementary
		WHEN 'NONE' THEN json_build_object('__typename', 'ComplementaryNone')
		WHEN 'KNOWN' THEN json_build_object('__typename', 'ComplementaryKnown', 'amount', p.complementary_cents,
			'paidOn', p.complementary_paid_on, 'mutuelle', json_build_object('name', m.name))
		WHEN 'AWAITED' THEN json_build_object('__typename', 'ComplementaryAwaited', 'mutuelle', json_build_object('name', m.name))
		ELSE json_build_object('__typename', 'ComplementaryElsewhere', 'mutuelle', json_build_object('name', m.name)) END`
)
