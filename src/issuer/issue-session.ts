import { untilItWorks } from '../internal/time-limit.js'
import { checkClaims, createAccessToken } from './access-token.js'
import type { TokenIssuerSettings } from './options.js'
import type { IssuedTokens } from './refresh-session.js'
import { createFamilyId, createRefreshToken, hashToken } from './refresh-token.js'
import { endSession } from './revocation.js'

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
  const { store, absoluteLifetime, idleLifetime } = settings
  const id = createFamilyId()
  const refreshToken = createRefreshToken(id)
  const session = { id, subject, clientId, remaining: absoluteLifetime }
  const access = await createAccessToken(settings, session, claims)
  try {
    await store.create(
      { id, subject, clientId, claims, meta, lifetime: absoluteLifetime },
      { hash: hashToken(refreshToken), idleLifetime },
    )
    await endOldest(settings, subject)
  } catch (error) {
    // Nobody gets the tokens of this session, so it must not stay, whether or not its beginning was
    // written, and however long the store is away.
    const end = () => store.revokeFamily(id)
    await end().catch(() => {
      untilItWorks(end, 20)
    })
    throw error
  }
  return { ...access, tokenType: 'Bearer', refreshToken }
}

// Whoever signs in last sees all the others, so that of any number at once no more than the limit stay.
async function endOldest(settings: TokenIssuerSettings, subject: string): Promise<void> {
  const sessions = await settings.store.list(subject)
  const surplus = sessions.slice(0, Math.max(0, sessions.length - settings.maxSessions))
  for (const { id } of surplus) await endSession(settings, id)
}
