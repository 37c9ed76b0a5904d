package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// PaymentLine is one act of care, or a period of daily allowances, and what is
// paid for it: Paid = Reimbursed - Retained.
type PaymentLine struct {
	CaredOn      civil.Date // of an allowance, its first day
	Act          string
	Label        string
	Kind         ActKind
	Professional *Professional // nil for a line that is no act of a professional
	Spent        money.Cents   // charged; zero for an allowance
	Base         money.Cents   // price that the share is computed on
	Rate         int           // share, in percent of the base
	Reimbursed   money.Cents   // share before retentions; of an allowance, what is left after CSG and CRDS
	Retained     money.Cents   // held back; below zero only where a line that is taken back gives it back
	Paid         money.Cents
	Retentions   []Retention     // the detail of Retained and what is put off; nil where the fund gave none, or it was not asked for
	Allowance    *DailyAllowance // nil for care, or where it was not asked for
}

// ActKind is what kind of care a line is, by the code of its act.
type ActKind string

// The kinds. Which code is of which kind is data (table act_kinds).
const (
	ActConsultation ActKind = "CONSULTATION"
	ActProcedure    ActKind = "PROCEDURE" // acte technique médical, chirurgie
	ActImaging      ActKind = "IMAGING"
	ActBiology      ActKind = "BIOLOGY"
	ActPharmacy     ActKind = "PHARMACY"
	ActDental       ActKind = "DENTAL"
	ActParamedical  ActKind = "PARAMEDICAL" // auxiliaires médicaux
	ActMidwifery    ActKind = "MIDWIFERY"
	ActDevice       ActKind = "DEVICE" // liste des produits et prestations: optical, hearing, devices
	ActHospital     ActKind = "HOSPITAL"
	ActTransport    ActKind = "TRANSPORT"
	ActAllowance    ActKind = "ALLOWANCE" // indemnités journalières
	ActOther        ActKind = "OTHER"
)

// ActKinds is every kind, in the order of their groups.
var ActKinds = []ActKind{
	ActConsultation, ActProcedure, ActImaging, ActBiology, ActPharmacy, ActDental, ActParamedical,
	ActMidwifery, ActDevice, ActHospital, ActTransport, ActAllowance, ActOther,
}

// CheckActCode refuses what no line may have as the code of its act, and says
// what to give instead.
func CheckActCode(code string) error {
	if !plain(code, maxAct) {
		return Errorf(Validation, "give the act's code as senders write it, 1 to %d printable characters such as PH7", maxAct)
	}
	return nil
}

// RetentionKind is why something is held back.
type RetentionKind string

// The kinds of retentions. Each of the first two has a cap a year.
const (
	Participation RetentionKind = "PARTICIPATION" // participation forfaitaire
	Franchise     RetentionKind = "FRANCHISE"     // franchise médicale
	OtherRetained RetentionKind = "OTHER"         // such as an overpayment that is recovered
)

// Retention is an amount that is held back of a line or, where it is deferred,
// will be held back of a later payment. It counts towards the year's cap with
// the line that it is due on, so where Of is nil.
type Retention struct {
	Kind     RetentionKind
	Amount   money.Cents // below zero where it is given back
	Deferred bool        // due on this line (tiers payant), and not part of its Retained
	Of       *EarlierCare
}

// EarlierCare is the care that a retention was due on, when that is not the
// line it is held back of. It is the same beneficiary's, as all of a payment is:
// a retention for another person's care is a payment of theirs in the movement.
type EarlierCare struct {
	CaredOn civil.Date
	PaidOn  *civil.Date // nil where the fund does not say
	Label   string
}

// AllowanceNature is what daily allowances are paid for.
type AllowanceNature string

// The natures of daily allowances.
const (
	ForSickness     AllowanceNature = "SICKNESS"      // maladie
	ForWorkAccident AllowanceNature = "WORK_ACCIDENT" // accident du travail, maladie professionnelle
	ForParenthood   AllowanceNature = "PARENTHOOD"    // maternité, paternité, adoption
)

// DailyAllowance is a period of daily allowances (indemnités journalières).
type DailyAllowance struct {
	Nature   AllowanceNature
	From, To civil.Date  // both included
	Days     int         // that are paid, at most those of the period
	Daily    money.Cents // gross, of one day
	Gross    money.Cents // all days
	CSG      money.Cents // contribution sociale généralisée, withheld
	CRDS     money.Cents // contribution au remboursement de la dette sociale, withheld
}

// Net is what is left of the allowance, before retentions.
func (a *DailyAllowance) Net() money.Cents { return a.Gross - a.CSG - a.CRDS }
