package reimburse

import (
	"fmt"
	"strings"

	"comptesante/domain/money"
)

// Step is one step of a computation: a code for programs, the amount that it
// yields, and what people are told.
type Step struct {
	Code   StepCode
	Amount money.Cents
	Text   string // a French sentence
	Term   string // the step within one line (see Line); empty for one that the line leaves out
}

// StepCode is what a step does.
type StepCode string

// The codes of steps.
const (
	StepBase           StepCode = "BASE"             // price that the share is computed on
	StepRate           StepCode = "TAUX"             // share of the AMO
	StepHeavyAct       StepCode = "ACTE_LOURD"       // flat participation in place of a share
	StepOutside        StepCode = "HORS_PARCOURS"    // majoration of the patient's share
	StepExcess         StepCode = "DEPASSEMENT"      // charged above the base
	StepExempt         StepCode = "EXONERATION"      // why nothing is held back
	StepParticipation  StepCode = "PARTICIPATION"    // participation forfaitaire
	StepFranchise      StepCode = "FRANCHISE"        // franchise médicale
	StepCapped         StepCode = "PLAFOND"          // a cap has cut what is held back
	StepDeferred       StepCode = "DETTE"            // to be recovered on a later payment
	StepDebt           StepCode = "RECUPERATION"     // an earlier debt, recovered here
	StepPaid           StepCode = "VERSEMENT"        // paid, and to whom
	StepC2S            StepCode = "C2S"              // share that the C2S pays
	StepDailyCharge    StepCode = "FORFAIT_JOURNAL"  // forfait journalier hospitalier
	StepPatient        StepCode = "RESTE"            // left for the patient or the complementary
	StepEmergency      StepCode = "FORFAIT_URGENCES" // forfait patient urgences
	StepUndone         StepCode = "ANNULATION"       // a line taken back
	StepMonthlyCap     StepCode = "PLAFOND_SALAIRE"  // cap on the pay that counts
	StepDaily          StepCode = "IJ_JOUR"          // daily amount
	StepWaiting        StepCode = "CARENCE"          // days of leave that are not paid
	StepNoWaiting      StepCode = "SANS_CARENCE"     // why there are none
	StepExhausted      StepCode = "DUREE_MAXIMALE"   // days beyond the longest duration
	StepHalved         StepCode = "IJ_REDUITE"       // days halved for a late notice
	StepTotal          StepCode = "IJ_TOTAL"         // sum of the days
	StepNotice         StepCode = "AVIS_ARRET"       // what becomes of a notice of leave
	StepLength         StepCode = "DUREE_ARRET"      // what becomes of a length of leave
	StepFirst30Days    StepCode = "TRENTE_JOURS"     // part of a stay that bears a share
	StepTwoParts       StepCode = "IMPUTATION"       // set-off of daily charge and share
	StepLapsed         StepCode = "PRESCRIPTION"     // a debt that is cancelled, for it is too old
	StepNet            StepCode = "IJ_NET"           // sick pay after CSG and CRDS
	StepProvisional    StepCode = "PROVISOIRE"       // a value that is not known yet, carried on
	StepNothingCharged StepCode = "NEANT"            // nothing is due, and why
)

// Line reads steps as one line:
// "30,00 € × 70 % = 21,00 € − 2,00 € de participation forfaitaire".
func Line(steps []Step) string {
	var terms []string
	for _, s := range steps {
		if s.Term != "" {
			terms = append(terms, s.Term)
		}
	}
	return strings.Join(terms, " ")
}

// jours is a number of days in French: below two it is singular.
func jours(n int) string {
	if n < 2 {
		return fmt.Sprintf("%d jour", n)
	}
	return fmt.Sprintf("%d jours", n)
}

// steps collects steps.
type steps []Step

func (s *steps) add(code StepCode, amount money.Cents, text string) {
	s.term(code, amount, text, "")
}

func (s *steps) term(code StepCode, amount money.Cents, text, term string) {
	*s = append(*s, Step{Code: code, Amount: amount, Text: text, Term: term})
}
