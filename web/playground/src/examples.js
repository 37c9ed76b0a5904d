// The tabs of a first visit, the most useful first. GraphiQL names each tab
// after its operation.
import awaited from "./examples/AwaitedFromMutuelle.graphql";
import beforeTheWindow from "./examples/BeforeTheWindow.graphql";
import careByKind from "./examples/CareByKind.graphql";
import dailyAllowances from "./examples/DailyAllowances.graphql";
import filterPayments from "./examples/FilterPayments.graphql";
import howItWasPaid from "./examples/HowItWasPaid.graphql";
import lastPayments from "./examples/MyLastPayments.graphql";
import live from "./examples/Live.graphql";
import myAccount from "./examples/MyAccount.graphql";
import searchCare from "./examples/SearchCare.graphql";
import sharedCustody from "./examples/SharedCustody.graphql";
import summaries from "./examples/Summaries.graphql";
import thisYear from "./examples/ThisYear.graphql";
import transfers from "./examples/MyTransfers.graphql";
import yearlyCaps from "./examples/YearlyCaps.graphql";

/** firstOfYear is 1 January of the current year in Paris, as a Date of the schema. */
function firstOfYear() {
  const year = new Intl.DateTimeFormat("en", { year: "numeric", timeZone: "Europe/Paris" }).format();
  return `${year}-01-01`;
}

/** tab is an example with its variables, as they stand in the editor. */
const tab = (query, variables) => ({ query, variables: variables && JSON.stringify(variables, null, 2) });

/** examples are the default tabs; they run as they are with a token of make run. */
export const examples = [
  tab(lastPayments),
  tab(live),
  tab(transfers, { movement: null }),
  tab(searchCare, { text: "médecin", professionals: null }),
  tab(careByKind, { kinds: ["CONSULTATION", "PHARMACY"] }),
  tab(thisYear, { from: firstOfYear() }),
  tab(summaries, { from: firstOfYear() }),
  tab(filterPayments, { states: ["PAID"], recipients: ["ASSURE", "PROFESSIONAL"], complementary: null, beneficiaries: null }),
  tab(awaited),
  tab(howItWasPaid),
  tab(yearlyCaps, { year: null }),
  tab(dailyAllowances),
  tab(beforeTheWindow, { from: "2020-01-01" }),
  tab(sharedCustody),
  tab(myAccount),
];
