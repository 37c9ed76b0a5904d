package demo

import (
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// counted is what the fund counts of one beneficiary, as it pays.
type counted struct {
	born  civil.Date
	child *ingest.Beneficiary // nil for the assuré
	years []reimburse.Year
	day   reimburse.Day // of the last care
	// debts are due of care in tiers payant, oldest first, and recovered on later
	// payments to the assuré for the same person: what was due on one's care is not
	// told on a child's, which a second parent may see. A debt's reference is the
	// label of its act.
	debts []reimburse.Debt
}

// mostRetentions is how many retentions a line may have (domain.PaymentRecord).
const mostRetentions = 20

// year is what is counted in a civil year of reimbursement.
func (p *counted) year(n int) *reimburse.Year {
	for i := range p.years {
		if p.years[i].Year == n {
			return &p.years[i]
		}
	}
	p.years = append(p.years, reimburse.Year{Year: n})
	return &p.years[len(p.years)-1]
}

// counters are those of care on a day that is reimbursed on another.
func (p *counted) counters(caredOn, paidOn civil.Date) reimburse.Counters {
	if p.day.On != caredOn {
		p.day = reimburse.Day{On: caredOn}
	}
	return reimburse.Counters{Year: *p.year(paidOn.Year), Day: p.day}
}

// count notes what a line counts, and what it leaves owed.
func (p *counted) count(got *reimburse.Reimbursement, label string) {
	*p.year(got.PaidOn.Year), p.day = got.Counters.Year, got.Counters.Day
	if debt, owed := got.Debt(label); owed {
		p.debts = append(p.debts, debt)
	}
}

// recover takes debts of a line that is paid to the assuré, after what is held
// back of the line itself.
func (p *counted) recover(a *ingest.Act, paidOn civil.Date, rules reimburse.Parameters) error {
	n := 0
	for n < len(p.debts) && n < mostRetentions-len(a.Retentions) && p.debts[n].PaidOn.Before(paidOn) {
		n++
	}
	if n == 0 || *a.PaidCents <= 0 {
		return nil
	}
	s, err := rules.Settle(paidOn, *a.PaidCents, p.debts[:n])
	if err != nil {
		return err
	}
	p.debts = append(s.Left, p.debts[n:]...)
	for _, d := range s.Recovered {
		kind := domain.Participation
		if d.Code == reimburse.StepFranchise {
			kind = domain.Franchise
		}
		hold(a, ingest.Retention{Kind: string(kind), AmountCents: cents(d.Amount),
			Of: &ingest.EarlierCare{CaredOn: d.CareOn.String(), PaidOn: d.PaidOn.String(), Label: d.Reference}})
	}
	return nil
}
