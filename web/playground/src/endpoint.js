/** endpoint is where the API answers, as the server that serves the page says. */
export const endpoint = new URL(document.querySelector('meta[name="graphql-endpoint"]').content, location.href);

/** socketEndpoint is the same place for a WebSocket. */
export const socketEndpoint = Object.assign(new URL(endpoint), {
  protocol: endpoint.protocol === "https:" ? "wss:" : "ws:",
});
