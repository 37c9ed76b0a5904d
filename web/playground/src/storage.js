// What GraphiQL remembers (tabs, sizes, theme; never headers or answers), in
// localStorage under our own prefix: developers run many a GraphiQL on one
// localhost port, and would else meet the tabs of another project here.
import { given, renew } from "./tabs.js";

const PREFIX = "comptesante/1:";

const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

/** storage is the part of the Storage interface that GraphiQL asks for. */
export const storage = {
  getItem: (key) => localStorage.getItem(PREFIX + key),
  setItem: (key, value) => localStorage.setItem(PREFIX + key, value),
  removeItem: (key) => localStorage.removeItem(PREFIX + key),
  clear: () => ownKeys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return ownKeys().length;
  },
};

// Where GraphiQL stores its tabs, and what stands in the editors: that of the
// active tab, or it would open one more.
const TABS = "graphiql:tabState";
const EDITORS = { query: "graphiql:query", variables: "graphiql:variables" };

// What the visitor has been given of the examples.
const GIVEN = "examples";

/** renewTabs brings stored tabs up to date with the examples; call it before GraphiQL reads them. */
export function renewTabs(examples) {
  const now = JSON.stringify(given(examples));
  if (storage.getItem(GIVEN) === now) {
    return;
  }
  try {
    const state = parsed(TABS);
    if (Array.isArray(state?.tabs) && state.tabs.length > 0) {
      const next = renew(state, parsed(GIVEN), examples);
      storage.setItem(TABS, JSON.stringify(next));
      showActive(next.tabs[next.activeTabIndex]);
    }
    storage.setItem(GIVEN, now);
  } catch {
    // No room, or nothing that can be read: GraphiQL goes on with what is there.
  }
}

const parsed = (key) => JSON.parse(storage.getItem(key));

function showActive(tab) {
  for (const [editor, key] of Object.entries(EDITORS)) {
    if (tab[editor]) {
      storage.setItem(key, tab[editor]);
    } else {
      storage.removeItem(key);
    }
  }
}
