import { setTimeout as delay } from 'node:timers/promises'
import { ConfigurationError } from '../core/errors.js'
import { LruMap } from '../internal/lru-map.js'
import { within } from '../internal/time-limit.js'
import { fingerprint } from './fingerprint.js'
import type { TokenEventHandler } from './token-events.js'
import { contentOf, readStored } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import type { StoredUserToken, UserTokenLock, UserTokenStore } from './user-token-store.js'
import { UnreadableTokenError, type UserKey, type UserToken } from './user-token.js'
import { createWaitingTokens, type TokenWrite, type WriteOutcome } from './waiting-tokens.js'

/** A user token store that never loses a token the issuer has just given. */
export interface GuardedStore {
  read(user: UserKey): Promise<StoredUserToken | undefined>
  /** Writes what came of a renewal in place of what was renewed. */
  replace(user: UserKey, token: UserToken, base: StoredUserToken): Promise<WriteOutcome | 'waiting'>
  store(user: UserKey, token: UserToken): Promise<void>
  clear(user: UserKey, ifVersion?: string): Promise<boolean>
  /** Whether this process has cleared that version: whatever comes of it later is over, too. */
  wasCleared(version: string): boolean
  /** Never fails: what cannot be asked for is gone without. `undefined` while somebody else has it. */
  lock(user: UserKey, ttl: number): Promise<UserTokenLock | undefined>
}

/** Seconds after which a store that has not answered counts as down. */
const storeLimit = 5

const quickRetries = [0, 0.1, 0.4]
const releaseLimit = 1
const unlocked: UserTokenLock = { release: () => Promise.resolve() }

/**
 * Guards a store: failures become `store_unavailable`, and a renewed token that cannot be written is
 * served from memory and written later, because the one in the store has been spent.
 *
 * @param revoke - Tells the issuer that a token is of no use, because its session is over. Never fails.
 */
export function guardStore(
  store: UserTokenStore,
  onEvent: TokenEventHandler,
  revoke: (user: UserKey, token: UserToken) => Promise<void>,
): GuardedStore {
  const cleared = new LruMap<string, true>(1000)
  const waiting = createWaitingTokens(write, async (user, { token, base }, outcome) => {
    if (outcome === 'gone' || wasCleared(base.version)) await revoke(user, token)
  })

  // Where a token came from that was read while it waited.
  const views = new WeakMap<StoredUserToken, TokenWrite>()

  function wasCleared(version: string): boolean {
    return cleared.get(version) === true
  }

  async function readNow(user: UserKey): Promise<StoredUserToken | undefined> {
    try {
      const stored = await within(storeLimit, () => store.getToken(user))
      const token = stored && readStored(stored.token)
      return stored && token && { token, version: stored.version }
    } catch (error) {
      // Nobody can use it again. To be signed out is better than to be turned away for ever.
      if (error instanceof UnreadableTokenError) return undefined
      throw error
    }
  }

  // A refused write may be our own whose answer was lost: then the store holds what was to be written,
  // or an earlier token of ours, over which the newer one goes.
  async function write(user: UserKey, { token, base, ours }: TokenWrite): Promise<WriteOutcome> {
    let ifVersion = base.version
    for (let look = 0; look < 3; look += 1) {
      const condition = { ifVersion }
      const version = await within(storeLimit, () => store.storeToken(user, token, condition))
      if (version !== undefined) return 'stored'
      const current = await readNow(user)
      if (current === undefined) return 'gone'
      const content = contentOf(current.token)
      if (content === contentOf(token)) return 'stored'
      if (!ours.has(content)) return 'lost'
      ifVersion = current.version
    }
    throw new TokenUnavailableError('store_unavailable')
  }

  async function writeSoon(user: UserKey, renewal: TokenWrite): Promise<WriteOutcome> {
    for (const seconds of quickRetries) {
      if (seconds > 0) await delay(seconds * 1000)
      try {
        return await write(user, renewal)
      } catch {
        continue
      }
    }
    throw new TokenUnavailableError('store_unavailable')
  }

  // A lock over a token that is not written yet runs out by itself: nobody else shall spend the old one.
  async function release(user: UserKey, lock: UserTokenLock): Promise<void> {
    if (waiting.get(user) !== undefined) return
    await within(releaseLimit, () => lock.release()).catch(() => undefined)
  }

  return {
    wasCleared,

    read: (user) =>
      orUnavailable(async () => {
        await waiting.settle(user)
        const newest = waiting.get(user)
        if (newest === undefined) return readNow(user)
        const view = { token: newest.token, version: newest.base.version }
        views.set(view, newest)
        return view
      }),

    async replace(user, token, base) {
      // What was renewed may have waited itself, and may be in the store by now under another version.
      const earlier = views.get(base)
      const ours = new Set(earlier && [...earlier.ours, contentOf(earlier.token)])
      const renewal = { token, base, ours }
      try {
        const outcome = await within(storeLimit + 1, () => writeSoon(user, renewal))
        waiting.drop(user)
        return outcome
      } catch {
        if (wasCleared(base.version)) return 'gone'
        onEvent({ kind: 'storeFailed', user: fingerprint(user) })
        waiting.add(user, renewal)
        return 'waiting'
      }
    },

    store: (user, token) =>
      orUnavailable(async () => {
        await within(storeLimit, () => store.storeToken(user, token))
        waiting.drop(user)
      }),

    clear: (user, ifVersion) =>
      orUnavailable(async () => {
        const isCleared = await within(storeLimit, () => store.clearToken(user, { ifVersion }))
        if (!isCleared) return false
        if (ifVersion !== undefined) cleared.set(ifVersion, true)
        waiting.drop(user)
        return true
      }),

    async lock(user, ttl) {
      if (!store.lock) return unlocked
      try {
        const lock = await within(
          storeLimit,
          async () => store.lock?.(user, ttl),
          (late) => void (late && release(user, late)),
        )
        return lock && { release: () => release(user, lock) }
      } catch {
        return unlocked
      }
    },
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
