import { checkNames, readClock, readCount } from '../core/option-checks.js'
import type { DenyKind, DenyList } from './deny-list.js'
import { warnInProduction } from './warn-in-production.js'

/** What {@link createMemoryDenyList} accepts. */
export interface MemoryDenyListOptions {
  /**
   * How many entries are kept. Beyond that, and only when none has ended, the oldest is forgotten.
   *
   * @remarks The token of a forgotten entry is accepted again until it expires.
   *
   * @defaultValue `100000`
   */
  maxEntries?: number | undefined
  /**
   * The time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

interface Entry {
  readonly endsAt: number
  readonly notBefore: number
}

/**
 * Keeps a deny list in the memory of this process: for development, tests and a single process.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 */
export function createMemoryDenyList(options: MemoryDenyListOptions = {}): DenyList {
  checkNames(options, ['maxEntries', 'clock'], 'the options of createMemoryDenyList()')
  const maxEntries = readCount(options.maxEntries, 'maxEntries', 100_000)
  const clock = readClock(options.clock)
  warnInProduction('The deny list', 'other processes accept what it denies')
  const entries = new Map<string, Entry>()

  function find(kind: DenyKind, id: string | undefined): Entry | undefined {
    const entry = entries.get(`${kind}:${String(id)}`)
    return id === undefined || entry === undefined || clock() >= entry.endsAt ? undefined : entry
  }

  function makeRoom(): void {
    if (entries.size < maxEntries) return
    const ended = [...entries].filter(([, { endsAt }]) => clock() >= endsAt)
    const leaving = ended.length > 0 ? ended : [...entries].slice(0, 1)
    for (const [key] of leaving) entries.delete(key)
  }

  return {
    deny(entry) {
      const known = find(entry.kind, entry.id)
      if (known === undefined) makeRoom()
      entries.set(`${entry.kind}:${entry.id}`, {
        endsAt: Math.max(known?.endsAt ?? 0, clock() + entry.lifetime * 1000),
        notBefore: Math.max(known?.notBefore ?? 0, entry.kind === 'sub' ? entry.notBefore : 0),
      })
      return Promise.resolve()
    },

    isDenied({ jti, sid, sub, iat = -Infinity }) {
      const subject = find('sub', sub)
      return Promise.resolve(
        find('jti', jti) !== undefined ||
          find('sid', sid) !== undefined ||
          (subject !== undefined && iat < subject.notBefore),
      )
    },
  }
}
