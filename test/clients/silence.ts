// graphql-ws.ts with less patience, and telling each end of its socket.
import { connect, follower, LIVE, type App, type PaymentEvent } from "./feed.js";

export async function follow(app: App): Promise<() => void> {
  const client = connect(app, 500);
  client.on("closed", (event) => console.log(JSON.stringify({ kind: "closed", code: String((event as CloseEvent).code) })));
  const feed = follower(app, () => Promise.reject("no page is needed"));
  client.subscribe<{ newPayments: PaymentEvent }>({ query: LIVE }, {
    next: ({ data }) => feed.take(data!.newPayments),
    error() {},
    complete() {},
  });
  return () => void client.dispose();
}
