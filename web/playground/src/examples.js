// The tabs of a first visit. GraphiQL names each tab after its operation.
import awaited from "./examples/AwaitedFromMutuelle.graphql";
import lastPayments from "./examples/MyLastPayments.graphql";
import live from "./examples/Live.graphql";
import sharedCustody from "./examples/SharedCustody.graphql";
import thisYear from "./examples/ThisYear.graphql";

/** firstOfYear is 1 January of the current year in Paris, as a Date of the schema. */
function firstOfYear() {
  const year = new Intl.DateTimeFormat("en", { year: "numeric", timeZone: "Europe/Paris" }).format();
  return `${year}-01-01`;
}

/** examples are the default tabs; they run as they are with a token of make run. */
export const examples = [
  { query: lastPayments },
  { query: thisYear, variables: JSON.stringify({ from: firstOfYear() }, null, 2) },
  { query: awaited },
  { query: sharedCustody },
  { query: live },
];
