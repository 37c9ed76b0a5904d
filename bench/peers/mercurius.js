// Mercurius as its documentation has it for production: the compiler (jit) on,
// loaders for everything that hangs on a row, no logger, a pool that stays.
import fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";
import { serve } from "./cluster.js";

const schema = `
  type Query { payments(assure: ID!, first: Int!, since: String!): PaymentPage! }
  type PaymentPage { nodes: [Payment!]!  pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! }
  type Payment {
    reference: String!  movement: String!  paidOn: String!  recipient: String!  amount: Int!  revision: Int!
    beneficiary: Beneficiary!
    lines: [Line!]!
    complementary: String!  complementaryAmount: Int  complementaryPaidOn: String
    mutuelle: Mutuelle
  }
  type Beneficiary { givenName: String!  familyName: String!  relation: String! }
  type Line {
    caredOn: String!  act: String!  label: String!
    spent: Int!  base: Int!  rate: Int!  reimbursed: Int!  retained: Int!  paid: Int!
    professional: Professional
  }
  type Professional { name: String!  specialty: String!  town: String }
  type Mutuelle { name: String! }
`;

// Days stay the text that they are. Keys stay text too: they are only passed on.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

// Statements have names, so that each connection prepares them once.
const page = {
  name: "page",
  text: `SELECT assure_id, id, beneficiary_id, mutuelle_id, reference, movement, paid_on AS "paidOn", recipient, amount_cents AS amount, revision,
                complementary, complementary_cents AS "complementaryAmount", complementary_paid_on AS "complementaryPaidOn"
         FROM payments WHERE assure_id = $1 AND paid_on >= $2 ORDER BY paid_on DESC, id DESC LIMIT $3`,
};
const beneficiaries = {
  name: "beneficiaries",
  text: `SELECT id, given_name AS "givenName", family_name AS "familyName", relation
         FROM beneficiaries WHERE assure_id = ANY($1) AND id = ANY($2)`,
};
// The days between which the payments lie bound what is read of the key, which
// begins with the day.
const lines = {
  name: "lines",
  text: `SELECT payment_id, professional_id, act_id, cared_on AS "caredOn", spent_cents AS spent, base_cents AS base,
                rate, reimbursed_cents AS reimbursed, retained_cents AS retained, paid_cents AS paid
         FROM payment_lines
         WHERE assure_id = ANY($1) AND paid_on BETWEEN $2 AND $3 AND payment_id = ANY($4)
         ORDER BY payment_id, position`,
};
// The few acts stay in memory: joined, they took PostgreSQL longer than the lines.
const acts = "SELECT id, code AS act, label FROM acts";
const professionals = { name: "professionals", text: "SELECT id, name, specialty, town FROM professionals WHERE id = ANY($1)" };
const mutuelles = { name: "mutuelles", text: "SELECT id, name FROM mutuelles WHERE id = ANY($1)" };

const distinct = (values) => [...new Set(values)];

// loader is uncached: the cache of loaders would serialise each row into a key,
// and lives no longer than the request. Equal keys are asked for once.
const loader = (load) => ({ loader: load, opts: { cache: false } });

function makeLoaders(pool, actsById) {
  const rowsOf = async (statement, ...values) => (await pool.query({ ...statement, values })).rows;
  const byKey = (statement, key) =>
    loader(async (queries) => {
      const keys = distinct(queries.map(({ obj }) => obj[key]).filter((k) => k !== null));
      if (keys.length === 0) return queries.map(() => null);
      const found = new Map((await rowsOf(statement, keys)).map((row) => [row.id, row]));
      return queries.map(({ obj }) => found.get(obj[key]) ?? null);
    });
  return {
    Payment: {
      mutuelle: byKey(mutuelles, "mutuelle_id"),
      beneficiary: loader(async (queries) => {
        const [assures, keys] = ["assure_id", "beneficiary_id"].map((key) => distinct(queries.map(({ obj }) => obj[key])));
        const found = new Map((await rowsOf(beneficiaries, assures, keys)).map((row) => [row.id, row]));
        return queries.map(({ obj }) => found.get(obj.beneficiary_id));
      }),
      lines: loader(async (queries) => {
        const days = queries.map(({ obj }) => obj.paidOn).sort();
        const of = new Map(queries.map(({ obj }) => [obj.id, []]));
        const assures = distinct(queries.map(({ obj }) => obj.assure_id));
        for (const row of await rowsOf(lines, assures, days[0], days.at(-1), [...of.keys()])) {
          of.get(row.payment_id).push(Object.assign(row, actsById.get(row.act_id)));
        }
        return queries.map(({ obj }) => of.get(obj.id));
      }),
    },
    Line: { professional: byKey(professionals, "professional_id") },
  };
}

await serve(async () => {
  const pool = new pg.Pool({ max: 16 }); // where to: PGHOST and the like
  const actsById = new Map((await pool.query(acts)).rows.map(({ id, act, label }) => [id, { act, label }]));
  const app = fastify({ logger: false });
  app.register(mercurius, {
    schema,
    resolvers: {
      Query: {
        async payments(_, { assure, first, since }) {
          const { rows } = await pool.query({ ...page, values: [assure, since, first + 1] });
          return { nodes: rows.slice(0, first), pageInfo: { hasNextPage: rows.length > first } };
        },
      },
    },
    loaders: makeLoaders(pool, actsById),
    jit: 1,
    graphiql: false,
    subscription: false,
  });
  await app.ready();
  return (port) => app.listen({ port, host: "127.0.0.1" });
});
