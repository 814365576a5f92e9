import { randomUUID } from 'node:crypto'
import { checkNames, readCount } from '../core/option-checks.js'
import { nameOf } from './fingerprint.js'
import type { StoredUserToken, UserTokenStore } from './user-token-store.js'

/** What {@link createMemoryUserTokenStore} accepts. */
export interface MemoryUserTokenStoreOptions {
  /**
   * How many sessions are kept. Beyond that the one that was idle longest has to sign in again.
   *
   * @defaultValue `10_000`
   */
  maxEntries?: number | undefined
}

let hasWarned = false

/**
 * Creates a store in the memory of this process: for development, tests and a single process.
 *
 * Everybody is signed out when the process ends. Warns once where `NODE_ENV` is `production`.
 *
 * @throws {@link ConfigurationError} when an option is wrong.
 */
export function createMemoryUserTokenStore(
  options: MemoryUserTokenStoreOptions = {},
): UserTokenStore {
  checkNames(options, ['maxEntries'], 'the memory user token store options')
  const maxEntries = readCount(options.maxEntries, 'maxEntries', 10_000)
  warnInProduction()
  const sessions = new Map<string, StoredUserToken>()

  function put(name: string, stored: StoredUserToken): void {
    sessions.delete(name)
    sessions.set(name, stored)
    const [oldest] = sessions.keys()
    if (sessions.size > maxEntries) sessions.delete(oldest as string)
  }

  return {
    storeToken(user, token, { ifVersion } = {}) {
      const name = nameOf(user)
      if (ifVersion !== undefined && sessions.get(name)?.version !== ifVersion) {
        return Promise.resolve(undefined)
      }
      const version = randomUUID()
      put(name, { token: structuredClone(token), version })
      return Promise.resolve(version)
    },
    getToken(user) {
      const stored = sessions.get(nameOf(user))
      if (stored) put(nameOf(user), stored)
      return Promise.resolve(stored)
    },
    clearToken(user, { ifVersion } = {}) {
      const stored = sessions.get(nameOf(user))
      if (stored && ifVersion !== undefined && stored.version !== ifVersion) {
        return Promise.resolve(false)
      }
      sessions.delete(nameOf(user))
      return Promise.resolve(true)
    },
  }
}

function warnInProduction(): void {
  if (hasWarned || process.env['NODE_ENV'] !== 'production') return
  hasWarned = true
  process.emitWarning(
    'User tokens are kept in the memory of this process: they are lost when it ends, and other processes do not see them. Give createTokenManager() a "store".',
  )
}
