package ingest

import "testing"

func BenchmarkParse(b *testing.B) {
	line := []byte(`{"nir":"185057599000129","beneficiary":{"birthDate":"2017-09-03"},"reference":"D2026-01-02","movement":"VIR 2026-01-02","paidOn":"2026-01-02","recipient":"ASSURE","amountCents":3800,"lines":[{"caredOn":"2025-12-28","act":"G","label":"Consultation","professional":{"number":"99700000001","name":"Dr Anne Le Goff","specialty":"Médecin généraliste","town":"Lyon"},"spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100,"retainedCents":200,"paidCents":1900},{"caredOn":"2025-12-28","act":"G","label":"Consultation","professional":{"number":"99700000001","name":"Dr Anne Le Goff","specialty":"Médecin généraliste","town":"Lyon"},"spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100,"retainedCents":200,"paidCents":1900}],"complementary":{"state":"AWAITED","mutuelle":"99000001"}}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, f := parse(line); f != nil {
			b.Fatal(f)
		}
	}
}
