// The example of graphql-sse, with one connection for all that is followed.
import { follow as distinct } from "./graphql-sse.js";
import type { App } from "./feed.js";

export const follow = (app: App) => distinct(app, true);
