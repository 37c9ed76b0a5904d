/** problem is an answer that says what went wrong outside the GraphQL server. */
export function problem(message, extensions) {
  return { errors: [{ message, extensions }] };
}
