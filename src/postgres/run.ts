import { wait } from '../internal/time-limit.js'
import { checkClient, type PostgresClient } from './client.js'

/** Runs one statement and gives its rows. */
export type RunStatement = (text: string, parameters?: unknown[]) => Promise<readonly unknown[]>

// Under "repeatable read" and "serializable" the server ends one of two statements that meet; so it does
// with one of two that wait for each other. Nothing of it was written, so it can be tried again.
const conflicts = new Set(['40001', '40P01'])

// Of eight that meet again and again one is through each time; the rest is room for false alarms.
const attempts = 24
const longestPause = 100

/**
 * Prepares a client for the statements of a store: each is tried again when it met another one.
 *
 * @throws {@link ConfigurationError} when the client cannot run statements, at once.
 */
export function prepareClient(client: PostgresClient): RunStatement {
  checkClient(client)
  return async (text, parameters) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await client.query(text, parameters)).rows
      } catch (error) {
        const { code } = error as { readonly code?: unknown }
        if (attempt === attempts || typeof code !== 'string' || !conflicts.has(code)) throw error
      }
      // At random, so that those who met do not meet again.
      await wait(Math.random() * Math.min(2 ** attempt, longestPause))
    }
  }
}

/**
 * Tells whether PostgreSQL can hold a text: it takes no NUL, and half a surrogate pair would become
 * another text on the way.
 */
export function isText(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text)
}
