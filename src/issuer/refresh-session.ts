import type { MaybePromise } from '../internal/maybe-promise.js'
import { checkClaims, createAccessToken } from './access-token.js'
import { decideRotation, type RotationDecision } from './decide-rotation.js'
import { notify, type RefreshEvent } from './events.js'
import type { TokenIssuerSettings } from './options.js'
import type { RefreshFamily, RefreshRecord, RefreshTokenReference } from './refresh-store.js'
import {
  createRefreshToken,
  hashToken,
  readRefreshToken,
  sealSuccessor,
  unsealSuccessor,
} from './refresh-token.js'
import { endSession } from './revocation.js'

/** What a client gets: the members of RFC 6749 section 5.1 in camel case. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** How many seconds the access token lives. */
  readonly expiresIn: number
  readonly refreshToken: string
}

/** How a refresh ended: with tokens, or refused, which RFC 6749 section 5.2 answers with 400. */
export type RefreshResult =
  | { readonly kind: 'success'; readonly tokens: IssuedTokens; readonly session: RefreshFamily }
  | {
      readonly kind: 'refused'
      readonly error: 'invalid_grant'
      /** For logs and statistics; the client needs to know no more than `error`. */
      readonly reason: Exclude<RotationDecision, 'rotate' | 'replay'>
    }

/** What {@link TokenIssuer.refresh} can be told besides the token. */
export interface RefreshOptions {
  /** The client that presents the token; a token of another client is refused. */
  clientId?: string | undefined
  /**
   * Loads the claims anew, so that a changed role takes effect. Nothing returned means that the
   * subject may no longer sign in: the session ends. Without it the claims given to `issue` stay.
   */
  claims?:
    | ((session: RefreshFamily) => MaybePromise<Readonly<Record<string, unknown>> | undefined>)
    | undefined
}

/** Exchanges a refresh token for a new pair. */
export async function refreshSession(
  settings: TokenIssuerSettings,
  token: string,
  options: RefreshOptions = {},
): Promise<RefreshResult> {
  const reference = readRefreshToken(token)
  if (reference === undefined) return refuse(settings, 'unknown')
  // Whoever loses a race looks again and then finds what the winner left. No state comes back, so a
  // store that keeps saying "active" and refusing is broken.
  for (let look = 0; look < 3; look++) {
    const result = await lookAndAct(settings, { reference, token }, options)
    if (result !== undefined) return result
  }
  throw new Error('The refresh store reports a token as current and refuses to rotate it')
}

// Apart, so that no store is ever handed the token itself.
interface Presented {
  readonly reference: RefreshTokenReference
  readonly token: string
}

async function lookAndAct(
  settings: TokenIssuerSettings,
  presented: Presented,
  { clientId, claims: loadClaims }: RefreshOptions,
): Promise<RefreshResult | undefined> {
  const { store, reuseInterval } = settings
  const record = await store.find(presented.reference)
  if (record === undefined) return refuse(settings, 'unknown', presented)
  const decision = decideRotation(record, { reuseInterval, clientId })
  if (decision === 'reuseDetected') await endSession(settings, record.family.id)
  if (decision !== 'rotate' && decision !== 'replay') {
    return refuse(settings, decision, presented, record)
  }
  const { family } = record
  const claims = loadClaims === undefined ? family.claims : await loadClaims(family)
  if (claims === undefined) {
    await endSession(settings, family.id)
    return refuse(settings, 'revokedPresented', presented, record)
  }
  checkClaims(claims)
  // Both instants are the store's: its clock and the app's need not agree.
  const remaining = (family.expiresAt.getTime() - record.now.getTime()) / 1000
  // Signed first: what fails from here on leaves the presented token as it was, or its successor
  // within reach.
  const access = await createAccessToken(settings, { ...family, remaining }, claims)
  const refreshToken =
    decision === 'replay'
      ? unsealSuccessor(record.sealedSuccessor as string, presented.token)
      : await rotate(settings, presented)
  if (refreshToken === undefined) return undefined
  report(settings, decision === 'replay' ? 'replayed' : 'rotated', presented, record)
  const tokens = { ...access, tokenType: 'Bearer', refreshToken } as const
  return { kind: 'success', tokens, session: family }
}

async function rotate(
  { store, idleLifetime }: TokenIssuerSettings,
  { reference, token }: Presented,
): Promise<string | undefined> {
  const successor = createRefreshToken(reference.familyId)
  const rotated = await store.rotate(reference, {
    hash: hashToken(successor),
    idleLifetime,
    sealed: sealSuccessor(successor, token),
  })
  return rotated ? successor : undefined
}

function refuse(
  settings: TokenIssuerSettings,
  reason: Exclude<RotationDecision, 'rotate' | 'replay'>,
  presented?: Presented,
  record?: RefreshRecord,
): RefreshResult {
  report(settings, reason, presented, record)
  return { kind: 'refused', error: 'invalid_grant', reason }
}

function report(
  { onEvent }: TokenIssuerSettings,
  type: RefreshEvent['type'],
  presented: Presented | undefined,
  record: RefreshRecord | undefined,
): void {
  const family = record?.family
  notify(onEvent, {
    type,
    tokenId: presented?.reference.hash.slice(0, 8),
    sessionId: family?.id,
    subject: family?.subject,
    clientId: family?.clientId,
  })
}
