// The playground: GraphiQL on the page's own server, with examples that
// run as they are and a bar for the token.
import "./workers.js"; // first: Monaco asks for its workers as soon as it loads

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { examples } from "./examples.js";
import { fetcher } from "./fetcher.js";
import { closeSocket } from "./socket.js";
import { renewTabs, storage } from "./storage.js";
import { onTokenChange, onTokenEntered } from "./token.js";

// The parts of graphiql/style.css without its copies of the Roboto and Fira
// Code fonts, which are half a megabyte and come without their licences.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "graphiql/graphiql.css";
import "./page.css";

// No history plugin: it writes the Headers tab, a token included, to
// localStorage whatever shouldPersistHeaders says.
const plugins = [];
const root = createRoot(document.getElementById("graphiql"));
let schemaKnown = false;

/** render shows GraphiQL; a fetcher that it has not met makes it read the schema anew. */
function render() {
  root.render(
    <GraphiQL
      fetcher={(request, options) => fetcher(request, options)}
      defaultTabs={examples}
      defaultEditorToolsVisibility="variables"
      plugins={plugins}
      shouldPersistHeaders={false}
      storage={storage}
      onSchemaChange={() => (schemaKnown = true)}
    >
      <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
    </GraphiQL>,
  );
}

renewTabs(examples);
render();
onTokenChange(closeSocket);
onTokenEntered(() => schemaKnown || render());
