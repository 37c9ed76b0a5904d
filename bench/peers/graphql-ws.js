// A peer of the gateway's bench: graphql-ws on ws with its default settings,
// over a feed in memory. What it is told, by CONTROL, is in gateway/peers/control.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createControl } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(readFileSync(new URL("../gateway/peers/schema.graphqls", import.meta.url), "utf8"));
const followers = new Map(); // by user: a set of open subscriptions

// Follower is an open subscription: what was published and is not yet sent.
class Follower {
  constructor(user) {
    this.user = user;
    this.events = [{ newPayments: { __typename: "FeedReady", cursor: "A".repeat(51) } }];
    if (!followers.has(user)) followers.set(user, new Set());
    followers.get(user).add(this);
  }
  publish(event) {
    if (this.waiting) this.waiting({ value: event, done: false });
    else this.events.push(event);
    this.waiting = undefined;
  }
  next() {
    if (this.events.length > 0) return Promise.resolve({ value: this.events.shift(), done: false });
    return new Promise((resolve) => (this.waiting = resolve));
  }
  return() {
    followers.get(this.user).delete(this);
    this.waiting?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

const server = createServer();
useServer(
  {
    schema,
    onConnect: ({ connectionParams }) => /^Bearer /.test(connectionParams?.authorization ?? ""),
    roots: { subscription: { newPayments: (_, ctx) => new Follower(ctx.connectionParams.authorization.slice(7)) } },
    context: (ctx) => ctx,
  },
  new WebSocketServer({ server }),
);

function publish(user, reference, cursor) {
  const newPayments = {
    __typename: "PaymentAdded", cursor, occurredAt: "2026-11-24T18:20:30.123456Z",
    payment: {
      id: "UGF5bWVudDoxMjM0NTo2Nzg5MDE", reference, paidOn: "2026-11-24", amount: 1900, recipient: "ASSURE",
      beneficiary: { givenName: "Camille" }, lines: [{ label: "Consultation généraliste", spent: 3000, paid: 1900 }],
    },
  };
  for (const follower of followers.get(user) ?? []) follower.publish({ newPayments });
}

async function collect() {
  for (let i = 0; i < 3; i++) {
    global.gc();
    await setTimeout(10); // finalizers run between
  }
  return process.memoryUsage().heapUsed;
}

createControl((conn) => {
  conn.setNoDelay(true);
  createInterface({ input: conn }).on("line", async (line) => {
    const [command, user, reference, cursor] = line.split(" ");
    if (command === "e") publish(user, reference, cursor);
    else conn.write(`${await collect()}\n`);
  });
}).listen(...address("CONTROL"));

server.listen({ host: address("LISTEN")[1], port: address("LISTEN")[0], backlog: 4096 });

// address is [port, host] of a setting host:port.
function address(name) {
  const [host, port] = process.env[name].split(":");
  return [Number(port), host];
}
