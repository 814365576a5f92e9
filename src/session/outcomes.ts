import { revokeQuietly } from './revoke.js'
import { dataOf, isSame } from './session-data.js'
import type { SessionRecord } from './session-store.js'
import type { SessionSettings } from './settings.js'
import { untilItWorks } from '../internal/time-limit.js'
import { unavailable } from './unavailable.js'

/** What came of spending a refresh token. */
export interface Outcome {
  /** The record under which it was spent. */
  readonly claim: SessionRecord
  /** What takes that record's place; nothing when the issuer refused. */
  readonly renewed: SessionRecord | undefined
}

/** Keeps what came of refreshes, the store's failures notwithstanding: a refresh token is spent only once. */
export interface Outcomes {
  /** Reads a session as it stands once everything is written. */
  read(key: string): Promise<SessionRecord | undefined>
  /**
   * Writes an outcome. What cannot be written now is kept in memory until it can. Never rejects.
   *
   * @returns The record that counts; nothing when the session is over.
   */
  write(key: string, outcome: Outcome): Promise<SessionRecord | undefined>
  /**
   * Tries once more to write what waits.
   *
   * @returns Whether something was waiting; rejects when it still cannot be written.
   */
  settle(key: string): Promise<boolean>
  /** Lets go of what waits to be written: the session has been ended. */
  take(key: string): SessionRecord | undefined
}

// Other processes write claims alone; so many in a row mean that the store is broken.
const maxAttempts = 10

/** Creates an empty memory of outcomes in front of a store. */
export function createOutcomes({
  store,
  logout,
  clock,
}: Pick<SessionSettings, 'store' | 'logout' | 'clock'>): Outcomes {
  const waiting = new Map<string, Outcome>()

  async function put(key: string, outcome: Outcome): Promise<SessionRecord | undefined> {
    const { claim, renewed } = outcome
    if (renewed === undefined) {
      await store.delete(key, claim.version)
      return store.get(key)
    }
    if (await store.replace(key, claim.version, renewed)) return renewed
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const found = await store.get(key)
      if (found === undefined) {
        // The user has signed out meanwhile: what came too late must not stay usable.
        void revokeQuietly({ logout }, dataOf(renewed).tokens)
        return undefined
      }
      // An earlier write got there and its answer was lost, or somebody else has newer tokens.
      if (found.version === renewed.version || !isReplaced(found, outcome)) return found
      if (await store.replace(key, found.version, renewed)) return renewed
    }
    throw unavailable('The session cannot be written now')
  }

  async function settle(key: string): Promise<boolean> {
    const outcome = waiting.get(key)
    if (outcome === undefined) return false
    await put(key, outcome)
    // A sign-out may have taken it meanwhile; no other outcome can come before this one is written.
    waiting.delete(key)
    return true
  }

  return {
    async read(key) {
      const found = await store.get(key)
      const outcome = waiting.get(key)
      if (found === undefined || outcome === undefined) return found
      return isReplaced(found, outcome) ? outcome.renewed : found
    },
    async write(key, outcome) {
      try {
        return await put(key, outcome)
      } catch {
        waiting.set(key, outcome)
        untilItWorks(async () => {
          if (waiting.get(key) !== outcome) return
          if (outcome.claim.expiresAt.getTime() > clock()) await settle(key)
          else waiting.delete(key)
        })
        return outcome.renewed
      }
    },
    settle,
    take(key) {
      const outcome = waiting.get(key)
      waiting.delete(key)
      return outcome?.renewed
    },
  }
}

// Whether a record is out of date by what came of the refresh token in it.
function isReplaced(found: SessionRecord, { claim, renewed }: Outcome): boolean {
  // Refused, but under another claim by now: its holder may have been the faster one.
  if (renewed === undefined) return found.version === claim.version
  return found.version !== renewed.version && isSame(dataOf(found).tokens, dataOf(claim).tokens)
}
