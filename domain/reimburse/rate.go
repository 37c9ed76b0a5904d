package reimburse

import (
	"fmt"
	"strconv"
	"strings"

	"comptesante/domain/money"
)

// Rate is a share in hundredths of a percent: 7000 is 70 %.
type Rate int

// whole is all of it.
const whole Rate = 100_00

func percent(n int) Rate { return Rate(n) * 100 }

// Of is the share of an amount, rounded half up to the cent.
func (r Rate) Of(c money.Cents) money.Cents { return fraction(c, int64(r), int64(whole)) }

// String writes the rate as French people read it: 70 %, 37,5 %.
func (r Rate) String() string {
	text := fmt.Sprintf("%d,%02d", r/100, r%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ",") + "\u00a0%"
}

// parseRate reads a percentage from 0 to 100 with at most two decimals.
func parseRate(text string) (Rate, error) {
	units, decimals, _ := strings.Cut(strings.ReplaceAll(text, ",", "."), ".")
	for len(decimals) < 2 {
		decimals += "0"
	}
	n, err := strconv.ParseUint(units+decimals, 10, 16)
	if err != nil || units == "" || len(decimals) > 2 || Rate(n) > whole {
		return 0, fmt.Errorf("want a percentage from 0 to 100 such as 55 or 37.5")
	}
	return Rate(n), nil
}
