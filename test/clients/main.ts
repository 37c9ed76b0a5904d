// Runs one client as a page of a browser would: node main.js CLIENT. What it does
// is told on standard output, one JSON object a line; it ends when its standard
// input does. URL and TOKEN say whom to follow, CURSOR from where.
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import type { App, Payment } from "./feed.js";

// Node.js before 22 has none.
Object.assign(globalThis, { WebSocket });

const tell = (what: object) => console.log(JSON.stringify(what));

let slow = false;
const app: App = {
  url: process.env.URL!,
  token: () => process.env.TOKEN!,
  kept: async () => process.env.CURSOR || undefined,
  show: async (payments: Payment[]) => tell({ kind: "page", references: payments.map((p) => p.reference) }),
  process: async (event) => {
    await pause((slow = !slow) ? 30 : 10); // events wait for each other, and would overtake each other
    if (event.__typename === "PaymentAdded") tell({ kind: "event", references: [event.payment.reference] });
  },
  keep: async (cursor) => tell({ kind: "kept", cursor }),
  ended: (code, why) => tell({ kind: "ended", code: String(code), why: why instanceof Error ? why.message : JSON.stringify(why) }),
};

const { follow } = (await import(`./${process.argv[2]}.js`)) as { follow(app: App): Promise<() => void> };
const stop = await follow(app);
process.stdin.on("end", stop).resume();
// Where the client has given up for good, nothing else keeps the program alive.
(process.stdin as { unref?(): void }).unref?.();
