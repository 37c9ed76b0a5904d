package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/domain"
)

// wrap gives the error of an I/O function its context; it is the function's
// first line: defer wrap(&err, "PaymentPage").
func wrap(err *error, context string) {
	if *err != nil {
		*err = mapError(*err, context)
	}
}

// mapErrorIf is mapError for an error that may be nil.
func mapErrorIf(err error, doing string) error {
	wrap(&err, doing)
	return err
}

// mapError drops everything of a PostgreSQL error that can hold a value of a
// row or of a statement (its detail, hint and message) and keeps its class and
// the names in the schema. What passes by itself becomes UNAVAILABLE.
func mapError(err error, doing string) error {
	var known *domain.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // whatever PostgreSQL said: it may be starting or leaving
		return unavailable(doing, errors.New("no connection"))
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if passing(pg.Code) {
			return unavailable(doing, errors.New("postgres "+pg.Code+inWords[pg.Code]))
		}
		return fmt.Errorf("%s: postgres %s %s", doing, pg.Code, pg.TableName+" "+pg.ColumnName+" "+pg.ConstraintName)
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err) {
		return unavailable(doing, errors.New("no connection"))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// passing tells whether a fault of this class (SQLSTATE) ends by itself:
// connections, resources, an operator's intervention, a lost race, a timeout.
func passing(code string) bool {
	switch code[:2] {
	case "08", "53", "57", "40":
		return true
	}
	return code == "55P03"
}

// inWords says what an operator can do about the faults that do not pass alone.
var inWords = map[string]string{
	"53100": ": its disk is full, make room",
	"53200": ": it is out of memory",
	"53300": ": it has no connection left, see max_connections",
	"57P01": ": it ended the connection, since it stops or an administrator asked for it",
}

// unavailable is what clients see of a database that does not answer; cause is
// for the log.
func unavailable(doing string, cause error) error {
	return fmt.Errorf("%s: %w: %w", doing, domain.Errorf(domain.Unavailable, "the service is busy or restarting: try again in a moment"), cause)
}

// oneRow passes on the error of a statement, and gives missing where the
// statement changed no row.
func oneRow(done sql.Result, err error, missing *domain.Error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return missing
}

// explainConnect says what to mend where the database cannot be used as role.
func explainConnect(err error, role string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("the database cannot be reached: is it running, and is DATABASE_URL right?")
	}
	switch pg.Code {
	case "22023", "42501", "42704":
		return fmt.Errorf("the login of DATABASE_URL may not act as %s: run `comptesante migrate`, then GRANT %s TO the login", role, role)
	case "28P01", "28000":
		return fmt.Errorf("the login or password of DATABASE_URL is refused")
	case "3D000":
		return fmt.Errorf("the database named in DATABASE_URL does not exist: create it first")
	}
	return fmt.Errorf("the database refuses the connection (%s)", pg.Code)
}
