import { isAhead } from '../core/keys/outage.js'
import type { IntrospectedToken } from '../core/token-introspection.js'
import { LruMap } from '../internal/lru-map.js'
import type { CacheSettings } from './options.js'

/** Remembers what the endpoint said of tokens. Their names are hashes: an opaque token is a password. */
export interface AnswerCache {
  /** Finds an active token, or that it is inactive; nothing when nobody knows. */
  get(name: string): IntrospectedToken | 'inactive' | undefined
  /** Remembers an active token, up to its `exp` (RFC 7662 section 4). */
  addActive(name: string, token: IntrospectedToken): void
  /** Remembers an inactive token. */
  addInactive(name: string): void
}

interface Entry<Value> {
  readonly value: Value
  readonly since: number
  readonly until: number
}

/** Creates the memory of one scheme. Inactive tokens have one of their own, so that a flood pushes no good ones out. */
export function createAnswerCache(
  settings: CacheSettings | undefined,
  clock: () => number,
): AnswerCache {
  if (settings === undefined) return noCache
  const active = new LruMap<string, Entry<IntrospectedToken>>(settings.maxEntries)
  const inactive = new LruMap<string, Entry<'inactive'>>(settings.maxEntries)

  function find<Value>(map: LruMap<string, Entry<Value>>, name: string): Value | undefined {
    const entry = map.get(name)
    if (entry === undefined) return undefined
    const now = clock()
    if (now < entry.until && !isAhead(entry.since, now)) return entry.value
    map.delete(name)
    return undefined
  }

  return {
    get: (name) => find(active, name) ?? find(inactive, name),
    addActive(name, token) {
      const since = clock()
      const until = Math.min(since + settings.maxAge * 1000, expiryOf(token))
      if (since < until) active.set(name, { value: token, since, until })
    },
    addInactive(name) {
      const since = clock()
      const until = since + settings.inactiveMaxAge * 1000
      if (since < until) inactive.set(name, { value: 'inactive', since, until })
    },
  }
}

const noCache: AnswerCache = {
  get: () => undefined,
  addActive: () => undefined,
  addInactive: () => undefined,
}

// What is no instant is refused whenever it is looked at; there is nothing to remember.
function expiryOf({ payload: { exp = Infinity } }: IntrospectedToken): number {
  return typeof exp === 'number' ? exp * 1000 : 0
}
