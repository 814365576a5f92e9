import type { RefreshRecord } from './refresh-store.js'

/** What to do about a presented refresh token. */
export type RotationDecision =
  /** It is the current one: replace it. */
  | 'rotate'
  /** It was rotated a moment ago: answer with the one successor again. */
  | 'replay'
  /** It was rotated a moment ago, but its successor is in use: refuse, without harm to the session. */
  | 'replayLate'
  /** It was rotated long ago: refuse and revoke the session, for one of two holders is a thief. */
  | 'reuseDetected'
  /** Its session is revoked: refuse. */
  | 'revokedPresented'
  /** It or its session has expired: refuse. */
  | 'expired'
  /** The store does not know it: refuse. */
  | 'unknown'
  /** It belongs to another client: refuse before anything else is looked at. */
  | 'clientMismatch'

/** What {@link decideRotation} goes by besides the record. */
export interface RotationPolicy {
  /** For how many seconds after its first rotation a token is answered with its successor. */
  readonly reuseInterval: number
  /** The client that presents the token, where it is known. */
  readonly clientId?: string | undefined
}

/**
 * Decides what becomes of a presented refresh token. A pure function: the record brings the time of
 * the store along.
 *
 * @param record - What the store knows of the token; `undefined` when it knows nothing.
 */
export function decideRotation(
  record: RefreshRecord | undefined,
  { reuseInterval, clientId }: RotationPolicy,
): RotationDecision {
  if (record === undefined) return 'unknown'
  const { family, rotatedAt, idleExpiresAt, now } = record
  if (clientId !== undefined && clientId !== family.clientId) return 'clientMismatch'
  if (family.revokedAt !== undefined) return 'revokedPresented'
  if (now >= family.expiresAt) return 'expired'
  if (rotatedAt === undefined) return now >= idleExpiresAt ? 'expired' : 'rotate'
  // The window starts at the first rotation and is never moved: a replay does not earn another one.
  if (now.getTime() - rotatedAt.getTime() < reuseInterval * 1000) {
    return record.successorUsed || record.sealedSuccessor === undefined ? 'replayLate' : 'replay'
  }
  return now >= idleExpiresAt ? 'expired' : 'reuseDetected'
}
