import { LruMap } from '../lru-map.js'
import type { ValidatedToken } from './validated-token.js'

/** Remembers tokens that passed every check; never one that failed. */
export interface TokenCache {
  /** Finds a token that is remembered and not too old. */
  get(raw: string): ValidatedToken | undefined
  /** Remembers a token. */
  add(token: ValidatedToken): void
  /** Forgets a token. */
  delete(raw: string): void
}

/** How tokens are remembered: how many, and for how many seconds. */
export interface TokenCacheSettings {
  readonly maxEntries: number
  readonly maxAge: number
  readonly clock: () => number
}

// A token is found by the end of its signature, which hashes faster than all of it, and then compared as a whole.
const tail = 32

/** Creates the memory of one scheme. Nothing but the very same text is a hit. */
export function createTokenCache({ maxEntries, maxAge, clock }: TokenCacheSettings): TokenCache {
  const entries = new LruMap<string, { token: ValidatedToken; until: number }>(maxEntries)

  function get(raw: string): ValidatedToken | undefined {
    const entry = entries.get(raw.slice(-tail))
    if (entry?.token.raw !== raw) return undefined
    if (clock() < entry.until) return entry.token
    entries.delete(raw.slice(-tail))
    return undefined
  }

  return {
    get,
    add(token) {
      const now = clock()
      const { exp = Infinity } = token.payload
      const until = Math.min(now + maxAge * 1000, exp * 1000)
      if (now < until) entries.set(token.raw.slice(-tail), { token, until })
    },
    delete: (raw) => {
      entries.delete(raw.slice(-tail))
    },
  }
}
