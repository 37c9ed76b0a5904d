package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
)

// Post serves queries and mutations over HTTP POST, after the GraphQL over HTTP
// specification. gqlgen's own reads bodies without bound and repeats them in
// its errors. A request that cannot be executed is answered 200 under
// application/json, and 400 to clients that accept
// application/graphql-response+json; no answer may be stored.
type Post struct {
	Limits Limits
	Log    *slog.Logger
}

var _ graphql.Transport = Post{}

// requestTimeout is how long one request may take.
const requestTimeout = 5 * time.Second

const (
	typeJSON    = "application/json"
	typeGraphQL = "application/graphql-response+json"
)

// Supports implements graphql.Transport: what no other transport took is
// answered here, if only by a refusal.
func (Post) Supports(*http.Request) bool { return true }

// Do implements graphql.Transport.
func (p Post) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	params, status, refusal := p.read(w, r)
	if refusal != nil {
		Refuse(w, r, status, refusal)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	op, faults := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(faults) == 0 && op.Operation.Operation == ast.Subscription {
		faults = gqlerror.List{asGraphQL(domain.Errorf(domain.Validation, "a subscription is followed over a WebSocket (graphql-transport-ws), or with Accept: text/event-stream: see docs/realtime.md"))}
	}
	if len(faults) > 0 {
		p.write(w, r, http.StatusBadRequest, requestError{exec.DispatchError(ctx, faults).Errors})
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	p.write(w, r, http.StatusOK, responses(ctx))
}

// Read takes a request for a stream of events: by POST as any other, or by GET from
// the address' query, as browsers' EventSource has it. It gives the status with
// which it is refused otherwise.
func (p Post) Read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, *domain.Error) {
	if r.Method != http.MethodGet {
		return p.read(w, r)
	}
	query := r.URL.Query()
	params := &graphql.RawParams{Query: query.Get("query"), OperationName: query.Get("operationName"), Headers: r.Header}
	for name, into := range map[string]*map[string]any{"variables": &params.Variables, "extensions": &params.Extensions} {
		if text := query.Get(name); text != "" && (!utf8.ValidString(text) || decodeOne([]byte(text), into) != nil) {
			return nil, http.StatusBadRequest, domain.Errorf(domain.Validation, "%s of the address' query must be a JSON object", name)
		}
	}
	if params.Query == "" || !utf8.ValidString(params.Query) {
		return nil, http.StatusBadRequest, domain.Errorf(domain.Validation, "the address' query must hold query, and variables and operationName where needed")
	}
	return params, 0, nil
}

// read takes the request from the body, or says with which status it is refused.
func (p Post) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, *domain.Error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, http.StatusMethodNotAllowed, domain.Errorf(domain.Validation, "send the query by POST, as JSON")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != typeJSON {
		return nil, http.StatusUnsupportedMediaType, domain.Errorf(domain.Validation, "send Content-Type: application/json")
	}
	start := graphql.Now()
	most := p.Limits.bodyBytes(r.Context())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(most)))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge, tooComplex("bodyBytes", max(int(r.ContentLength), most+1), most, "bytes of body")
	}
	params := &graphql.RawParams{Headers: r.Header, ReadTime: graphql.TraceTiming{Start: start, End: graphql.Now()}}
	if !utf8.Valid(body) { // else each wrong byte would silently become U+FFFD, and be stored
		return nil, http.StatusBadRequest, domain.Errorf(domain.Validation, "the body is not UTF-8: convert it")
	}
	if err != nil || decodeOne(body, params) != nil {
		return nil, http.StatusBadRequest, domain.Errorf(domain.Validation, "the body must be one JSON object with query, and variables and operationName where needed")
	}
	return params, 0, nil
}

// decodeOne reads exactly one JSON object; numbers stay exact.
func decodeOne(body []byte, into any) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' {
		return errors.New("not an object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// requestError is the answer to a request that was not executed: it has no data
// member, not even null.
type requestError struct {
	Errors gqlerror.List `json:"errors"`
}

// Refuse answers a request that is not executed with an error as GraphQL
// clients read it. Middleware in front of the API uses it too.
func Refuse(w http.ResponseWriter, r *http.Request, status int, e *domain.Error) {
	answer(w, r, status, requestError{gqlerror.List{asGraphQL(e)}})
}

func (p Post) write(w http.ResponseWriter, r *http.Request, status int, response any) {
	if status == http.StatusBadRequest && contentType(r) == typeJSON {
		status = http.StatusOK // what clients of the older media type expect
	}
	answer(w, r, status, response)
}

func answer(w http.ResponseWriter, r *http.Request, status int, response any) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buffer.Cap() <= keptBuffer {
			buffers.Put(buffer)
		}
	}()
	buffer.Reset()
	if err := encode(buffer, response); err != nil {
		status = http.StatusInternalServerError
		buffer.Reset()
		buffer.WriteString(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`)
	}
	w.Header().Set("Content-Type", contentType(r)+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(buffer.Len()))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes()) // the client may be gone
}

// keptBuffer bounds a buffer that is kept: one huge answer does not stay.
const keptBuffer = 1 << 20

// buffers are reused: answers of some size are written at each request.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// encode writes an answer. The data of one that has nothing else is JSON
// already, by the executor's own hand: it is copied, where encoding/json would
// read all of it again.
func encode(into *bytes.Buffer, response any) error {
	if plain, ok := response.(*graphql.Response); ok && len(plain.Data) > 0 && len(plain.Errors) == 0 && len(plain.Extensions) == 0 &&
		plain.HasNext == nil && plain.Path == nil && plain.Label == "" {
		into.WriteString(`{"data":`)
		into.Write(plain.Data)
		into.WriteByte('}')
		return nil
	}
	return json.NewEncoder(into).Encode(response)
}

// contentType is the media type of the answer: the newer one for clients that
// say they read it.
func contentType(r *http.Request) string {
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(accepted)
		if err != nil || media != typeGraphQL {
			continue
		}
		if q, err := strconv.ParseFloat(params["q"], 64); err != nil || q > 0 {
			return typeGraphQL
		}
	}
	return typeJSON
}
