import { checkNames, readClock, readCount } from '../core/option-checks.js'
import { toDate, toRecord, type MemoryFamily, type MemoryToken } from './memory-refresh-family.js'
import type { NewRefreshToken, RefreshStore, RefreshTokenReference } from './refresh-store.js'
import { warnInProduction } from './warn-in-production.js'

/** What {@link createMemoryRefreshStore} accepts. */
export interface MemoryRefreshStoreOptions {
  /**
   * How many sessions are kept. One more makes the store forget the oldest.
   *
   * @defaultValue `10000`
   */
  maxSessions?: number | undefined
  /**
   * The time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

// So many rotated tokens of a session are recognised; older ones are merely unknown.
const maxTokens = 100

/**
 * Keeps sessions in the memory of this process: for development, tests and a single process whose
 * users may be signed out by a restart.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 */
export function createMemoryRefreshStore(options: MemoryRefreshStoreOptions = {}): RefreshStore {
  checkNames(options, ['maxSessions', 'clock'], 'the options of createMemoryRefreshStore()')
  const maxSessions = readCount(options.maxSessions, 'maxSessions', 10_000)
  const clock = readClock(options.clock)
  warnInProduction('The refresh store', 'a restart signs everybody out')
  const families = new Map<string, MemoryFamily>()
  // Those that are not revoked, so that a sign-in costs the same however many have ended.
  const subjects = new Map<string, Set<MemoryFamily>>()

  const ofSubject = (subject: string) => [...(subjects.get(subject) ?? [])]

  function leaveSubject(family: MemoryFamily): void {
    const others = subjects.get(family.subject)
    others?.delete(family)
    if (others?.size === 0) subjects.delete(family.subject)
  }

  function forget(family: MemoryFamily): void {
    families.delete(family.id)
    leaveSubject(family)
  }

  // Oldest first, so that sessions of one lifetime are forgotten as they end.
  function makeRoom(): void {
    for (const family of families.values()) {
      if (families.size < maxSessions && clock() < family.expiresAt) return
      forget(family)
    }
  }

  function add(family: MemoryFamily, { hash, idleLifetime }: NewRefreshToken): void {
    const idleExpiresAt = Math.min(clock() + idleLifetime * 1000, family.expiresAt)
    family.tokens.set(hash, { idleExpiresAt })
    family.idleExpiresAt = idleExpiresAt
    const [oldest] = family.tokens.keys()
    if (family.tokens.size > maxTokens) family.tokens.delete(oldest as string)
  }

  function tokenOf({
    familyId,
    hash,
  }: RefreshTokenReference): [MemoryFamily, MemoryToken] | undefined {
    const family = families.get(familyId)
    const token = family?.tokens.get(hash)
    return family === undefined || token === undefined ? undefined : [family, token]
  }

  function revoke(family: MemoryFamily): void {
    family.revokedAt = clock()
    leaveSubject(family)
  }

  function isLive({ idleExpiresAt }: MemoryFamily): boolean {
    return clock() < idleExpiresAt
  }

  // Synchronous to the end, each of them: nothing can come between its reads and its writes.
  return {
    create: ({ lifetime, ...given }, token) =>
      atOnce(() => {
        makeRoom()
        const now = clock()
        const expiresAt = now + lifetime * 1000
        // A copy, as it would come back from an engine: what the caller does to its own stays outside.
        const { claims, meta } = structuredClone({ claims: given.claims, meta: given.meta })
        const times = { createdAt: now, lastUsedAt: now, expiresAt, idleExpiresAt: expiresAt }
        const family: MemoryFamily = { ...given, claims, meta, ...times, tokens: new Map() }
        families.set(family.id, family)
        subjects.set(family.subject, (subjects.get(family.subject) ?? new Set()).add(family))
        add(family, token)
      }),

    find: (reference) =>
      atOnce(() => {
        const found = tokenOf(reference)
        if (found === undefined) return undefined
        const [family, { idleExpiresAt, rotatedAt, successor = '', sealed }] = found
        return {
          family: toRecord(family),
          idleExpiresAt: new Date(idleExpiresAt),
          rotatedAt: toDate(rotatedAt),
          sealedSuccessor: sealed,
          successorUsed: family.tokens.get(successor)?.rotatedAt !== undefined,
          now: new Date(clock()),
        }
      }),

    rotate: (reference, successor) =>
      atOnce(() => {
        const [family, token] = tokenOf(reference) ?? []
        if (family === undefined || token === undefined) return false
        if (family.revokedAt !== undefined || token.rotatedAt !== undefined) return false
        // A token never outlives its session, so its own expiry covers both.
        if (clock() >= token.idleExpiresAt) return false
        token.rotatedAt = family.lastUsedAt = clock()
        token.successor = successor.hash
        token.sealed = successor.sealed
        add(family, successor)
        return true
      }),

    revokeFamily: (familyId) =>
      atOnce(() => {
        const family = families.get(familyId)
        if (family === undefined || family.revokedAt !== undefined) return false
        revoke(family)
        return true
      }),

    revokeSubject: (subject, except) =>
      atOnce(() => {
        const revoked = ofSubject(subject).filter(({ id }) => id !== except)
        revoked.forEach(revoke)
        return revoked.map(({ id }) => id)
      }),

    list: (subject) => atOnce(() => ofSubject(subject).filter(isLive).map(toRecord)),

    prune: (reuseInterval) =>
      atOnce(() => {
        const now = clock()
        const ended = [...families.values()].filter(({ expiresAt }) => now >= expiresAt)
        ended.forEach(forget)
        for (const { tokens } of families.values()) {
          for (const [hash, token] of tokens) {
            if (now - (token.rotatedAt ?? -Infinity) <= reuseInterval * 1000) continue
            token.sealed = undefined
            if (now >= token.idleExpiresAt) tokens.delete(hash)
          }
        }
        return ended.length
      }),
  }
}

function atOnce<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work())
  })
}
