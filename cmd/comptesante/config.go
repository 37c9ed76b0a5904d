package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"comptesante/db"
	"comptesante/db/embedded"
)

// config is all that an operator can set, from the environment.
type config struct {
	Environment string        `env:"COMPTESANTE_ENV" envDefault:"development"`          // production: no playground, no introspection, no demo
	Listen      string        `env:"COMPTESANTE_LISTEN" envDefault:"127.0.0.1:8080"`    // of the API
	Admin       string        `env:"COMPTESANTE_ADMIN" envDefault:"127.0.0.1:8081"`     // of health and metrics; empty: none
	Origins     []string      `env:"COMPTESANTE_ORIGINS"`                               // of other sites' pages that may use the API
	Data        string        `env:"COMPTESANTE_DATA"`                                  // folder of keys and of the PostgreSQL that the program starts
	DatabaseURL string        `env:"DATABASE_URL,unset"`                                // empty: a PostgreSQL of the program's own
	PgBin       string        `env:"PG_BIN"`                                            // folder of PostgreSQL's programs
	KeysFile    string        `env:"COMPTESANTE_KEYS_FILE"`                             // empty: keys.json in Data
	NATSURL     string        `env:"NATS_URL,unset"`                                    // empty: a NATS inside the process
	LogFormat   string        `env:"COMPTESANTE_LOG" envDefault:"auto"`                 // text, json, or auto: text on a terminal
	PerSession  int           `env:"COMPTESANTE_SOCKETS_PER_SESSION" envDefault:"20"`   // open at once on this node
	Sockets     int           `env:"COMPTESANTE_SOCKETS" envDefault:"19000"`            // open at once on this node
	PerPerson   int           `env:"COMPTESANTE_SOCKETS_PER_PERSON" envDefault:"50"`    // of one assuré, on this node
	PerAddress  int           `env:"COMPTESANTE_SOCKETS_PER_ADDRESS" envDefault:"1000"` // from one address, on this node
	Proxies     []string      `env:"COMPTESANTE_TRUSTED_PROXIES"`                       // CIDRs of balancers whose X-Forwarded-For is believed
	LegacyWS    bool          `env:"COMPTESANTE_LEGACY_WS"`                             // sockets may speak the older graphql-ws too
	LeaveNotice time.Duration `env:"COMPTESANTE_LEAVE_NOTICE" envDefault:"0s"`          // on SIGTERM, not ready but serving, for balancers to notice
	LeaveWindow time.Duration `env:"COMPTESANTE_LEAVE_WINDOW" envDefault:"2s"`          // over which sockets are closed on SIGTERM
	BatchDays   int           `env:"COMPTESANTE_BATCH_DAYS" envDefault:"400"`           // for which what files and calls have brought is listed
}

// keepBatches is for how long batches are kept.
func (c *config) keepBatches() time.Duration { return time.Duration(c.BatchDays) * 24 * time.Hour }

func (c *config) production() bool { return c.Environment == "production" }

// loadConfig reads the environment and names every fault at once.
func loadConfig() (*config, error) {
	c := &config{}
	faults := unread(env.Parse(c))
	if admin, set := os.LookupEnv("COMPTESANTE_ADMIN"); set && admin == "" {
		c.Admin = "" // the library takes empty for absent
	}
	oneOf := func(name, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		faults = append(faults, fmt.Errorf("%s is %q: give one of %q", name, value, allowed))
	}
	oneOf("COMPTESANTE_ENV", c.Environment, "development", "production")
	oneOf("COMPTESANTE_LOG", c.LogFormat, "auto", "text", "json")
	for _, l := range []struct{ name, address string }{{"COMPTESANTE_LISTEN", c.Listen}, {"COMPTESANTE_ADMIN", c.Admin}} {
		if _, _, err := net.SplitHostPort(l.address); err != nil && l.address != "" {
			faults = append(faults, fmt.Errorf("%s is %q: give host:port, such as 127.0.0.1:8080", l.name, l.address))
		}
	}
	for _, o := range c.Origins {
		if u, err := url.Parse(o); err != nil || u.Host == "" || u.Scheme+"://"+strings.ToLower(u.Host) != o {
			faults = append(faults, fmt.Errorf("COMPTESANTE_ORIGINS has %q: give scheme://host in lower case, such as https://compte.example.fr", o))
		}
	}
	for address := range strings.SplitSeq(c.NATSURL, ",") {
		if u, err := url.Parse(address); c.NATSURL != "" && (err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)) {
			faults = append(faults, errors.New("NATS_URL cannot be read: give nats://host:4222, more with commas"))
		}
	}
	for _, l := range []struct {
		name  string
		value time.Duration
	}{{"COMPTESANTE_LEAVE_NOTICE", c.LeaveNotice}, {"COMPTESANTE_LEAVE_WINDOW", c.LeaveWindow}} {
		if l.value < 0 {
			faults = append(faults, fmt.Errorf("%s is negative: give a duration such as 20s", l.name))
		}
	}
	faults = append(faults, c.checkSockets()...)
	if c.keepBatches() < db.MinKeptBatches || c.BatchDays > 36_500 {
		faults = append(faults, fmt.Errorf("COMPTESANTE_BATCH_DAYS is %d: give %d to 36500 days", c.BatchDays, db.MinKeptBatches/(24*time.Hour)))
	}
	faults = append(faults, c.fillFolders())
	return c, errors.Join(faults...)
}

// checkSockets names the faults of the caps, and of who is believed to say whose
// connection it is.
func (c *config) checkSockets() (faults []error) {
	for _, l := range []struct {
		name  string
		value int
	}{{"COMPTESANTE_SOCKETS", c.Sockets}, {"COMPTESANTE_SOCKETS_PER_SESSION", c.PerSession}, {"COMPTESANTE_SOCKETS_PER_PERSON", c.PerPerson},
		{"COMPTESANTE_SOCKETS_PER_ADDRESS", c.PerAddress}} {
		if l.value < 1 {
			faults = append(faults, fmt.Errorf("%s is %d: give at least 1", l.name, l.value))
		}
	}
	for _, p := range c.Proxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			faults = append(faults, fmt.Errorf("COMPTESANTE_TRUSTED_PROXIES has %q: give CIDRs with commas, such as 10.0.0.0/8,192.0.2.7/32", p))
		}
	}
	return faults
}

// unread names the settings that cannot be read, which the library tells by the
// fields of config.
func unread(err error) (faults []error) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	for _, e := range all.Errors {
		var parse env.ParseError
		if errors.As(e, &parse) {
			field, _ := reflect.TypeFor[config]().FieldByName(parse.Name)
			name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			e = fmt.Errorf("%s cannot be read: %w", name, parse.Err)
		}
		faults = append(faults, e)
	}
	return faults
}

// fillFolders sets the folders that were not given.
func (c *config) fillFolders() (err error) {
	if c.Data == "" {
		if c.Data, err = embedded.DefaultDir(); err != nil {
			return err
		}
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return err
	}
	if c.KeysFile == "" {
		c.KeysFile = filepath.Join(c.Data, "keys.json")
	}
	return nil
}
