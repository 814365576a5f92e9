import { checkNames, readClock, readCount } from '../core/option-checks.js'
import type { DenyKind, DenyList } from '../core/deny-list.js'
import { EndingQueue } from './ending-queue.js'
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
  const endings = new EndingQueue<string>()
  // Goes on from where it was: a look for the first key would pass all that were forgotten before.
  const oldest = entries.keys()

  function find(kind: DenyKind, id: string | undefined): Entry | undefined {
    const entry = entries.get(`${kind}:${String(id)}`)
    return id === undefined || entry === undefined || clock() >= entry.endsAt ? undefined : entry
  }

  function forgetEnded(): void {
    for (;;) {
      const key = endings.takeEnded(clock())
      if (key === undefined) return
      // An entry that was denied again has a later place in the queue.
      if (clock() >= (entries.get(key)?.endsAt ?? Infinity)) entries.delete(key)
    }
  }

  function makeRoom(): void {
    if (entries.size < maxEntries) return
    forgetEnded()
    if (entries.size >= maxEntries) entries.delete(oldest.next().value as string)
  }

  function put(key: string, entry: Entry): void {
    entries.set(key, entry)
    endings.add(key, entry.endsAt)
    // Forgotten and repeated entries leave places behind.
    if (endings.size > 2 * maxEntries) endings.restart(entries)
  }

  return {
    deny(entry) {
      const known = find(entry.kind, entry.id)
      if (known === undefined) makeRoom()
      put(`${entry.kind}:${entry.id}`, {
        endsAt: Math.max(known?.endsAt ?? 0, clock() + entry.lifetime * 1000),
        notBefore: Math.max(known?.notBefore ?? 0, entry.kind === 'sub' ? entry.notBefore : 0),
      })
      return Promise.resolve()
    },

    isDenied({ jti, sid, sub, iat }) {
      const subject = find('sub', sub)
      return Promise.resolve(
        find('jti', jti) !== undefined ||
          find('sid', sid) !== undefined ||
          (subject !== undefined && !isFrom(iat, subject.notBefore)),
      )
    },
  }
}

// What is no number is no proof that a token is young enough.
function isFrom(iat: number | undefined, notBefore: number): boolean {
  return Number.isFinite(iat) && (iat as number) >= notBefore
}
