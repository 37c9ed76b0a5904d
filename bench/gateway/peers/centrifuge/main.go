// Command centrifuge is a peer of the gateway's bench: the centrifuge library
// with its default settings, one channel a user, JSON over WebSockets.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/centrifugal/centrifuge"

	"peers/control"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (reply centrifuge.ConnectReply, err error) {
		user, ok := control.User(e.Token)
		if !ok {
			return reply, centrifuge.DisconnectInvalidToken
		}
		reply.Credentials = &centrifuge.Credentials{UserID: user}
		return reply, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(e centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			if e.Channel != c.UserID() {
				answer(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
				return
			}
			answer(centrifuge.SubscribeReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	go control.Serve(func(e control.Event) {
		if _, err := node.Publish(e.User, payload(e)); err != nil {
			log.Fatal(err)
		}
	})
	http.Handle("/", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), nil))
}

// payload is what the others send for an event.
func payload(e control.Event) []byte {
	return fmt.Appendf(nil, `{"data":{"newPayments":{"__typename":"PaymentAdded","cursor":"%s","occurredAt":"2026-11-24T18:20:30.123456Z",`+
		`"payment":{"id":"UGF5bWVudDoxMjM0NTo2Nzg5MDE","reference":"%s","paidOn":"2026-11-24","amount":1900,"recipient":"ASSURE",`+
		`"beneficiary":{"givenName":"Camille"},"lines":[{"label":"Consultation généraliste","spent":3000,"paid":1900}]}}}}`, e.Cursor, e.Reference)
}
