// How operations leave the page: queries and mutations by POST, subscriptions
// over the socket, both with the token.
import { Kind, OperationTypeNode, parse } from "graphql";

import { endpoint } from "./endpoint.js";
import { problem } from "./problem.js";
import { listen } from "./socket.js";
import { authorization } from "./token.js";

/**
 * fetcher is GraphiQL's fetcher. An Authorization header in the Headers tab
 * wins over the token field, over HTTP and over the socket.
 */
export function fetcher(request, { headers: typed } = {}) {
  const headers = new Headers(typed);
  if (!headers.has("authorization") && authorization()) {
    headers.set("authorization", authorization());
  }
  const operation = chosenOperation(request);
  if (operation) {
    request = { ...request, operationName: operation.name?.value };
  }
  return operation?.operation === OperationTypeNode.SUBSCRIPTION
    ? listen(request, headers.get("authorization"))
    : post(request, headers);
}

/**
 * chosenOperation finds the operation to run in the text itself: the name and
 * the syntax tree that GraphiQL gives lag behind for a moment when the tab
 * changes. Undefined where the server has to say what is wrong.
 */
function chosenOperation({ query, operationName }) {
  let operations;
  try {
    operations = parse(query).definitions.filter((d) => d.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return undefined;
  }
  return operations.length === 1 ? operations[0] : operations.find((o) => o.name?.value === operationName);
}

/** post returns the answer whatever its HTTP status: a 401 has a body that says why. */
async function post(request, headers) {
  headers.set("content-type", "application/json");
  headers.set("accept", "application/graphql-response+json, application/json;q=0.9");
  let response, text;
  try {
    response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(request) });
    text = await response.text();
  } catch (error) {
    return problem(`the server does not answer: ${error.message}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return problem(`HTTP ${response.status}, not a GraphQL answer: ${text.slice(0, 500)}`);
  }
}
