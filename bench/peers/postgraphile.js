// PostGraphile as its documentation has it for production: the Amber preset, no
// GraphiQL, no explain, no websockets, a pool that stays. The schema is read
// from the database; what the API needs beyond is relations and one condition.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition, pgSmartTags } from "postgraphile/utils";
import { serve } from "./cluster.js";

// Relations by smart tags: they hold whether or not the tables have foreign
// keys. Lines hang on the payment's day too, which their primary key begins
// with. A list instead of a connection is what one writes for few rows.
const relations = pgSmartTags([
  {
    kind: "class",
    match: "payments",
    tags: {
      unique: "assure_id,paid_on,id",
      foreignKey: [
        "(assure_id, beneficiary_id) references beneficiaries (assure_id, id)|@fieldName beneficiary",
        "(mutuelle_id) references mutuelles (id)|@fieldName mutuelle",
      ],
    },
  },
  {
    kind: "class",
    match: "payment_lines",
    tags: {
      foreignKey: [
        "(assure_id, paid_on, payment_id) references payments (assure_id, paid_on, id)|@fieldName payment|@foreignSimpleFieldName lines|@behavior +list -connection",
        "(act_id) references acts (id)|@fieldName act",
        "(professional_id) references professionals (id)|@fieldName professional",
      ],
    },
  },
]);

// The history begins at a day: conditions of the preset know equality alone.
const paidSince = addPgTableCondition(
  { schemaName: "public", tableName: "payments" },
  "paidSince",
  (build) => ({ type: build.getInputTypeByName("Date") }),
  (value, { sql, sqlTableAlias, sqlValueWithCodec, build }) =>
    sql`${sqlTableAlias}.paid_on >= ${sqlValueWithCodec(value, build.dataplanPg.TYPES.date)}`,
);

await serve(async () => {
  const pool = new pg.Pool({ max: 16 }); // where to: PGHOST and the like
  const server = postgraphile({
    extends: [PostGraphileAmberPreset],
    plugins: [relations, paidSince],
    pgServices: [makePgService({ pool, schemas: ["public"] })],
    grafserv: { graphiql: false, websockets: false, watch: false },
    grafast: { explain: false },
  });
  await server.getSchema();
  const serv = server.createServ(grafserv);
  const http = createServer();
  await serv.addTo(http);
  return (port) => new Promise((listening) => http.listen(port, "127.0.0.1", listening));
});
