import { setTimeout as delay } from 'node:timers/promises'
import { ConfigurationError } from '../core/errors.js'
import { fingerprint, nameOf } from './fingerprint.js'
import type { TokenEventHandler } from './token-events.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import type { StoredUserToken, UserTokenLock, UserTokenStore } from './user-token-store.js'
import type { UserKey, UserToken } from './user-token.js'

/** What became of a write: done, lost to somebody else's write, or waiting for the store to come back. */
type WriteOutcome = 'stored' | 'lost' | 'waiting'

/** A user token store that never loses a token the issuer has just given. */
export interface GuardedStore {
  read(user: UserKey): Promise<StoredUserToken | undefined>
  replace(user: UserKey, token: UserToken, ifVersion: string): Promise<WriteOutcome>
  store(user: UserKey, token: UserToken): Promise<void>
  clear(user: UserKey, ifVersion?: string): Promise<boolean>
  lock(user: UserKey, ttl: number): Promise<UserTokenLock | undefined>
}

const quickRetries = [0.1, 0.4]
const slowRetry = 1
const unlocked: UserTokenLock = { release: () => Promise.resolve() }

/**
 * Guards a store: failures become `store_unavailable`, and a renewed token that cannot be written is
 * served from memory and written later, because the one in the store has been spent.
 */
export function guardStore(store: UserTokenStore, onEvent: TokenEventHandler): GuardedStore {
  const waiting = new Map<string, { token: UserToken; ifVersion: string }>()

  async function writeWaiting(user: UserKey): Promise<void> {
    const name = nameOf(user)
    const entry = waiting.get(name)
    if (!entry) return
    const version = await store.storeToken(user, entry.token, { ifVersion: entry.ifVersion })
    const newest = waiting.get(name)
    if (newest === entry) waiting.delete(name)
    // A newer token that came to wait in the meantime replaces the one just written.
    else if (newest && version !== undefined) newest.ifVersion = version
  }

  async function writeLater(user: UserKey): Promise<void> {
    while (waiting.has(nameOf(user))) {
      await delay(slowRetry * 1000, undefined, { ref: false })
      await writeWaiting(user).catch(() => undefined)
    }
  }

  // A lock over a token that is not written yet runs out by itself: nobody else shall spend the old one.
  async function release(user: UserKey, lock: UserTokenLock): Promise<void> {
    if (!waiting.has(nameOf(user))) await lock.release().catch(() => undefined)
  }

  return {
    read: (user) =>
      orUnavailable(async () => {
        const entry = waiting.get(nameOf(user))
        if (!entry) return store.getToken(user)
        try {
          await writeWaiting(user)
        } catch {
          return { token: entry.token, version: entry.ifVersion }
        }
        return store.getToken(user)
      }),

    async replace(user, token, ifVersion) {
      for (const seconds of [0, ...quickRetries]) {
        if (seconds > 0) await delay(seconds * 1000)
        try {
          const version = await store.storeToken(user, token, { ifVersion })
          return version === undefined ? 'lost' : 'stored'
        } catch {
          continue
        }
      }
      onEvent({ kind: 'storeFailed', user: fingerprint(user) })
      const isRetried = waiting.has(nameOf(user))
      waiting.set(nameOf(user), { token, ifVersion })
      if (!isRetried) void writeLater(user)
      return 'waiting'
    },

    store: (user, token) =>
      orUnavailable(async () => {
        await store.storeToken(user, token)
        waiting.delete(nameOf(user))
      }),

    clear: (user, ifVersion) =>
      orUnavailable(async () => {
        const isCleared = await store.clearToken(user, { ifVersion })
        if (isCleared) waiting.delete(nameOf(user))
        return isCleared
      }),

    lock: (user, ttl) =>
      orUnavailable(async () => {
        if (!store.lock) return unlocked
        const lock = await store.lock(user, ttl)
        return lock && { release: () => release(user, lock) }
      }),
  }
}

async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new TokenUnavailableError('store_unavailable')
  }
}
