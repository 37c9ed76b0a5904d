package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"comptesante/domain/civil"
)

// query is a question that each server is asked in its own words.
type query struct {
	key, title string
	first      int  // payments of a page
	light      bool // without lines, movement and complementary part
	heavy      bool // asked of those alone who fill the page
}

// queries are what is measured.
var queries = []query{
	{key: "page", title: "A page of 20 payments with all that hangs on them", first: 20},
	{key: "list", title: "A light list of 20 payments", first: 20, light: true},
	{key: "long", title: "A page of 100 payments with all that hangs on them", first: longest, heavy: true},
}

// dialect is how a kind of server is asked, and how its answer is read.
type dialect struct {
	request func(q query, p person, since civil.Date) (method, path, body string, header http.Header)
	read    func(body []byte) (page, error)
}

var (
	comptesante  = dialect{askOurs, readOurs}
	postgraphile = dialect{askPeer(postgraphileText), readPostgraphile}
	mercurius    = dialect{askPeer(mercuriusText), readMercurius}
	limit        = dialect{askLimit, readOurs} // its statement writes the answer that comptesante gives
)

// requestBytes is the whole request as it goes over the connection.
func (t *target) requestBytes(q query, p person, since civil.Date) []byte {
	method, path, body, header := t.speaks.request(q, p, since)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, t.address)
	_ = header.Write(&b) // a builder takes everything
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String())
}

const jsonType = "application/json"

func graphqlHeader() http.Header {
	return http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}}
}

func askOurs(q query, p person, _ civil.Date) (method, path, body string, h http.Header) {
	h = graphqlHeader()
	h.Set("Authorization", "Bearer "+p.token)
	return http.MethodPost, "/graphql", graphqlBody(oursText(q), nil), h
}

// askPeer gives the key of the assuré and the first day as variables: peers
// check nobody's rights and know no window.
func askPeer(text func(query) string) func(query, person, civil.Date) (method, path, body string, h http.Header) {
	return func(q query, p person, since civil.Date) (method, path, body string, h http.Header) {
		variables := map[string]string{"assure": fmt.Sprint(p.key), "since": since.String()}
		return http.MethodPost, "/graphql", graphqlBody(text(q), variables), graphqlHeader()
	}
}

func askLimit(q query, p person, _ civil.Date) (method, path, body string, h http.Header) {
	return http.MethodGet, fmt.Sprintf("/%s/%d", q.key, p.key), "", nil
}

func graphqlBody(query string, variables map[string]string) string {
	text, err := json.Marshal(struct {
		Query     string            `json:"query"`
		Variables map[string]string `json:"variables,omitempty"`
	}{query, variables})
	if err != nil {
		panic(err) // strings can always be written
	}
	return string(text)
}

func oursText(q query) string {
	fields := `paidOn amount recipient beneficiary { givenName }`
	if !q.light {
		fields = `reference movement { reference } paidOn recipient amount revision
			beneficiary { givenName familyName relation }
			lines { caredOn act label spent base rate reimbursed retained paid professional { name specialty town } }
			complementary {
				__typename
				... on ComplementaryKnown { amount paidOn mutuelle { name } }
				... on ComplementaryAwaited { mutuelle { name } }
				... on ComplementaryElsewhere { mutuelle { name } }
			}`
	}
	return fmt.Sprintf(`query { me { payments(first: %d) { nodes { %s } pageInfo { hasNextPage } } } }`, q.first, fields)
}

func postgraphileText(q query) string {
	fields := `paidOn amountCents recipient beneficiary { givenName }`
	if !q.light {
		fields = `reference movement paidOn recipient amountCents revision
			beneficiary { givenName familyName relation }
			lines { caredOn act { code label } spentCents baseCents rate reimbursedCents retainedCents paidCents professional { name specialty town } }
			complementary complementaryCents complementaryPaidOn mutuelle { name }`
	}
	return fmt.Sprintf(`query($assure: BigInt!, $since: Date!) {
		allPayments(first: %d, orderBy: [PAID_ON_DESC, ROW_ID_DESC], condition: {assureId: $assure, paidSince: $since}) {
			nodes { %s } pageInfo { hasNextPage }
		}
	}`, q.first, fields)
}

func mercuriusText(q query) string {
	fields := `paidOn amount recipient beneficiary { givenName }`
	if !q.light {
		fields = `reference movement paidOn recipient amount revision
			beneficiary { givenName familyName relation }
			lines { caredOn act label spent base rate reimbursed retained paid professional { name specialty town } }
			complementary complementaryAmount complementaryPaidOn mutuelle { name }`
	}
	return fmt.Sprintf(`query($assure: ID!, $since: String!) {
		payments(assure: $assure, first: %d, since: $since) { nodes { %s } pageInfo { hasNextPage } }
	}`, q.first, fields)
}
