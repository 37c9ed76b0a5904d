package subscriptions
import "testing"
func TestSmokeTCP(t *testing.T) { w := newWorld(t); w.listen(); c := w.follow(""); c.hears("1: ready @0"); w.pay(self); c.hears("1: added @1"); c.hearsNothingElse() }
func TestSmokePipe(t *testing.T) { inBubble(t, func(t *testing.T, w *world) { w.pipe(); c := w.follow(""); c.hears("1: ready @0"); w.pay(self); c.hears("1: added @1"); c.hearsNothing() }) }
