// graphql-ws.ts, telling how long it waits.
import { follow as example } from "./graphql-ws.js";
import type { App } from "./feed.js";

const { setTimeout } = globalThis;

export function follow(app: App): Promise<() => void> {
  const watched = (done: () => void, ms?: number) => {
    console.log(JSON.stringify({ kind: "pause", code: String(ms) }));
    return setTimeout(done, ms);
  };
  globalThis.setTimeout = Object.assign(watched, setTimeout) as typeof setTimeout;
  return example(app);
}
