import { createSchema, type PostgresClient } from 'express-jwt-bearer/postgres'

/** The search path under which {@link shiftedClock} works. */
export const searchPath = 'public, shifted, pg_catalog'

// Functions of the server can be hidden by others of the same name.
const statements = [
  'CREATE SCHEMA shifted',
  'CREATE TABLE shifted.clock AS SELECT 0::float8 AS ahead',
  `CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
   $$ SELECT pg_catalog.clock_timestamp() + ahead * interval '1 second' FROM shifted.clock $$`,
]

/** Creates the tables in a database whose clock can be moved on. */
export async function shiftedClock(client: PostgresClient) {
  for (const statement of statements) await client.query(statement)
  await createSchema(client)
  return {
    client,
    passTime: async (seconds: number) => {
      await client.query('UPDATE shifted.clock SET ahead = ahead + $1', [seconds])
    },
    resetTime: async () => {
      await client.query('UPDATE shifted.clock SET ahead = 0')
    },
  }
}
