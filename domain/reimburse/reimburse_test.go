package reimburse_test

import (
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/dated"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func day(s string) civil.Date { return dated.Day(s) }

// adult owes everything.
var adult = reimburse.Patient{Born: day("1980-05-05")}

// care is a line of the whole base price, paid on its day.
func care(on string, price money.Cents, p reimburse.Patient) reimburse.Care {
	return reimburse.Care{On: day(on), Patient: p, Spent: price, Price: price}
}

// consultation is one with a general practitioner.
func consultation(on string) reimburse.Act {
	return reimburse.Act{Care: care(on, 30_00, adult), Family: reimburse.Doctor}
}

func act(t testing.TB, a reimburse.Act, c reimburse.Counters) reimburse.Reimbursement {
	t.Helper()
	return must(t)(reimburse.Default().Act(a, c))
}

// must fails the test where a line could not be computed.
func must(t testing.TB) func(reimburse.Reimbursement, error) reimburse.Reimbursement {
	return func(r reimburse.Reimbursement, err error) reimburse.Reimbursement {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// with is the default parameters with another value of one of them.
func with(t testing.TB, key, value string) reimburse.Parameters {
	t.Helper()
	p, err := reimburse.Default().With(key, value)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
