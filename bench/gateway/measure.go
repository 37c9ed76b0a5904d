package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"comptesante/bench/process"
)

// figures are what one server needed in one round. A socket has one
// subscription; KB are 1024 bytes.
type figures struct {
	Memory        float64 `json:"residentKBPerSocket"`
	Live          float64 `json:"liveKBPerSocket"` // heap and stacks, after a collection
	Idle          float64 `json:"idleCPUMsPerSecond"`
	Storm         float64 `json:"stormSeconds"`
	ConnectCPU    float64 `json:"cpuUsPerConnect"`
	DatabaseCPU   float64 `json:"databaseCPUUsPerConnect"`
	Broadcast     float64 `json:"broadcastMs"` // to the last socket
	BroadcastRate float64 `json:"broadcastMessagesPerSecond"`
	MessageCPU    float64 `json:"cpuUsPerMessage"`
	ClientCPU     float64 `json:"clientCPUUsPerMessage"` // of the bench itself, to be compared with the server's
	P50           float64 `json:"p50Ms"`
	P99           float64 `json:"p99Ms"`
	Bytes         float64 `json:"bytesPerEvent"` // of its frame's payload
	Faults        float64 `json:"faults"`        // sockets that failed, events that were lost, doubled or early

	Commits     float64 `json:"commitsPerSecond,omitempty"`          // at the rate
	Alone       float64 `json:"commitsPerSecondAlone,omitempty"`     // at the rate, no server running
	FlatCommits float64 `json:"flatCommitsPerSecond,omitempty"`      // as many as there can be
	FlatAlone   float64 `json:"flatCommitsPerSecondAlone,omitempty"` // as many as there can be, no server running
	FlatP99     float64 `json:"flatP99Ms,omitempty"`
	CommitCPU   float64 `json:"databaseCPUUsPerCommit,omitempty"` // no server running
}

// measurement is one server in one round.
type measurement struct {
	*server
	figures
	house  *house
	began  process.Usage // of the server, before there was a socket
	alive  float64       // bytes that lived in it then
	faults []string
}

const (
	patience  = 5 * time.Minute  // for all sockets to be open
	lossTime  = 10 * time.Second // without any event, after which those that are missing are lost
	forever   = 24 * time.Hour   // where what is waited for says itself when to give up
	idleTime  = 3 * time.Second  // over which idle CPU is taken, at most
	flatTime  = 5 * time.Second  // in which transactions are as many as there can be, at most
	warmUps   = 64               // sockets of the warm-up
	broadcast = 5                // events to all sockets of one person
)

// measure measures a target from its start to its end.
func measure(ctx context.Context, h *house, t *target) (f figures, err error) {
	m := measurement{house: h}
	if t.ours {
		if err := m.commitAlone(ctx); err != nil {
			return f, err
		}
	}
	if m.server, err = startServer(ctx, h, t); err != nil {
		return f, err
	}
	defer m.stop()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{{"warm-up", m.warmUp}, {"one socket a person", m.apart}, {"all sockets of one person", m.together}} {
		if err := step.do(ctx); err != nil {
			return f, m.Explain(fmt.Errorf("%s: %w", step.name, err))
		}
	}
	for _, fault := range m.faults {
		say("%s: %s", t.name, fault)
	}
	return m.figures, nil
}

// flat is how long transactions are as many as there can be.
func (h *house) flat() time.Duration { return min(flatTime, h.config.period()) }

// commitAlone takes the commit rates while no server runs.
func (m *measurement) commitAlone(ctx context.Context) error {
	var members []*member
	for i := range m.house.people {
		members = append(members, &m.house.people[i].member)
	}
	warmUp := drive{source: m.house, members: members, period: m.house.flat() / 4}
	atRate := drive{source: m.house, members: members, rate: m.house.config.Rate, period: m.house.flat()}
	flat := drive{source: m.house, members: members, period: m.house.flat()}
	if err := errors.Join(warmUp.run(ctx), atRate.run(ctx)); err != nil {
		return err
	}
	before, err1 := m.house.cpu()
	err2 := flat.run(ctx)
	after, err3 := m.house.cpu()
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	m.Alone, m.FlatAlone, m.CommitCPU = atRate.perSecond(), flat.perSecond(), us(after-before)/float64(max(1, flat.transactions()))
	return m.house.exec(ctx, `TRUNCATE outbox`) // nobody is to be told of these
}

// warmUp has the server do all once, for few, and takes what it then uses.
func (m *measurement) warmUp(ctx context.Context) error {
	w, err := newSwarm(m.address, m.speaks, m.ours, m.members[:min(warmUps, len(m.members))])
	if err != nil {
		return err
	}
	defer w.close()
	if _, err := w.openAll(ctx, patience); err != nil {
		return err
	}
	if w.live < len(w.sockets) {
		return fmt.Errorf("of %d sockets %d opened: %s", len(w.sockets), w.live, w.told())
	}
	d := drive{source: m.source(), members: m.members[:len(w.sockets)], rate: 100, period: time.Second / 2}
	if _, err := m.deliver(ctx, w, &d); err != nil {
		return err
	}
	w.hangUp()
	if m.alive, err = m.collected(ctx, w); err != nil {
		return err
	}
	m.began, err = m.Usage()
	return err
}

// apart is what is measured with one socket a person: memory, latency, and the
// storm of those that come back.
func (m *measurement) apart(ctx context.Context) error {
	w, err := newSwarm(m.address, m.speaks, m.ours, m.members)
	if err != nil {
		return err
	}
	defer w.close()
	defer m.note(w)
	if _, err := w.openAll(ctx, patience); err != nil {
		return err
	}
	if w.live < len(w.sockets)/2 {
		return fmt.Errorf("of %d sockets %d opened: %s", len(w.sockets), w.live, w.told())
	}
	for _, step := range []func(context.Context, *swarm) error{m.memory, m.latency, m.flatOut, m.storm} {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// memory is what sockets hold while nothing happens.
func (m *measurement) memory(ctx context.Context, w *swarm) error {
	live, err := m.collected(ctx, w)
	if err != nil {
		return err
	}
	before, err := m.Usage()
	if err != nil {
		return err
	}
	period := min(idleTime, m.house.config.period())
	if err := w.rest(ctx, period); err != nil {
		return err
	}
	after, err := m.Usage()
	n := float64(len(w.sockets))
	m.Memory, m.Live = float64(before.RSS-m.began.RSS)/1024/n, (live-m.alive)/1024/n
	m.Idle = ms(after.CPU-before.CPU) / period.Seconds()
	return err
}

// collected has the server collect its garbage, waits until it is quiet, and
// gives what lives.
func (m *measurement) collected(ctx context.Context, w *swarm) (live float64, err error) {
	if err := m.quiet(ctx, w); err != nil { // what was cut is noticed first
		return 0, err
	}
	if err := w.during(ctx, func() (err error) {
		live, err = m.collect(ctx)
		return err
	}); err != nil {
		return 0, err
	}
	return live, m.quiet(ctx, w)
}

// quiet waits until the server does nothing any more and gives no more memory
// back.
func (m *measurement) quiet(ctx context.Context, w *swarm) error {
	const (
		looks = 40
		idle  = 0.1   // of a core
		still = 0.005 // of memory, in a look
	)
	look := min(500*time.Millisecond, m.house.config.period()/4)
	before, err := m.Usage()
	for range looks {
		if err := errors.Join(err, w.rest(ctx, look)); err != nil {
			return err
		}
		now, err := m.Usage()
		if err != nil {
			return err
		}
		if (now.CPU-before.CPU).Seconds() < idle*look.Seconds() && float64(before.RSS-now.RSS) < still*float64(before.RSS) {
			return nil
		}
		before = now
	}
	return err
}

// latency is how long events take, at the rate that was asked for.
func (m *measurement) latency(ctx context.Context, w *swarm) error {
	d := drive{source: m.source(), members: m.members, rate: m.house.config.Rate, period: m.house.config.period()}
	w.bytes = 0
	all, err := m.deliver(ctx, w, &d)
	if err != nil {
		return err
	}
	p50, p99 := percentiles(all)
	m.P50, m.P99, m.Bytes = ms(p50), ms(p99), float64(w.bytes)/float64(max(1, len(all)))
	if m.ours {
		m.Commits = d.perSecond()
	}
	return nil
}

// flatOut is how many transactions there can be while all listen: of ours alone,
// since peers store nothing.
func (m *measurement) flatOut(ctx context.Context, w *swarm) error {
	if !m.ours {
		return nil
	}
	d := drive{source: m.source(), members: m.members, period: m.house.flat()}
	all, err := m.deliver(ctx, w, &d)
	_, p99 := percentiles(all)
	m.FlatCommits, m.FlatP99 = d.perSecond(), ms(p99)
	return err
}

// deliver publishes and reads until all has come or nothing comes any more, and
// gives how long each event took.
func (m *measurement) deliver(ctx context.Context, w *swarm, d *drive) (all []time.Duration, err error) {
	var came []time.Time // by number
	got, latest := 0, time.Now()
	w.onEvent = func(number int) {
		if number >= len(came) {
			came = append(came, make([]time.Time, number+1-len(came))...)
		}
		latest = time.Now()
		came[number] = latest
		got++
	}
	defer func() { w.onEvent = nil }()
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	driven := make(chan error, 1)
	go func() { driven <- d.run(running) }()
	var driveErr error
	over := false
	err = w.pump(ctx, forever, func() bool {
		select {
		case driveErr = <-driven:
			over, latest = true, time.Now()
		default:
		}
		return over && (driveErr != nil || got >= together*d.transactions() || time.Since(latest) > lossTime)
	})
	if !over { // it was given up
		cancel()
		driveErr = <-driven
	}
	if err := errors.Join(err, driveErr); err != nil {
		return nil, err
	}
	if missing := together*d.transactions() - got; missing > 0 {
		m.fault(missing, "%d events did not come", missing)
	}
	for number, at := range came {
		if !at.IsZero() {
			all = append(all, max(0, at.Sub(d.sentAt(number))))
		}
	}
	return all, nil
}

// awayTime is for how long events come while nobody listens.
const awayTime = time.Second

// storm cuts all connections, has comptesante's people miss something, and takes
// how long it is until all are back and have been told.
func (m *measurement) storm(ctx context.Context, w *swarm) error {
	w.hangUp()
	missed := drive{source: m.source(), members: m.members, rate: m.house.config.Rate, period: min(awayTime, m.house.config.period())}
	if m.ours { // peers could not tell it
		if err := missed.run(ctx); err != nil {
			return err
		}
	}
	caughtUp := 0
	w.onEvent = func(int) { caughtUp++ }
	defer func() { w.onEvent = nil }()
	if err := m.quiet(ctx, w); err != nil {
		return err
	}
	before, err1 := m.Usage()
	database, err2 := m.house.cpu()
	took, err3 := w.openAll(ctx, patience)
	after, err4 := m.Usage()
	databaseAfter, err5 := m.house.cpu()
	n := float64(len(w.sockets))
	m.Storm, m.ConnectCPU = took.Seconds(), us(after.CPU-before.CPU)/n
	if n := together*missed.transactions() - caughtUp; n != 0 {
		m.fault(max(n, -n), "of %d events that were missed %d were told", together*missed.transactions(), caughtUp)
	}
	if m.ours {
		m.DatabaseCPU = us(databaseAfter-database) / n
	}
	return errors.Join(err1, err2, err3, err4, err5)
}

// together is what is measured with all sockets in one person's name.
func (m *measurement) together(ctx context.Context) error {
	members := make([]*member, len(m.members))
	for i := range members {
		members[i] = m.members[0]
	}
	w, err := newSwarm(m.address, m.speaks, m.ours, members)
	if err != nil {
		return err
	}
	defer w.close()
	defer m.note(w)
	if _, err := w.openAll(ctx, patience); err != nil {
		return err
	}
	if err := m.quiet(ctx, w); err != nil {
		return err
	}
	before, err := m.Usage()
	if err != nil {
		return err
	}
	client, err := process.Own()
	if err != nil {
		return err
	}
	var took []time.Duration
	for number := range broadcast {
		one, err := m.tellAll(ctx, w, number)
		if err != nil {
			return err
		}
		took = append(took, one)
	}
	clientAfter, err1 := process.Own()
	after, err2 := m.Usage()
	slices.Sort(took)
	middle := took[len(took)/2]
	m.Broadcast, m.BroadcastRate = ms(middle), float64(w.live)/middle.Seconds()
	messages := float64(broadcast * max(1, w.live))
	m.MessageCPU, m.ClientCPU = us(after.CPU-before.CPU)/messages, us(clientAfter-client)/messages
	return errors.Join(err1, err2)
}

// tellAll publishes one event to all sockets and takes the time to the last.
func (m *measurement) tellAll(ctx context.Context, w *swarm, number int) (took time.Duration, err error) {
	got := 0
	last := time.Now()
	w.onEvent = func(int) { got, last = got+1, time.Now() }
	defer func() { w.onEvent = nil }()
	m.members[0].told++
	type published struct {
		at  time.Time
		err error
	}
	done := make(chan published, 1)
	go func() {
		at, err := m.source().publish(ctx, []event{{number: number, person: 0, nth: m.members[0].told}})
		done <- published{at, err}
	}()
	err = w.pump(ctx, forever, func() bool { return got >= w.live || time.Since(last) > lossTime })
	p := <-done
	if missing := w.live - got; missing > 0 {
		m.fault(missing, "of a broadcast %d did not come", missing)
	}
	return last.Sub(p.at), errors.Join(err, p.err)
}

// fault notes what should not be.
func (m *measurement) fault(n int, format string, args ...any) {
	m.Faults += float64(n)
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// note takes over what the clients have seen that should not be.
func (m *measurement) note(w *swarm) {
	if w.faulty > 0 {
		m.fault(w.faulty, "%s", w.told())
	}
}

// told names the faults of the clients.
func (w *swarm) told() string {
	var all []string
	for text, n := range w.faults {
		all = append(all, fmt.Sprintf("%d × %s", n, text))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// loadAverage is what the machine had to do in the last minute.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg") // CanMeasure has asked for Linux
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
