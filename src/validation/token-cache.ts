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

interface Entry {
  readonly token: ValidatedToken
  readonly until: number
}

// A token is found by the end of its signature, which hashes faster than all of it, and then compared as a whole.
const tail = 32

/** Creates the memory of one scheme. Nothing but the very same text is a hit. */
export function createTokenCache({ maxEntries, maxAge, clock }: TokenCacheSettings): TokenCache {
  const entries = new LruMap<string, Entry>(maxEntries)
  // Each request asks twice in a row: when its header is read, and when its token is checked.
  let lastRaw: string | undefined
  let lastFound: Entry | undefined

  function find(raw: string): Entry | undefined {
    if (raw !== lastRaw) {
      const entry = entries.get(raw.slice(-tail))
      lastFound = entry?.token.raw === raw ? entry : undefined
      lastRaw = raw
    }
    return lastFound
  }

  function get(raw: string): ValidatedToken | undefined {
    const entry = find(raw)
    if (entry === undefined) return undefined
    if (clock() < entry.until) return entry.token
    forget(raw)
    return undefined
  }

  function forget(raw: string): void {
    lastRaw = undefined
    entries.delete(raw.slice(-tail))
  }

  return {
    get,
    add(token) {
      const now = clock()
      const { exp = Infinity } = token.payload
      const until = Math.min(now + maxAge * 1000, exp * 1000)
      lastRaw = undefined
      if (now < until) entries.set(token.raw.slice(-tail), { token, until })
    },
    delete: forget,
  }
}
