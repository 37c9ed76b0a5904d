package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"

	"comptesante/db/embedded"
)

// natsVariable marks this program run again as a NATS server, and says which.
const natsVariable = "COMPTESANTE_CLUSTER_NATS"

// natsPlan is one server of a cluster of NATS.
type natsPlan struct {
	Name         string
	Port, Routes int   // ports for clients and for the other servers
	Others       []int // ports for the other servers, its own too
}

// Main must be the first call of main, and of a TestMain, of a program that uses
// this package: PostgreSQL's supervisor and each NATS server are the program
// itself, run again, so that they are processes which can be killed.
func Main() {
	embedded.Supervise()
	text := os.Getenv(natsVariable)
	if text == "" {
		return
	}
	var p natsPlan
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		err = p.serve()
	}
	fmt.Fprintln(os.Stderr, "nats:", err)
	os.Exit(1)
}

// serve runs a NATS server until a signal ends the process. Nothing is kept: no
// JetStream, no folder. Clients are told of no other server than those that
// NATS_URL gives them, since there may be something in between.
func (p natsPlan) serve() error {
	const host = "127.0.0.1"
	var routes []string
	for _, port := range p.Others {
		routes = append(routes, "nats://"+net.JoinHostPort(host, strconv.Itoa(port)))
	}
	s, err := server.NewServer(&server.Options{
		ServerName: p.Name, Host: host, Port: p.Port, NoSigs: true,
		Cluster: server.ClusterOpts{Name: "comptesante", Host: host, Port: p.Routes, NoAdvertise: true},
		Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
	})
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
	return nil
}

// newNATS prepares a cluster of NATS servers and gives their addresses.
func newNATS(n int, dir string) (servers []*Process, addresses []string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	plans := make([]natsPlan, n)
	var routes []int
	for i := range plans {
		plans[i].Name = fmt.Sprintf("nats-%d", i+1)
		for _, port := range []*int{&plans[i].Port, &plans[i].Routes} {
			if *port, err = freePort(); err != nil {
				return nil, nil, err
			}
		}
		routes = append(routes, plans[i].Routes)
	}
	for _, p := range plans {
		p.Others = routes
		text, err := json.Marshal(p)
		if err != nil {
			return nil, nil, err
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port))
		addresses = append(addresses, address)
		servers = append(servers, &Process{Name: p.Name, command: []string{self, p.Name}, env: append(os.Environ(), natsVariable+"="+string(text)),
			log: logFile(dir, p.Name), ready: func(ctx context.Context) error { return answers(ctx, address) }})
	}
	return servers, addresses, nil
}

// answers is nil where something takes connections at an address.
func answers(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func freePort() (int, error) {
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
