// Subscriptions, by the protocol graphql-transport-ws. One at a time runs in
// GraphiQL, so each has a socket of its own, opened with the token of that
// moment.
import { createClient } from "graphql-ws";

import { socketEndpoint } from "./endpoint.js";
import { problem } from "./problem.js";

const state = document.getElementById("socket");

function show(text) {
  state.value = text;
}

/** What the server means by its close codes, for those that a person meets. */
const CLOSE_CODES = {
  1001: "the server is going away",
  1006: "the connection was lost",
  1013: "the server is overloaded, or this client reads too slowly",
  4401: "session ended or token missing",
  4403: "the rights have changed: subscribe again",
  4429: "too many initialisation requests",
};

let stop = () => {};

/** closeSocket ends the subscription that runs, if any. */
export function closeSocket() {
  stop();
}

/** listen returns the events of a subscription as the observable that GraphiQL takes. */
export function listen(request, authorization) {
  return { subscribe: (sink) => ({ unsubscribe: open(request, authorization, sink) }) };
}

/**
 * open starts a subscription and returns what ends it quietly. Nothing reaches
 * the sink after its end: GraphiQL would take it for the next subscription's.
 */
function open(request, authorization, sink) {
  let ended = false;
  const next = (result) => {
    if (!ended) sink.next(result);
  };
  const end = () => {
    if (!ended) sink.complete();
    ended = true;
  };
  const fail = (error) => {
    next(refusal(error));
    end();
  };
  const unsubscribe = newClient(authorization).subscribe(request, { next, error: fail, complete: end });
  stop = () => {
    end();
    unsubscribe();
  };
  return () => {
    ended = true;
    unsubscribe();
  };
}

/**
 * newClient opens no socket before it is asked for a subscription. It retries
 * with growing pauses what the server's close code lets it retry, which 4401
 * does not.
 */
function newClient(authorization) {
  return createClient({
    url: socketEndpoint.href,
    connectionParams: () => (authorization ? { authorization } : undefined),
    on: {
      connecting: (again) => show(again ? "WebSocket: reconnecting…" : "WebSocket: connecting…"),
      connected: () => show("WebSocket: open"),
      closed: ({ code }) => show(code === 1000 ? "WebSocket: closed" : `WebSocket: closed (${code})`),
    },
  });
}

/** refusal is the answer that shows why a subscription ended, for each way graphql-ws tells it. */
function refusal(error) {
  if (Array.isArray(error)) return { errors: error };
  if ("code" in error) return problem(describe(error), { closeCode: error.code });
  return problem("the socket could not be opened: the server does not answer, or refuses this origin");
}

/** describe names a close event: its code, what it means, and the server's reason. */
function describe({ code, reason }) {
  const meaning = CLOSE_CODES[code];
  if (!meaning) return `${code}: ${reason || "no reason given"}`;
  return `${code}: ${meaning}${reason ? ` (${reason})` : ""}`;
}
