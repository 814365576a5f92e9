import { PGlite } from '@electric-sql/pglite'
import { createSchema, type PostgresClient } from 'express-jwt-bearer/postgres'
import pg from 'pg'
import { startPostgres } from '../support/postgres.js'

// The search path under which functions of the server are hidden.
const searchPath = 'public, shifted, pg_catalog'

// Functions of the server can be hidden by others of the same name.
const statements = [
  'CREATE SCHEMA shifted',
  'CREATE TABLE shifted.clock AS SELECT 0::float8 AS ahead',
  `CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
   $$ SELECT pg_catalog.clock_timestamp() + ahead * interval '1 second' FROM shifted.clock $$`,
]

interface ShiftedDatabase {
  readonly client: PostgresClient
  readonly passTime: (seconds: number) => Promise<void>
  readonly resetTime: () => Promise<void>
}

/** Opens a server and an embedded database with the tables and a clock that can be moved on, for `describe.each`. */
export async function openShiftedDatabases() {
  const engine = await startPostgres()
  const pool = new pg.Pool({
    connectionString: engine.url,
    options: `-c search_path=${searchPath.replaceAll(' ', '')}`,
  })
  const lite = new PGlite()
  await lite.query(`SET search_path = ${searchPath}`)
  const databases: [name: string, database: ShiftedDatabase][] = [
    ['pg', await shiftedClock(pool)],
    ['PGlite', await shiftedClock(lite)],
  ]
  return {
    engine,
    pool,
    databases,
    close: async () => {
      await lite.close()
      await pool.end()
      await engine.stop()
    },
  }
}

async function shiftedClock(client: PostgresClient): Promise<ShiftedDatabase> {
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
