// What GraphiQL remembers (tabs, sizes, theme; never headers or answers), in
// localStorage under our own prefix: developers run many a GraphiQL on one
// localhost port, and would else meet the tabs of another project here.
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
