// subscriptions-transport-ws, as an old app may follow with it.
import { SubscriptionClient } from "subscriptions-transport-ws";
import { codeOf, follower, LIVE, page, renew, type App, type PaymentEvent } from "./feed.js";

export async function follow(app: App): Promise<() => void> {
  const feed = follower(app, () => page(app));
  const variables = { after: await feed.begin() }; // sent again, as it is then, on each reconnect
  const client = new SubscriptionClient(app.url.replace(/^http/, "ws"), {
    reconnect: true,
    connectionParams: () => ({ authorization: `Bearer ${app.token()}` }),
    connectionCallback: (errors) => {
      if (!errors) return;
      client.close(); // it would try for ever
      app.ended("UNAUTHENTICATED", errors);
    },
  });
  client.request({ query: LIVE, variables }).subscribe({
    next({ data }) {
      const event = data!.newPayments as PaymentEvent;
      renew(variables, event);
      feed.take(event);
    },
    error: (why) => app.ended(codeOf([why]), why),
  });
  return () => client.close();
}
