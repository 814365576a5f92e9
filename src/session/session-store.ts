import { createNameIndex } from './name-index.js'
import { checkNames, readClock, readCount } from '../core/option-checks.js'

/** One session as a store keeps it: the store looks at nothing but these members. */
export interface SessionRecord {
  /** Changes with every write; what {@link SessionStore.replace} compares. */
  readonly version: string
  /** When the session is over; a store may forget the record from then on. */
  readonly expiresAt: Date
  /** The session at the issuer, where it is known. */
  readonly sid?: string | undefined
  /** The user, as the issuer names them, where that is known. */
  readonly sub?: string | undefined
  /** When the user signed in; no refresh changes it. */
  readonly openedAt: Date
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
  /**
   * Forgets, in one atomic step, every session that belongs to this session of the issuer's and was opened
   * before an instant. Needed by {@link backchannelLogout}.
   *
   * @returns How many there were.
   */
  endBySid?(sid: string, openedBefore: Date): Promise<number>
  /**
   * Forgets, in one atomic step, every session of this user that was opened before an instant. Needed by
   * {@link backchannelLogout}.
   *
   * @returns How many there were.
   */
  endBySub?(sub: string, openedBefore: Date): Promise<number>
}

/** A store that can end sessions from outside. */
export type EndableSessionStore = SessionStore &
  Required<Pick<SessionStore, 'endBySid' | 'endBySub'>>

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
export function memorySessionStore(options: MemorySessionStoreOptions = {}): EndableSessionStore {
  checkNames(options, ['maxEntries', 'clock'], 'the options of memorySessionStore()')
  const maxEntries = readCount(options.maxEntries, 'maxEntries', 10_000)
  const clock = readClock(options.clock)
  const records = new Map<string, SessionRecord>()
  const bySid = createNameIndex()
  const bySub = createNameIndex()

  function forget(key: string): void {
    const record = records.get(key)
    if (record === undefined) return
    records.delete(key)
    bySid.remove(record.sid, key)
    bySub.remove(record.sub, key)
  }

  function keep(key: string, record: SessionRecord): void {
    records.set(key, record)
    bySid.add(record.sid, key)
    bySub.add(record.sub, key)
  }

  function read(key: string): SessionRecord | undefined {
    const record = records.get(key)
    if (record === undefined || record.expiresAt.getTime() > clock()) return record
    forget(key)
    return undefined
  }

  function end(keys: readonly string[], openedBefore: Date): Promise<number> {
    const ended = keys.filter((key) => {
      const record = read(key)
      return record !== undefined && wasOpenedBefore(record, openedBefore)
    })
    for (const key of ended) forget(key)
    return Promise.resolve(ended.length)
  }

  return {
    get: (key) => Promise.resolve(read(key)),
    set(key, record) {
      forget(key)
      keep(key, record)
      for (const oldest of records.keys()) {
        if (records.size <= maxEntries) break
        forget(oldest)
      }
      return Promise.resolve()
    },
    replace(key, version, record) {
      const known = read(key)
      if (known?.version !== version) return Promise.resolve(false)
      bySid.remove(known.sid, key)
      bySub.remove(known.sub, key)
      // Set in place: what was signed in first is still the first to go.
      keep(key, record)
      return Promise.resolve(true)
    },
    delete(key, version) {
      if (version === undefined || records.get(key)?.version === version) forget(key)
      return Promise.resolve()
    },
    endBySid: (sid, openedBefore) => end(bySid.find(sid), openedBefore),
    endBySub: (sub, openedBefore) => end(bySub.find(sub), openedBefore),
  }
}

// Whoever wrote the record may know nothing of the instant: such a session counts as opened long ago.
function wasOpenedBefore({ openedAt }: Partial<SessionRecord>, instant: Date): boolean {
  return openedAt === undefined || openedAt < instant
}
