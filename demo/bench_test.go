package demo

import (
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain/reimburse"
)

// BenchmarkMake makes families without a database: 200,000 of them, with five
// million payments, are to take well under five minutes of one core.
func BenchmarkMake(b *testing.B) {
	m := Families{seed: 1, assures: MaxAssures, began: dbtest.Day(b, days[0]), rules: reimburse.Default()}
	b.ReportAllocs()
	payments, i := 0, cycle // after the one with three thousand lines
	for b.Loop() {
		f, err := m.Make(i % MaxAssures)
		if err != nil {
			b.Fatal(err)
		}
		payments += len(f.Payments)
		i++
	}
	b.ReportMetric(float64(payments)/float64(b.N), "payments/op")
}
