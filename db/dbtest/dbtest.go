// Package dbtest gives tests a real PostgreSQL: one server for each test
// binary, and for each test a database of its own, cloned from one that was
// migrated once.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/nir"
)

// Main runs the tests of a package that uses this one: func TestMain(m
// *testing.M) { dbtest.Main(m) }.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a package that has more to do at the end: it gives the exit
// code.
func Run(m *testing.M) int {
	embedded.Supervise()
	defer stopServer()
	return m.Run()
}

// cluster is the server of this test binary.
var cluster struct {
	once   sync.Once
	err    error
	dir    string
	server *embedded.Server
	keys   *db.Keys
	mu     sync.Mutex // one CREATE DATABASE at a time: each locks the template
	made   int
}

const template = "template_comptesante"

func startServer() error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		return err
	}
	cluster.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	cluster.server, err = embedded.Own(ctx, embedded.Config{Dir: dir + "/pg", Bin: os.Getenv("PG_BIN"), Owner: "go test", Volatile: true,
		Settings: map[string]string{"max_connections": "300"}})
	if err != nil {
		return err
	}
	if cluster.keys, err = db.LoadKeys(dir+"/keys.json", true); err != nil {
		return err
	}
	if err := db.EnsureDatabase(ctx, URL(embedded.Launcher, "postgres"), template); err != nil {
		return err
	}
	if err := db.EnsureRoles(ctx, URL(embedded.Launcher, template)); err != nil {
		return err
	}
	_, err = db.Migrate(ctx, URL(db.Owner, template))
	return err
}

func stopServer() {
	if cluster.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		_ = cluster.server.Stop(ctx) // its data goes next
	}
	if cluster.dir != "" {
		_ = os.RemoveAll(cluster.dir)
	}
}

// URL is the way into a database of the server as a role.
func URL(role, database string) string { return cluster.server.URL(role, database) }

// Dir is the data folder of the server, with its log.
func Dir() string { return cluster.dir + "/pg" }

// KeysFile is the path of the keys, for programs that a test starts.
func KeysFile() string { return cluster.dir + "/keys.json" }

// Keys are the keys that the databases are sealed with.
func Keys() *db.Keys { return cluster.keys }

// Database makes a database for a test and gives its name; it is dropped when
// the test ends.
func Database(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() { cluster.err = startServer() })
	if cluster.err != nil {
		t.Fatalf("no PostgreSQL for the tests: %v", cluster.err)
	}
	cluster.mu.Lock()
	defer cluster.mu.Unlock()
	cluster.made++
	name := fmt.Sprintf("test_%d", cluster.made)
	Exec(t, "postgres", `CREATE DATABASE `+name+` TEMPLATE `+template+` STRATEGY file_copy`)
	t.Cleanup(func() { Exec(t, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`) })
	return name
}

// New opens a database for a test, as the program does.
func New(t testing.TB) *db.DB {
	t.Helper()
	d, _ := Open(t)
	return d
}

// Open is New with the database's name too.
func Open(t testing.TB) (*db.DB, string) {
	t.Helper()
	name := Database(t)
	d, err := db.Open(context.Background(), URL(db.App, name), cluster.keys, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, name
}

// Exec runs a statement on a database as its administrator.
func Exec(t testing.TB, database, sql string, args ...any) {
	t.Helper()
	conn := Connect(t, embedded.Launcher, database)
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Connect opens a connection of its own as a role.
func Connect(t testing.TB, role, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), URL(role, database))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// The numbers of people that tests open files for; they can belong to nobody.
var numbers = []string{"185057599000129", "292037599100258", "108117599200353", "279032A99000404", "190012B99000591", "171069999900602", "288019749900727"}

// Texts runs a query of one text column as a role.
func Texts(t testing.TB, role, database, sql string) []string {
	t.Helper()
	conn := Connect(t, role, database)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// NIR is the number of the i-th person, from 0.
func NIR(t testing.TB, i int) nir.NIR {
	t.Helper()
	n, err := nir.Parse(numbers[i])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Day reads a day.
func Day(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Reference is the reference data that AddFile needs.
type Reference struct{ Caisse, Mutuelle int64 }

// MutuelleCode is the code of the mutuelle of Reference.
const MutuelleCode = "99000001"

// AddReference adds a fund and a mutuelle.
func AddReference(t testing.TB, d *db.DB) (r Reference) {
	t.Helper()
	var err error
	if r.Caisse, err = d.SetCaisse(t.Context(), domain.Caisse{Code: "691", Name: "CPAM du Rhône"}); err != nil {
		t.Fatal(err)
	}
	if r.Mutuelle, err = d.SetMutuelle(t.Context(), domain.Mutuelle{Code: MutuelleCode, Name: "Mutuelle des Deux Rives"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// AddFile opens the file of the i-th person, born on 14 May 1985, with children
// born on these days.
func AddFile(t testing.TB, d *db.DB, i int, children ...string) domain.ID {
	t.Helper()
	r := AddReference(t, d)
	f := db.NewFile{Assure: domain.Assure{NIR: NIR(t, i), FamilyName: "N'Diaye", GivenName: "Éloïse", BirthDate: Day(t, "1985-05-14"),
		Caisse: domain.Caisse{ID: domain.ID{Key: r.Caisse}}, Mutuelle: &domain.Mutuelle{ID: domain.ID{Key: r.Mutuelle}}}}
	for _, born := range children {
		f.Children = append(f.Children, domain.Beneficiary{Relation: domain.Child, FamilyName: "N'Diaye", GivenName: "Enfant " + born, BirthDate: Day(t, born)})
	}
	id, err := d.AddFile(t.Context(), "test", f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Sight shows everybody of a file in a database, in order of key.
func Sight(t testing.TB, database string, id domain.ID) actor.Sight {
	t.Helper()
	conn := Connect(t, db.App, database)
	defer func() { _ = conn.Close(context.Background()) }()
	s := actor.Sight{Assure: id.Assure}
	if err := conn.QueryRow(t.Context(), `SELECT array_agg(id ORDER BY id) FROM beneficiaries WHERE assure_id = $1`, id.Assure).Scan(&s.Beneficiaries); err != nil {
		t.Fatal(err)
	}
	return s
}

// Page reads a page of payments.
func Page(t testing.TB, d *db.DB, sight actor.Sight, q domain.PageQuery) domain.PaymentPage {
	t.Helper()
	file, err := d.File(t.Context(), sight, db.FileQuery{Histories: []db.HistoryQuery{{PageQuery: q, Page: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return file.Histories[0].Page
}

// Record is a good record of one consultation for the i-th person: 30 € at 70 %,
// less 2 €.
func Record(t testing.TB, i int, reference, paidOn string) domain.PaymentRecord {
	t.Helper()
	day := Day(t, paidOn)
	return domain.PaymentRecord{
		NIR: NIR(t, i), Reference: reference, Movement: "VIR " + paidOn, PaidOn: day, Recipient: domain.ToAssure, Amount: 1900,
		Lines: []domain.PaymentLine{{CaredOn: day.AddDays(-5), Act: "G", Label: "Consultation",
			Professional: &domain.Professional{Number: "99700000001", Name: "Dr Anne Le Goff", Specialty: "Médecin généraliste"},
			Spent:        3000, Base: 3000, Rate: 70, Reimbursed: 2100, Retained: 200, Paid: 1900}},
		Complementary: domain.RecordPart{State: domain.StateAwaited, Mutuelle: MutuelleCode},
	}
}

// Pay records payments and fails the test where one is not added or corrected.
func Pay(t testing.TB, d *db.DB, records ...domain.PaymentRecord) {
	t.Helper()
	outcomes, err := d.RecordPayments(t.Context(), "test", records)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Outcome != domain.OutcomeAdded && o.Outcome != domain.OutcomeCorrected {
			t.Fatalf("record %d: %s %v", i, o.Outcome, o.Fault)
		}
	}
}
