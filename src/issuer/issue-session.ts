import { checkClaims, createAccessToken } from './access-token.js'
import type { TokenIssuerSettings } from './options.js'
import type { IssuedTokens } from './refresh-session.js'
import { createFamilyId, createRefreshToken, hashToken } from './refresh-token.js'
import { revokeSession } from './revocation.js'

/** What {@link TokenIssuer.issue} can be told about a new session. */
export interface SessionOptions {
  /**
   * The client that the refresh tokens are for.
   *
   * @defaultValue The `clientId` of the issuer
   */
  clientId?: string | undefined
  /** What a list of sessions should show, such as a device name; JSON, kept as it is. */
  meta?: Readonly<Record<string, unknown>> | undefined
}

/** Starts a session. */
export async function issueSession(
  settings: TokenIssuerSettings,
  subject: string,
  claims: Readonly<Record<string, unknown>> = {},
  { clientId = settings.clientId, meta = {} }: SessionOptions = {},
): Promise<IssuedTokens> {
  if (typeof subject !== 'string' || subject === '') {
    throw new TypeError('"subject" must be a non-empty string')
  }
  checkClaims(claims)
  const { store, absoluteLifetime, idleLifetime, clock } = settings
  const id = createFamilyId()
  const refreshToken = createRefreshToken(id)
  const expiresAt = clock() + absoluteLifetime * 1000
  const access = await createAccessToken(settings, { id, subject, clientId, expiresAt }, claims)
  await store.create(
    { id, subject, clientId, claims, meta, lifetime: absoluteLifetime },
    { hash: hashToken(refreshToken), idleLifetime },
  )
  await endOldest(settings, subject)
  return { ...access, tokenType: 'Bearer', refreshToken }
}

async function endOldest(settings: TokenIssuerSettings, subject: string): Promise<void> {
  const sessions = await settings.store.list(subject)
  const surplus = sessions.slice(0, Math.max(0, sessions.length - settings.maxSessions))
  for (const { id } of surplus) await revokeSession(settings, id)
}
