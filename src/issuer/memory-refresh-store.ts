import { checkNames, readClock, readCount } from '../core/option-checks.js'
import type {
  NewRefreshToken,
  RefreshFamily,
  RefreshStore,
  RefreshTokenReference,
} from './refresh-store.js'
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

interface Token {
  readonly idleExpiresAt: number
  rotatedAt?: number
  successor?: string
  sealed?: string | undefined
}

interface Family extends Omit<
  RefreshFamily,
  'createdAt' | 'lastUsedAt' | 'expiresAt' | 'revokedAt'
> {
  readonly createdAt: number
  readonly expiresAt: number
  lastUsedAt: number
  revokedAt?: number
  /** When the current token expires. */
  idleExpiresAt: number
  readonly tokens: Map<string, Token>
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
  const families = new Map<string, Family>()
  const subjects = new Map<string, Set<string>>()

  const ofSubject = (subject: string) =>
    [...(subjects.get(subject) ?? [])].map((id) => families.get(id) as Family)

  function forget({ id, subject }: Family): void {
    families.delete(id)
    const ids = subjects.get(subject) as Set<string>
    ids.delete(id)
    if (ids.size === 0) subjects.delete(subject)
  }

  // Oldest first, so that sessions of one lifetime are forgotten as they end.
  function makeRoom(): void {
    for (const family of families.values()) {
      if (families.size < maxSessions && clock() < family.expiresAt) return
      forget(family)
    }
  }

  function add(family: Family, { hash, idleLifetime }: NewRefreshToken): void {
    const idleExpiresAt = Math.min(clock() + idleLifetime * 1000, family.expiresAt)
    family.tokens.set(hash, { idleExpiresAt })
    family.idleExpiresAt = idleExpiresAt
    const [oldest] = family.tokens.keys()
    if (family.tokens.size > maxTokens) family.tokens.delete(oldest as string)
  }

  function tokenOf({ familyId, hash }: RefreshTokenReference): [Family, Token] | undefined {
    const family = families.get(familyId)
    const token = family?.tokens.get(hash)
    return family === undefined || token === undefined ? undefined : [family, token]
  }

  function revoke(family: Family): void {
    family.revokedAt = clock()
  }

  function isLive(family: Family): boolean {
    return family.revokedAt === undefined && clock() < family.idleExpiresAt
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
        const family: Family = { ...given, claims, meta, ...times, tokens: new Map() }
        families.set(family.id, family)
        subjects.set(family.subject, (subjects.get(family.subject) ?? new Set()).add(family.id))
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
        const revoked = ofSubject(subject).filter(
          ({ id, revokedAt }) => id !== except && revokedAt === undefined,
        )
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

function toDate(instant: number | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant)
}

function toRecord(family: Family): RefreshFamily {
  const { id, subject, clientId, claims, meta } = family
  return {
    ...structuredClone({ id, subject, clientId, claims, meta }),
    createdAt: new Date(family.createdAt),
    lastUsedAt: new Date(family.lastUsedAt),
    expiresAt: new Date(family.expiresAt),
    revokedAt: toDate(family.revokedAt),
  }
}
