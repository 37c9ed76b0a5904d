// EventSource, which browsers bring: it comes back by itself, and says with
// Last-Event-ID where it was.
import { EventSource } from "eventsource";
import { follower, LIVE, page, type App } from "./feed.js";

export async function follow(app: App): Promise<() => void> {
  const feed = follower(app, () => page(app));
  const after = await feed.begin(); // sent again, as it is, on each reconnect
  const address = `${app.url}?${new URLSearchParams({ query: LIVE, variables: JSON.stringify({ after }) })}`;
  const source = new EventSource(address, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${app.token()}` } }),
  });
  const waiting = setInterval(() => {}, 1_000_000); // Node.js would end while the polyfill waits to come back
  const close = () => {
    source.close();
    clearInterval(waiting);
  };
  source.addEventListener("next", ({ data }) => {
    const result = JSON.parse(data);
    if (!result.errors) return feed.take(result.data.newPayments);
    close();
    app.ended(result.errors[0].extensions.code, result.errors);
  });
  source.addEventListener("complete", close);
  source.addEventListener("error", (event) => {
    if (event.code !== 401) return;
    close();
    app.ended("UNAUTHENTICATED", event.message);
  });
  return close;
}
