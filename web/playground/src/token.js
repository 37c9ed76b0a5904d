// The bearer token: typed or pasted in the bar, kept for this tab alone
// (sessionStorage), never in a URL.
const KEY = "comptesante:token";
const field = document.getElementById("token");

field.value = sessionStorage.getItem(KEY) ?? "";
field.addEventListener("input", () => sessionStorage.setItem(KEY, field.value));

/**
 * authorization returns the value of the Authorization header for the token as
 * it stands in the field, and "" for an empty field. A pasted "Bearer " is
 * taken for what it is.
 */
export function authorization() {
  const token = field.value.trim().replace(/^bearer\s+/i, "");
  return token && `Bearer ${token}`;
}

/** onTokenChange calls fn at every keystroke and paste in the field. */
export function onTokenChange(fn) {
  field.addEventListener("input", fn);
}

/** onTokenEntered calls fn once the field is left, or Enter is pressed in it. */
export function onTokenEntered(fn) {
  field.addEventListener("change", fn);
}
