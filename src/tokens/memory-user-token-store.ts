import { randomUUID } from 'node:crypto'
import { checkNames, readCount } from '../core/option-checks.js'
import { LruMap } from '../internal/lru-map.js'
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
  const sessions = new LruMap<string, StoredUserToken>(maxEntries)

  // Nothing comes between a read and a write: the promises are there at once.
  /* eslint-disable @typescript-eslint/require-await -- throws as a rejection */
  return {
    async storeToken(user, token, { ifVersion } = {}) {
      const name = nameOf(user)
      if (ifVersion !== undefined && sessions.get(name)?.version !== ifVersion) return undefined
      const version = randomUUID()
      sessions.set(name, { token: structuredClone(token), version })
      return version
    },
    async getToken(user) {
      return sessions.get(nameOf(user))
    },
    async clearToken(user, { ifVersion } = {}) {
      const name = nameOf(user)
      const stored = sessions.get(name)
      if (stored && ifVersion !== undefined && stored.version !== ifVersion) return false
      sessions.delete(name)
      return true
    },
  }
  /* eslint-enable @typescript-eslint/require-await */
}

function warnInProduction(): void {
  if (hasWarned || process.env['NODE_ENV'] !== 'production') return
  hasWarned = true
  process.emitWarning(
    'User tokens are kept in the memory of this process alone, and are lost when it ends: give createTokenManager() a "store"',
  )
}
