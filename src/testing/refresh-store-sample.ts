import { ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type {
  NewRefreshFamily,
  NewRefreshToken,
  RefreshRecord,
  RefreshStore,
  RefreshSuccessor,
  RefreshTokenReference,
} from '../issuer/refresh-store.js'

/** Random bytes as text. */
export const random = (bytes: number): string => randomBytes(bytes).toString('base64url')
const newToken = () => ({ hash: random(32), idleLifetime: 5 })
/** A successor as an issuer makes it. */
export const newSuccessor = (): RefreshSuccessor => ({ ...newToken(), sealed: random(80) })

function newFamily(given: Partial<NewRefreshFamily> = {}): NewRefreshFamily {
  const id = random(16)
  return { id, subject: id, clientId: 'app', claims: {}, meta: {}, lifetime: 8, ...given }
}

interface Started {
  readonly family: NewRefreshFamily
  readonly token: NewRefreshToken
  /** Points at a token of the session. */
  readonly at: (hash: string) => RefreshTokenReference
}

/** A session with its first token, on the store. */
export async function start(
  store: RefreshStore,
  given?: Partial<NewRefreshFamily>,
): Promise<Started> {
  const family = newFamily(given)
  const token = newToken()
  await store.create(family, token)
  return { family, at: (hash: string) => ({ familyId: family.id, hash }), token }
}

/** Finds a token that must be there. */
export async function read(
  store: RefreshStore,
  reference: { familyId: string; hash: string },
): Promise<RefreshRecord> {
  const record = await store.find(reference)
  ok(record, 'find() does not find a token that was written')
  return record
}

/** How long it is from one instant to another. */
export const seconds = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000
