package main

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"comptesante/domain"
	"comptesante/graph"
	"comptesante/web"
)

// routes is what the public address serves.
func (n *node) routes(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", n.sessions.Middleware(api, refuse))
	if !n.config.production() {
		mux.Handle("/", web.Playground(web.Options{}))
	}
	sameSite := http.NewCrossOriginProtection()
	for _, o := range n.config.Origins {
		if err := sameSite.AddTrustedOrigin(o); err != nil {
			slog.Warn("an origin is not trusted", "origin", o, "error", err) // loadConfig has checked its form
		}
	}
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		graph.Refuse(w, r, http.StatusForbidden, domain.Errorf(domain.Forbidden, "a page of another site may not call the API: see COMPTESANTE_ORIGINS"))
	}))
	return logRequests(n.endConnections(sameSite.Handler(mux)))
}

// endConnections has each client open a new connection for its next request
// once the node leaves: a balancer gives that one to another node.
func (n *node) endConnections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !n.ready.Load() && !websocket.IsWebSocketUpgrade(r) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers a request whose token is not good, or cannot be looked up.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	var known *domain.Error
	switch {
	case errors.As(err, &known) && known.Code == domain.Unauthenticated:
		graph.Refuse(w, r, http.StatusUnauthorized, known)
	case errors.As(err, &known) && known.Code == domain.Unavailable:
		slog.Warn("a token cannot be looked up", "error", err)
		w.Header().Set("Retry-After", "1")
		graph.Refuse(w, r, http.StatusServiceUnavailable, known)
	default:
		slog.Error("a token cannot be looked up", "error", err)
		graph.Refuse(w, r, http.StatusInternalServerError, domain.Errorf(domain.Internal, "internal error"))
	}
}

// allowOrigin admits the upgrades of pages of the same host, of the origins
// that are set, and of programs, which send no Origin.
func (c *config) allowOrigin() func(*http.Request) bool {
	return func(r *http.Request) bool {
		origin := r.Header.Get("Origin")
		return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host || slices.Contains(c.Origins, origin)
	}
}

// logRequests writes a line for each request but those that become sockets. It
// holds no query, no address and no header.
func logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) {
			next.ServeHTTP(w, r) // needs the connection itself
			return
		}
		start, status := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(status, r)
		if r.URL.Path == "/graphql" {
			slog.Info("request", "method", r.Method, "status", status.status, "ms", time.Since(start).Milliseconds())
		}
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// adminRoutes is what the operator's address serves: alive, ready, and numbers.
func (n *node) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // the asker may be gone
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !n.ready.Load():
			http.Error(w, "leaving", http.StatusServiceUnavailable)
		case n.db.Ping(r.Context()) != nil:
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte("ready\n")) // the asker may be gone
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	return mux
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
