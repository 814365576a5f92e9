import { checkNames, readClock, readCount } from '../core/option-checks.js'

/** One session as a store keeps it: the store looks at nothing but these members. */
export interface SessionRecord {
  /** Changes with every write; what {@link SessionStore.replace} compares. */
  readonly version: string
  /** When the session is over; a store may forget the record from then on. */
  readonly expiresAt: Date
  /** The tokens, as text. Whoever reads it can act as the user: encrypt it where others read the store. */
  readonly data: string
}

/** Keeps sessions. Keys are hashes, so that nobody who reads a store can make a cookie of one. */
export interface SessionStore {
  /** Reads a session that is not over. */
  get(key: string): Promise<SessionRecord | undefined>
  /** Writes a new session. */
  set(key: string, record: SessionRecord): Promise<void>
  /**
   * Replaces a session in one atomic step, if it still has this version.
   *
   * @returns Whether it did; `false` when somebody else was faster or the session is gone.
   */
  replace(key: string, version: string, record: SessionRecord): Promise<boolean>
  /** Forgets a session; with a version, only if it still has that one. */
  delete(key: string, version?: string): Promise<void>
}

/** What {@link memorySessionStore} accepts. */
export interface MemorySessionStoreOptions {
  /**
   * Sessions that are kept at most. The oldest goes first, which signs its user out.
   *
   * @defaultValue `10000`
   */
  maxEntries?: number | undefined
  /**
   * The time in milliseconds.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/**
 * Creates a store in the memory of this process: for development, tests and a single process whose
 * restart may sign everybody out.
 */
export function memorySessionStore(options: MemorySessionStoreOptions = {}): SessionStore {
  checkNames(options, ['maxEntries', 'clock'], 'the options of memorySessionStore()')
  const maxEntries = readCount(options.maxEntries, 'maxEntries', 10_000)
  const clock = readClock(options.clock)
  const records = new Map<string, SessionRecord>()

  function read(key: string): SessionRecord | undefined {
    const record = records.get(key)
    if (record === undefined || record.expiresAt.getTime() > clock()) return record
    records.delete(key)
    return undefined
  }

  return {
    get: (key) => Promise.resolve(read(key)),
    set(key, record) {
      records.delete(key)
      records.set(key, record)
      for (const oldest of records.keys()) {
        if (records.size <= maxEntries) break
        records.delete(oldest)
      }
      return Promise.resolve()
    },
    replace(key, version, record) {
      if (read(key)?.version !== version) return Promise.resolve(false)
      records.set(key, record)
      return Promise.resolve(true)
    },
    delete(key, version) {
      if (version === undefined || records.get(key)?.version === version) records.delete(key)
      return Promise.resolve()
    },
  }
}
