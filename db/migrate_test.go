package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/db/embedded"
	"comptesante/domain"
)

// TestHistoryIsMigrated: payments that were recorded under the first layout are
// there under the one that the history is read from now.
func TestHistoryIsMigrated(t *testing.T) {
	dbtest.Database(t) // starts the server
	const name = "before_history"
	if err := db.EnsureDatabase(t.Context(), dbtest.URL(embedded.Launcher, "postgres"), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dbtest.Exec(t, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`) })
	if err := db.EnsureRoles(t.Context(), dbtest.URL(embedded.Launcher, name)); err != nil {
		t.Fatal(err)
	}
	if err := db.MigrateFirst(t.Context(), dbtest.URL(db.Owner, name), 1); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, name, `
		INSERT INTO caisses (code, name) VALUES ('691', 'CPAM du Rhône');
		INSERT INTO mutuelles (code, name) VALUES ('99000001', 'Mutuelle des Deux Rives');
		INSERT INTO professionals (number, name, specialty) VALUES ('997', 'Dr Anne Le Goff', 'Médecin généraliste');
		INSERT INTO assures (nir_sealed, nir_index, index_key, birth_sealed, sealed_key, family_name, given_name, caisse_id) VALUES ('', '', 0, '', 0, 'N''Diaye', 'Éloïse', 1);
		INSERT INTO beneficiaries (assure_id, relation, birth_sealed, sealed_key, family_name, given_name) VALUES (1, 'SELF', '', 0, 'N''Diaye', 'Éloïse');
		INSERT INTO payments (assure_id, id, beneficiary_id, reference, movement, paid_on, recipient, amount_cents, complementary, complementary_cents, mutuelle_id, revision)
			VALUES (1, 1, 1, 'A', 'V', '2026-11-02', 'ASSURE', 3800, 'KNOWN', 900, 1, 2), (1, 2, 1, 'B', 'V', '2026-11-03', 'ASSURE', -1900, 'NONE', NULL, NULL, 0);
		INSERT INTO payment_lines (assure_id, payment_id, position, cared_on, act, label, professional_id, spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents)
			VALUES (1, 1, 1, '2026-10-01', 'G', 'Consultation', 1, 3000, 3000, 70, 2100, 200, 1900), (1, 1, 2, '2026-10-02', 'G', 'Téléconsultation', NULL, 3000, 3000, 70, 2100, 200, 1900),
			       (1, 2, 1, '2026-10-01', 'G', 'Consultation', 1, -3000, -3000, 70, -1900, 0, -1900)`)
	if applied, err := db.Migrate(t.Context(), dbtest.URL(db.Owner, name)); err != nil || len(applied) == 0 {
		t.Fatal(applied, err)
	}

	d, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	q := whole(t)
	q.Needs.Beneficiary = false // nothing of this file is sealed
	got := dbtest.Page(t, d, dbtest.Sight(t, name, domain.ID{Assure: 1}), q).Payments
	professional := &domain.Professional{ID: domain.ID{Kind: domain.KindProfessional, Key: 1}, Number: "997", Name: "Dr Anne Le Goff", Specialty: "Médecin généraliste"}
	line := domain.PaymentLine{CaredOn: dbtest.Day(t, "2026-10-01"), Act: "G", Label: "Consultation", Kind: domain.ActConsultation, Professional: professional,
		Spent: 3000, Base: 3000, Rate: 70, Reimbursed: 2100, Retained: 200, Paid: 1900}
	second, recovery := line, line
	second.CaredOn, second.Label, second.Professional = dbtest.Day(t, "2026-10-02"), "Téléconsultation", nil
	recovery.Spent, recovery.Base, recovery.Reimbursed, recovery.Retained, recovery.Paid = -3000, -3000, -1900, 0, -1900
	self := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: 1, Key: 1}}
	payment := func(key int64) domain.ID { return domain.ID{Kind: domain.KindPayment, Assure: 1, Key: key} }
	want := []domain.Payment{
		{ID: payment(2), Reference: "B", Movement: domain.Movement{Reference: "V"}, PaidOn: dbtest.Day(t, "2026-11-03"), CaredOn: dbtest.Day(t, "2026-10-01"), Recipient: domain.ToAssure,
			Amount: -1900, Beneficiary: self, Lines: []domain.PaymentLine{recovery}, Complementary: domain.ComplementaryNone{}},
		{ID: payment(1), Reference: "A", Movement: domain.Movement{Reference: "V"}, PaidOn: dbtest.Day(t, "2026-11-02"), CaredOn: dbtest.Day(t, "2026-10-02"), Recipient: domain.ToAssure,
			Amount: 3800, Beneficiary: self, Lines: []domain.PaymentLine{line, second}, Revision: 2,
			Complementary: domain.ComplementaryKnown{Amount: 900, Mutuelle: domain.Mutuelle{ID: domain.ID{Kind: domain.KindMutuelle, Key: 1}, Code: "99000001", Name: "Mutuelle des Deux Rives"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
