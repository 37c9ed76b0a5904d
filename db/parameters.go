package db

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/reimburse"
)

// What is doubtful of the rules is data: an operator gives a parameter another
// value, and every process computes by it within a second. All of it is kept in
// memory and read anew with reference data, so that no request waits for it and
// none fails of it.

// StoredParameter is the value that an operator gave to a doubtful parameter.
type StoredParameter struct {
	Key, Value string
	ChangedAt  time.Time
	ChangedBy  string
	Reason     string
}

// parametersInForce is what was stored when it was read, and what comes of it.
// It is never changed.
type parametersInForce struct {
	stored     []StoredParameter // in order of key
	parameters reimburse.Parameters
	refused    []reimburse.Refusal // what this release cannot take; its own values stand
}

// Parameters is the rules' parameters in force: the release's own with those that
// operators have changed. It is what was stored when the database was opened; where
// KeepReference runs, it follows within a second.
func (d *DB) Parameters() reimburse.Parameters { return d.reference.parameters.Load().parameters }

// StoredParameters is what operators have changed, in order of key: what this
// release cannot take, too.
func (d *DB) StoredParameters(ctx context.Context) (_ []StoredParameter, err error) {
	defer wrap(&err, "StoredParameters")
	return readParameters(ctx, d.pool)
}

func readParameters(ctx context.Context, q querier) ([]StoredParameter, error) {
	rows, err := q.Query(ctx, `SELECT key, value, changed_at, changed_by, reason FROM parameters ORDER BY key`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StoredParameter])
}

// renewParameters reads what is stored, and changes what is in memory where that
// is another thing.
func (d *DB) renewParameters(ctx context.Context) error {
	stored, err := readParameters(ctx, d.pool)
	if err != nil {
		return err
	}
	if now := d.reference.parameters.Load(); now != nil && slices.EqualFunc(now.stored, stored, StoredParameter.same) {
		return nil
	}
	p := &parametersInForce{stored: stored}
	p.parameters, p.refused = reimburse.Default().Overlay(settingsOf(stored))
	d.reference.parameters.Store(p)
	return nil
}

func (p StoredParameter) same(o StoredParameter) bool {
	return p.Key == o.Key && p.Value == o.Value && p.ChangedAt.Equal(o.ChangedAt)
}

func settingsOf(stored []StoredParameter) []reimburse.Setting {
	settings := make([]reimburse.Setting, len(stored))
	for i, s := range stored {
		settings[i] = reimburse.Setting{Key: s.Key, Value: s.Value}
	}
	return settings
}

// tell logs which stored values are left out, and, where others were in force
// before, that they have changed. It gives what it told of, for the next time.
func (p *parametersInForce) tell(log *slog.Logger, before *parametersInForce) *parametersInForce {
	if p == before {
		return p
	}
	if before != nil {
		log.Info("the parameters of the rules have changed", "stored", len(p.stored))
	}
	for _, r := range p.refused {
		log.Warn("a stored parameter is left out: this release cannot take it, its own value stands", "key", r.Key, "value", r.Value, "fault", r.Why)
	}
	return p
}

// ParameterChange is what an operator asks for.
type ParameterChange struct {
	Key    string
	Value  string // as reimburse.Parameters.With takes it; unused by ResetParameter
	By     string
	Reason string
}

// ParameterChanged is what became of it.
type ParameterChanged struct {
	Before, After string // as stored; empty for none, so for the release's own value
	Own           string // the release's own value; empty for a key that it does not know
}

// The longest that the audit keeps of an operator, and of a reason, in letters.
const (
	maxBy     = 100
	maxReason = 500
)

// SetParameter gives a doubtful parameter another value, with a line in the
// audit; nothing is written where it has that value by an operator already.
// VALIDATION for a key that is none, a value that the parameter cannot have, and
// where nobody or no reason is named.
func (d *DB) SetParameter(ctx context.Context, c ParameterChange) (_ ParameterChanged, err error) {
	defer wrap(&err, "SetParameter")
	return d.changeParameter(ctx, c, func(stored []reimburse.Setting, _ string) (string, error) {
		value, err := reimburse.Replace(stored, c.Key, c.Value)
		if err != nil {
			return "", domain.Errorf(domain.Validation, "%v", err)
		}
		return value, nil
	})
}

// ResetParameter gives a parameter the release's own value back, with a line in
// the audit; also one that this release does not know. NOT_FOUND where it has
// that value; VALIDATION for a key that is none, where another stored value needs
// what is taken away, and where nobody or no reason is named.
func (d *DB) ResetParameter(ctx context.Context, c ParameterChange) (_ ParameterChanged, err error) {
	defer wrap(&err, "ResetParameter")
	return d.changeParameter(ctx, c, func(stored []reimburse.Setting, before string) (string, error) {
		if _, known := ownValue(c.Key); before == "" && !known {
			_, err := reimburse.Replace(nil, c.Key, "") // names the keys that resemble it
			return "", domain.Errorf(domain.Validation, "%v", err)
		}
		if before == "" {
			return "", domain.Errorf(domain.NotFound, "%s was not changed: there is nothing to reset (the list of parameters shows what was)", c.Key)
		}
		if err := reimburse.Remove(stored, c.Key); err != nil {
			return "", domain.Errorf(domain.Validation, "%v", err)
		}
		return "", nil
	})
}

// changeParameter reads what is stored, asks decide for the key's next value,
// which is empty for none, and writes it with its audit line. One at a time: a
// value is judged beside those that it will stand beside.
func (d *DB) changeParameter(ctx context.Context, c ParameterChange, decide func(stored []reimburse.Setting, before string) (after string, err error)) (done ParameterChanged, err error) {
	if err := checkOperator(c.By, c.Reason, c.Key); err != nil {
		return done, err
	}
	done.Own, _ = ownValue(c.Key)
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE parameters IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		stored, err := readParameters(ctx, tx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(stored, func(s StoredParameter) bool { return s.Key == c.Key }); i >= 0 {
			done.Before = stored[i].Value
		}
		if done.After, err = decide(settingsOf(stored), done.Before); err != nil || done.After == done.Before {
			return err
		}
		return c.write(ctx, tx, done)
	})
	return done, err
}

// checkOperator refuses a change by nobody or for no reason.
func checkOperator(by, reason, what string) error {
	switch by, reason := strings.TrimSpace(by), strings.TrimSpace(reason); {
	case by == "" || utf8.RuneCountInString(by) > maxBy:
		return domain.Errorf(domain.Validation, "say who changes it, in at most %d letters", maxBy)
	case reason == "" || utf8.RuneCountInString(reason) > maxReason:
		return domain.Errorf(domain.Validation, "say why %s is changed, in at most %d letters: the audit keeps it", what, maxReason)
	}
	return nil
}

func (c ParameterChange) write(ctx context.Context, tx pgx.Tx, done ParameterChanged) (err error) {
	detail := map[string]any{"before": nil, "after": nil, "reason": strings.TrimSpace(c.Reason)}
	if done.Before != "" {
		detail["before"] = done.Before
	}
	if done.Own != "" {
		detail["default"] = done.Own
	}
	by := strings.TrimSpace(c.By)
	switch { // no upsert: its statement would ring twice
	case done.After == "":
		_, err = tx.Exec(ctx, `DELETE FROM parameters WHERE key = $1`, c.Key)
	case done.Before == "":
		_, err = tx.Exec(ctx, `INSERT INTO parameters (key, value, changed_by, reason) VALUES ($1, $2, $3, $4)`, c.Key, done.After, by, detail["reason"])
	default:
		_, err = tx.Exec(ctx, `UPDATE parameters SET value = $2, changed_at = now(), changed_by = $3, reason = $4 WHERE key = $1`, c.Key, done.After, by, detail["reason"])
	}
	if done.After != "" {
		detail["after"] = done.After
	}
	if err != nil {
		return err
	}
	return auditCopy(ctx, tx, auditLine{Actor: by, Action: "parameter.changed", Subject: c.Key, Detail: detail})
}

// ownValue is the release's own value of a doubtful parameter.
func ownValue(key string) (value string, ok bool) {
	doubts := reimburse.Default().Doubts()
	i := slices.IndexFunc(doubts, func(d reimburse.Doubt) bool { return d.Key == key })
	if i < 0 {
		return "", false
	}
	return doubts[i].Current, true
}
