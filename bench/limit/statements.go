package main

// The statements take the assuré, the first day and the length of a page, and
// give the answer as text.
const (
	light = head + `json_build_object('paidOn', p.paid_on, 'amount', p.amount_cents, 'recipient', p.recipient,
		'beneficiary', (SELECT json_build_object('givenName', b.given_name)
			FROM beneficiaries b WHERE b.assure_id = p.assure_id AND b.id = p.beneficiary_id))` + tail

	whole = head + `json_build_object('reference', p.reference, 'movement', json_build_object('reference', p.movement),
		'paidOn', p.paid_on, 'recipient', p.recipient, 'amount', p.amount_cents, 'revision', p.revision,
		'beneficiary', (SELECT json_build_object('givenName', b.given_name, 'familyName', b.family_name, 'relation', b.relation)
			FROM beneficiaries b WHERE b.assure_id = p.assure_id AND b.id = p.beneficiary_id),
		'lines', (` + lines + `),
		'complementary', (` + complementary + `))` + tail

	head = `
WITH page AS MATERIALIZED (
	SELECT * FROM payments WHERE assure_id = $1 AND paid_on >= $2::date ORDER BY paid_on DESC, id DESC LIMIT $3::bigint + 1
)
SELECT json_build_object('data', json_build_object('me', json_build_object('payments', json_build_object(
	'nodes', (SELECT coalesce(json_agg(n.node), '[]') FROM (SELECT `

	tail = ` AS node FROM page p ORDER BY p.paid_on DESC, p.id DESC LIMIT $3::bigint) AS n),
	'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > $3::bigint FROM page))))))::text`

	lines = `
		SELECT json_agg(json_build_object('caredOn', l.cared_on, 'act', a.code, 'label', a.label, 'spent', l.spent_cents,
			'base', l.base_cents, 'rate', l.rate, 'reimbursed', l.reimbursed_cents, 'retained', l.retained_cents, 'paid', l.paid_cents,
			'professional', CASE WHEN f.id IS NOT NULL THEN json_build_object('name', f.name, 'specialty', f.specialty, 'town', f.town) END)
			ORDER BY l.position)
		FROM payment_lines l JOIN acts a ON a.id = l.act_id LEFT JOIN professionals f ON f.id = l.professional_id
		WHERE l.assure_id = p.assure_id AND l.paid_on = p.paid_on AND l.payment_id = p.id`

	complementary = `
		SELECT CASE p.complementary
			WHEN 'NONE' THEN json_build_object('__typename', 'ComplementaryNone')
			WHEN 'KNOWN' THEN json_build_object('__typename', 'ComplementaryKnown', 'amount', p.complementary_cents,
				'paidOn', p.complementary_paid_on, 'mutuelle', json_build_object('name', m.name))
			WHEN 'AWAITED' THEN json_build_object('__typename', 'ComplementaryAwaited', 'mutuelle', json_build_object('name', m.name))
			ELSE json_build_object('__typename', 'ComplementaryElsewhere', 'mutuelle', json_build_object('name', m.name)) END
		FROM (SELECT) AS one LEFT JOIN mutuelles m ON m.id = p.mutuelle_id`
)
