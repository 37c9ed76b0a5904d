package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
)

// Notice is a notice of leave (avis d'arrêt de travail) as it came in.
type Notice struct {
	Prescribed civil.Date // first day of the interruption
	Form       Form
	Sent       civil.Date // read for SecuredForm and UnsecuredForm
	LateBefore civil.Date // day of prescription of an earlier late notice; zero: none
	Excused    bool       // in hospital, or unable to send it and proven
}

// Form is how a notice came in.
type Form string

// The forms.
const (
	Electronic    Form = "ELECTRONIQUE" // sent by the prescriber: nothing is asked of the insured
	SecuredForm   Form = "ORIGINAL"     // the original of the secured paper form
	UnsecuredForm Form = "NON_SECURISE" // an original that is not secured
	Photo         Form = "PHOTO"        // a picture or a copy: it never replaces the original
)

// NoticeState is what becomes of a notice.
type NoticeState string

// The states of a notice.
const (
	NoticeAccepted NoticeState = "ACCEPTE"
	NoticeRejected NoticeState = "REJETE"           // sent back to the prescriber
	NoticeAwaited  NoticeState = "ORIGINAL_ATTENDU" // a declaration in advance (own choice)
)

// Lateness is what a late notice costs.
type Lateness string

// The degrees of lateness (CSS D.323-2).
const (
	InTime Lateness = ""
	Warned Lateness = "AVERTISSEMENT"
	Halves Lateness = "IJ_REDUITE" // the pay is halved on NoticeVerdict.Halved
)

// NoticeVerdict is what becomes of a notice, and why.
type NoticeVerdict struct {
	State    NoticeState
	Deadline civil.Date // last day to send the original; zero for an electronic notice
	Lateness Lateness
	Halved   Days // for SickLeave.Late
	Steps    []Step
}

// Notice judges a notice: its form (CSS R.321-2; unsecured forms are rejected
// since 1 September 2025) and whether it was sent within two days.
func (p Parameters) Notice(n Notice) (NoticeVerdict, error) {
	r := &p.known().notice
	if n.Prescribed.IsZero() {
		return NoticeVerdict{}, errors.New("give the day of prescription")
	}
	if n.Form == Electronic {
		return NoticeVerdict{State: NoticeAccepted, Steps: say("L'avis est transmis par le prescripteur : rien n'est à envoyer.")}, nil
	}
	v := NoticeVerdict{Deadline: n.Prescribed.AddDays(r.days.Value)}
	l := lookup{day: n.Prescribed}
	rejected := at(&l, r.secured)
	switch {
	case l.err != nil:
		return NoticeVerdict{}, l.err
	case n.Form == Photo:
		v.State = NoticeAwaited
		v.Steps = say("Une photo ne remplace pas l'original : envoyez-le au plus tard le " + v.Deadline.French() + ".")
		return v, nil
	case n.Form != SecuredForm && n.Form != UnsecuredForm:
		return NoticeVerdict{}, fmt.Errorf("no notice has the form %q: give ELECTRONIQUE, ORIGINAL, NON_SECURISE or PHOTO", n.Form)
	case n.Sent.Before(n.Prescribed):
		return NoticeVerdict{}, errors.New("the notice was sent before it was prescribed: check both days")
	case n.Form == UnsecuredForm && rejected:
		v.State = NoticeRejected
		v.Steps = say("Le formulaire n'est pas sécurisé : il est rejeté et renvoyé au prescripteur.")
		return v, nil
	}
	v.State = NoticeAccepted
	v.judgeDelay(r, n)
	return v, nil
}

func (v *NoticeVerdict) judgeDelay(r *noticeRules, n Notice) {
	repeated := !n.LateBefore.IsZero() && !n.LateBefore.AddMonths(r.repeat.Value).Before(n.Prescribed)
	switch {
	case !v.Deadline.Before(n.Sent):
		v.Steps = say("L'avis est envoyé dans les deux jours.")
	case n.Excused:
		v.Steps = say("L'avis est envoyé en retard, mais l'empêchement est justifié.")
	case !repeated:
		v.Lateness = Warned
		v.Steps = say("L'avis est envoyé en retard : un nouveau retard dans les 24 mois réduira l'indemnité de moitié.")
	default:
		v.Lateness = Halves
		v.Halved = Days{n.Prescribed, n.Sent.AddDays(-1)}
		if r.sendingDay.Value {
			v.Halved.To = n.Sent
		}
		v.Steps = say("L'avis est de nouveau envoyé en retard : l'indemnité est réduite de moitié du " +
			v.Halved.From.French() + " au " + v.Halved.To.French() + ".")
	}
}

func say(text string) []Step { return []Step{{Code: StepNotice, Text: text}} }

// Prescription is the length of leave that a prescriber asks for.
type Prescription struct {
	On         civil.Date // day of prescription
	Start, End civil.Date // first and last day of leave
	Extension  bool       // of a leave that is running
	Justified  bool       // the prescriber says on the form why it is longer
}

// LengthVerdict is whether a length of leave is within the cap that holds since
// 1 September 2026 (loi de financement de la sécurité sociale pour 2026).
type LengthVerdict struct {
	Within bool
	Latest civil.Date // last day within the cap; zero: there is none
	Steps  []Step
}

// Length judges the length of a leave. The decree was not found: the caps are
// the least that it may set.
func (p Parameters) Length(q Prescription) (LengthVerdict, error) {
	if q.On.IsZero() || q.Start.IsZero() || q.End.Before(q.Start) {
		return LengthVerdict{}, errors.New("give the day of prescription, and a leave that ends after it begins")
	}
	table := p.known().notice.first
	if q.Extension {
		table = p.known().notice.later
	}
	l := lookup{day: q.On}
	months := at(&l, table)
	if l.err != nil {
		return LengthVerdict{}, l.err
	}
	if months == 0 {
		return LengthVerdict{Within: true}, nil
	}
	v := LengthVerdict{Latest: q.Start.AddMonths(months).AddDays(-1)}
	v.Within = q.Justified || !v.Latest.Before(q.End)
	text := "La durée de l'arrêt est dans la limite, jusqu'au " + v.Latest.French() + "."
	switch {
	case !v.Within:
		text = "L'arrêt dépasse la durée maximale, qui va jusqu'au " + v.Latest.French() + ", sans justification du prescripteur."
	case v.Latest.Before(q.End):
		text = "L'arrêt dépasse la durée maximale ; le prescripteur l'a justifié."
	}
	v.Steps = []Step{{Code: StepLength, Text: text}}
	return v, nil
}
