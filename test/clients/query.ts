// A query over the socket, which the server refuses.
import { connect, type App } from "./feed.js";

export async function follow(app: App): Promise<() => void> {
  const client = connect(app);
  client.subscribe({ query: "{ me { id } }" }, { next: console.error, error() {}, complete() {} });
  return () => void client.dispose();
}
