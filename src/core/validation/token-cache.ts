import { LruMap } from '../../internal/lru-map.js'
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

// A token is found by the end of its signature, and then compared as a whole. So short a piece is copied
// instead of pointing into the token, which makes it quick to hash.
const tail = 12

// Where nobody comes twice, to remember everybody costs more than it ever spares. So additions are paid for by what
// is found: whoever has no credit left still makes one in so many, to see whether tokens come again.
const leastCredit = 1000
const oneIn = 64

/** Creates the memory of one scheme. Nothing but the very same text is a hit. */
export function createTokenCache({ maxEntries, maxAge, clock }: TokenCacheSettings): TokenCache {
  const tokens = new LruMap<string, ValidatedToken>(maxEntries)
  // Each request asks twice in a row: when its header is read, and when its token is checked.
  let lastRaw: string | undefined
  let lastFound: ValidatedToken | undefined
  const fullCredit = Math.max(leastCredit, maxEntries)
  let credit = fullCredit
  let missed = 0

  // Who is remembered for longer than anybody may be was remembered before the clock jumped back.
  const longest = maxAge * 1000 + 60_000

  function look(raw: string): void {
    if (raw === lastRaw) return
    lastRaw = raw
    const token = tokens.get(raw.slice(-tail))
    lastFound = token?.raw === raw ? token : undefined
  }

  function forget(raw: string): void {
    lastRaw = undefined
    tokens.delete(raw.slice(-tail))
  }

  return {
    get(raw) {
      look(raw)
      if (lastFound === undefined) return undefined
      const left = lastFound.rememberedUntil - clock()
      if (left > 0 && left <= longest) {
        if (credit < fullCredit) credit += 1
        return lastFound
      }
      forget(raw)
      return undefined
    },
    add(token) {
      if (credit > 0) credit -= 1
      else if ((missed += 1) % oneIn !== 0) return
      const now = clock()
      const { exp = Infinity } = token.payload
      token.rememberedUntil = Math.min(now + maxAge * 1000, exp * 1000)
      if (!(now < token.rememberedUntil)) return
      tokens.set(token.raw.slice(-tail), token)
      lastRaw = undefined
    },
    delete: forget,
  }
}
