// What becomes of a visitor's stored tabs when the examples have changed since
// they were stored: examples that nobody has touched are brought up to date, new
// ones appear at the end, and what the visitor has written, or closed, stays so.

/** contentOf is what the editors of a tab hold. */
const contentOf = ({ query, variables }) => [query ?? "", variables ?? ""].join("\n# variables\n");

/** nameOf is the name of a query's operation, "" where it has none. */
const nameOf = (query) => /^(?:query|mutation|subscription)\s+(\w+)/m.exec(query ?? "")?.[1] ?? "";

/** given is what a visitor has been given: by name, the content of each example. */
export const given = (examples) => Object.fromEntries(examples.map((example) => [nameOf(example.query), contentOf(example)]));

/**
 * renew is the state of tabs, as GraphiQL stores it, with examples in place of
 * those that were given before. before is null for a visitor of whom that is not
 * known: then every tab may be the visitor's own, and all of them stay.
 */
export function renew(state, before, examples) {
  const active = state.tabs[state.activeTabIndex];
  const kept = state.tabs.map((tab) => upToDate(tab, before ?? {}, examples)).filter(Boolean);
  const fresh = examples.filter((example) => missing(example, kept, before ?? {}));
  const tabs = [...kept, ...(kept.length + fresh.length > 0 ? fresh : examples).map(newTab)]; // never none at all
  return { tabs, activeTabIndex: Math.max(0, tabs.findIndex((tab) => tab.id === active?.id)) };
}

/** upToDate is a tab as it is now, null for an untouched one whose example is gone. */
function upToDate(tab, before, examples) {
  const name = nameOf(tab.query);
  if (before[name] !== contentOf(tab)) {
    return tab;
  }
  const example = examples.find(({ query }) => nameOf(query) === name);
  return example ? { ...tab, ...editors(example) } : null;
}

/** missing tells whether an example is in no tab, and the visitor does not know it. */
function missing(example, tabs, before) {
  const name = nameOf(example.query);
  if (tabs.some((tab) => contentOf(tab) === contentOf(example)) || before[name] === contentOf(example)) {
    return false;
  }
  const closed = name in before && !tabs.some((tab) => nameOf(tab.query) === name);
  return !closed;
}

const editors = ({ query, variables }) => ({ query, variables: variables ?? null });

const newTab = (example) => {
  const name = nameOf(example.query);
  return { id: `${name}-${Math.random().toString(36).slice(2)}`, title: name, operationName: name, headers: null, response: null, ...editors(example) };
};
