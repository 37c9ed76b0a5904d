# What people and CI call. `make` alone lists it.

GO ?= go
LINT = $(GO) tool -modfile=tools/lint/go.mod golangci-lint
BIN = bin/comptesante
FUZZTIME ?= 10s
TIME ?= 10m

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build, start everything with a small demo on http://127.0.0.1:8080
	@$(BIN) serve --demo

.PHONY: run-cluster
run-cluster: build ## two nodes, a PostgreSQL and three NATS servers behind a balancer on LISTEN (127.0.0.1:8080), with the demo: kill a part, see the feed go on
	@$(GO) build -o bin/run-cluster ./test/cluster/run
	@LISTEN=$(LISTEN) bin/run-cluster $(BIN)

.PHONY: build
build: web ## build bin/comptesante with the playground in it
	@$(GO) build -o $(BIN) ./cmd/comptesante

.PHONY: web
web: web/dist/index.html ## build the playground (needs npm), where its sources changed

web/dist/index.html: $(shell find web/playground web/build -type f -not -path '*/node_modules/*')
	@$(GO) run ./web/build

.PHONY: test
test: web clients ## all tests, with the race detector, shuffled, against a real PostgreSQL
	$(GO) test -race -shuffle=on ./...

.PHONY: clients
clients: test/clients/node_modules/.package-lock.json ## install the npm clients that the tests run (needs npm), where they changed

.PHONY: test-faults
test-faults: ## faults on real processes for TIME (10m), chosen by SEED, of all ROWS or some (K1,N4): test/faults/README.md
	FAULTS_TIME=$(TIME) FAULTS_SEED=$(SEED) FAULTS_ROWS=$(ROWS) $(GO) test -count=1 -timeout 0 -v -run '^TestLong$$' ./test/faults

.PHONY: fuzz
fuzz: ## each fuzz test for FUZZTIME (10s)
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*).*/\1/p' $$f); do \
			echo "$$f $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) ./$$(dirname $$f) || exit 1; \
		done; \
	done

.PHONY: generate
generate: ## generate the GraphQL layer and the printed schema from graph/schema
	$(GO) tool gqlgen generate
	$(GO) run ./graph/print > docs/schema.graphql

.PHONY: generate-check
generate-check: ## fail where what is generated is not what is committed
	@before=$$(git status --porcelain -- graph resolvers docs/schema.graphql; git diff -- graph resolvers docs/schema.graphql | cksum); \
	$(MAKE) --no-print-directory generate; \
	after=$$(git status --porcelain -- graph resolvers docs/schema.graphql; git diff -- graph resolvers docs/schema.graphql | cksum); \
	if [ "$$before" != "$$after" ]; then git --no-pager diff --stat -- graph resolvers docs/schema.graphql; echo "generated code is stale: run make generate and commit it" >&2; exit 1; fi

.PHONY: lint
lint: ## golangci-lint, as .golangci.yml says, and gofmt
	$(LINT) run ./...

.PHONY: bench
bench: build bench/peers/node_modules/.package-lock.json ## measure beside PostGraphile and Mercurius: BENCH_PAYMENTS, BENCH_ROUNDS, … (bench/README.md)
	@$(GO) build -o bin/bench-limit ./bench/limit
	@$(GO) run ./bench $(BENCH_FLAGS)

.PHONY: bench-ingest
bench-ingest: ## measure how fast files of payments come in, beside plain COPY: BENCH_FLAGS (bench/README.md)
	@$(GO) run ./bench/ingest $(BENCH_FLAGS)

.PHONY: bench-gateway
bench-gateway: build gateway-peers bench/peers/node_modules/.package-lock.json ## measure sockets beside gqlgen, centrifuge and graphql-ws: BENCH_SOCKETS, BENCH_ROUNDS, … (bench/README.md)
	@$(GO) build -o bin/bench-gateway ./bench/gateway
	@bin/bench-gateway $(BENCH_FLAGS)

# The peers in Go are a module of their own.
.PHONY: gateway-peers
gateway-peers: bench/gateway/peers/gqlgen/generated/exec.go
	@mkdir -p bin/gateway-peers && cd bench/gateway/peers && $(GO) build -o ../../../bin/gateway-peers/ ./gqlgen ./centrifuge

bench/gateway/peers/gqlgen/generated/exec.go: bench/gateway/peers/schema.graphqls bench/gateway/peers/gqlgen.yml bench/gateway/peers/go.mod
	@mkdir -p $(@D) && cd bench/gateway/peers && $(GO) tool gqlgen generate && touch ../../../$@

.PHONY: bench-check
bench-check: ## the benches with tiny sizes, in two minutes: they run, all answers are the same, no event is lost
	@$(GO) run ./bench/ingest -people 100 -rounds 1
	@BENCH_SOCKETS=50 BENCH_ROUNDS=1 BENCH_SECONDS=0.5 $(MAKE) --no-print-directory bench-gateway
	@dir=$$(mktemp -d) && chmod 711 $$dir && trap 'rm -rf $$dir' EXIT INT TERM && \
	BENCH_DATA=$$dir/pg BENCH_PAYMENTS=20000 BENCH_ROUNDS=1 BENCH_SECONDS=0.3 $(MAKE) --no-print-directory bench

# npm writes its copy of the lock file as the last step of an installation.
%/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

.PHONY: clean
clean: ## remove what was built; data folders are left alone
	rm -rf bin web/playground/node_modules bench/peers/node_modules test/clients/node_modules bench/gateway/peers/gqlgen/generated
	find web/dist -mindepth 1 ! -name README -delete
