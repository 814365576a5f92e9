import { PGlite } from '@electric-sql/pglite'
import { createSchema, type PostgresClient } from 'express-jwt-bearer/postgres'
import pg from 'pg'
import { lockFolder } from './lock-folder.js'
import type { Settings } from './settings.js'

export interface Database extends PostgresClient {
  close(): Promise<void>
}

// Processes that start together take turns. The unique index makes e-mail addresses that differ only
// in case the same.
const users = `DO $create$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('accounts schema'));
CREATE TABLE IF NOT EXISTS "User" (
  "Id" uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  "FirstName" text,
  "LastName" text,
  "Email" text NOT NULL,
  "PasswordHash" text NOT NULL,
  "PhoneNumber" text,
  "Roles" text[] NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX IF NOT EXISTS "User_Email" ON "User" (lower("Email"));
END $create$`

/** Opens PostgreSQL, or PGlite in a folder, with all tables in place. */
export async function openDatabase(settings: Settings): Promise<Database> {
  const database =
    settings.DATABASE_URL === undefined
      ? await openFolder(settings.DATA_FOLDER)
      : openServer(settings.DATABASE_URL)
  await createSchema(database)
  await database.query(users)
  return database
}

async function openFolder(folder: string): Promise<Database> {
  const unlock = await lockFolder(folder)
  const database = await PGlite.create(folder)
  return {
    query: (statement, parameters) => database.query(statement, parameters),
    close: async () => {
      await database.close()
      unlock()
    },
  }
}

function openServer(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 5000 })
  // An idle connection that the server drops is replaced; without a listener it would end the process.
  pool.on('error', (error) => {
    console.error(`PostgreSQL: ${error.message}`)
  })
  return {
    query: (statement, parameters) => pool.query(statement, parameters),
    close: () => pool.end(),
  }
}
