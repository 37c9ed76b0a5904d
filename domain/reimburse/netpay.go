package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// NetPay is what is left of sick pay once the two contributions are taken of it:
// the contribution sociale généralisée (CSG) and that for the reimbursement of
// the social debt (CRDS).
//
//	Net = Gross - CSG - CRDS
type NetPay struct {
	Gross money.Cents
	CSG   money.Cents
	CRDS  money.Cents
	Net   money.Cents
	Steps []Step
}

// Explain reads the steps as one line.
func (n NetPay) Explain() string { return Line(n.Steps) }

// NetPay takes the contributions of a sum of sick pay that is paid on a day: for
// illness, a work accident or parenthood alike, on the whole of it. Each is
// rounded half up once (own choice: not for each day). A recovery gives back
// exactly what was taken.
func (p Parameters) NetPay(gross money.Cents, paidOn civil.Date) (NetPay, error) {
	if paidOn.IsZero() {
		return NetPay{}, errors.New("give the day of payment: the contributions are those of that day")
	}
	if !gross.Sane() {
		return NetPay{}, fmt.Errorf("beyond %s: amounts are in cents", money.Max)
	}
	r, l := &p.known().sickPay, lookup{day: paidOn}
	csg, crds := at(&l, r.csg), at(&l, r.crds)
	if l.err != nil {
		return NetPay{}, l.err
	}
	n := NetPay{Gross: gross, CSG: csg.Of(gross), CRDS: crds.Of(gross)}
	n.Net = n.Gross - n.CSG - n.CRDS
	var s steps
	s.term(StepNet, n.Net,
		fmt.Sprintf("De %s brut sont prélevés %s de CSG (%s) et %s de CRDS (%s) : %s net.", n.Gross, n.CSG, csg, n.CRDS, crds, n.Net),
		fmt.Sprintf("%s − %s de CSG − %s de CRDS = %s", n.Gross, n.CSG, n.CRDS, n.Net))
	n.Steps = s
	return n, nil
}
