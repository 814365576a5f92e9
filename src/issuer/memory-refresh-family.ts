import type { RefreshFamily } from './refresh-store.js'

/** A token as it lies in memory. */
export interface MemoryToken {
  readonly idleExpiresAt: number
  rotatedAt?: number
  successor?: string
  sealed?: string | undefined
}

/** A session as it lies in memory. */
export interface MemoryFamily extends Omit<
  RefreshFamily,
  'createdAt' | 'lastUsedAt' | 'expiresAt' | 'revokedAt'
> {
  readonly createdAt: number
  readonly expiresAt: number
  lastUsedAt: number
  revokedAt?: number
  /** When the current token expires. */
  idleExpiresAt: number
  readonly tokens: Map<string, MemoryToken>
}

/** Makes an instant of milliseconds. */
export function toDate(instant: number | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant)
}

/** Makes a copy of a session as an engine would give it. */
export function toRecord(family: MemoryFamily): RefreshFamily {
  const { id, subject, clientId, claims, meta } = family
  return {
    ...structuredClone({ id, subject, clientId, claims, meta }),
    createdAt: new Date(family.createdAt),
    lastUsedAt: new Date(family.lastUsedAt),
    expiresAt: new Date(family.expiresAt),
    revokedAt: toDate(family.revokedAt),
  }
}
