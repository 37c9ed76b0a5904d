module comptesante

go 1.26.0

require (
	github.com/99designs/gqlgen v0.17.98 // the GraphQL server: schema first, generated
	github.com/Shopify/toxiproxy/v2 v2.5.0 // stands between the parts of an installation in tests of faults
	github.com/alecthomas/kong v1.17.0 // the command line
	github.com/caarlos0/env/v11 v11.4.2 // settings from the environment, all faults at once
	github.com/chromedp/cdproto v0.159.0 // what chromedp says of the page
	github.com/chromedp/chromedp v0.23.0 // drives a real browser in tests
	github.com/evanw/esbuild v0.28.2 // bundles the playground without Node
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // reads lines of NDJSON four times as fast as encoding/json, and stricter
	github.com/google/go-cmp v0.7.0 // differences in tests
	github.com/gorilla/websocket v1.5.3 // WebSockets with deadlines on each write
	github.com/graph-gophers/dataloader/v7 v7.1.0 // batches what fields outside a page ask for
	github.com/hashicorp/golang-lru/v2 v2.0.7 // bounded memories of the gates
	github.com/jackc/pgx/v5 v5.12.0 // the PostgreSQL driver, with COPY
	github.com/nats-io/nats-server/v2 v2.15.2 // the bell inside the process
	github.com/nats-io/nats.go v1.55.0 // the bell
	github.com/prometheus/client_golang v1.25.0 // metrics
	github.com/rs/zerolog v1.34.0 // what toxiproxy asks for its log: none
	github.com/tink-crypto/tink-go/v2 v2.9.0 // seals columns, with keys that can be rotated
	github.com/uptrace/bun v1.3.0 // SQL beside the hot path, and migrations
	github.com/uptrace/bun/dialect/pgdialect v1.3.0 // bun's PostgreSQL
	github.com/vektah/gqlparser/v2 v2.5.64 // gqlgen's parser, for the gates before it
	go.uber.org/goleak v1.3.0 // finds goroutines that tests leave
	golang.org/x/term v0.47.0 // whether the log is read on a terminal
)

require (
	github.com/agnivade/levenshtein v1.2.2 // indirect
	github.com/antithesishq/antithesis-sdk-go v0.8.0-default-no-op // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/mux v1.8.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/jinzhu/inflection v1.0.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mattn/go-colorable v0.1.16 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/minio/highwayhash v1.0.4 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/nats-io/jwt/v2 v2.8.2 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/puzpuzpuz/xsync/v3 v3.5.1 // indirect
	github.com/rs/xid v1.6.0 // indirect
	github.com/sosodev/duration v1.4.0 // indirect
	github.com/tmthrgd/go-hex v0.0.0-20190904060850-447a3041c3bc // indirect
	github.com/urfave/cli/v3 v3.14.0 // indirect
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gopkg.in/tomb.v1 v1.0.0-20141024135613-dd632973f1e7 // indirect
)

tool github.com/99designs/gqlgen
