import { errors, importJWK, jwtVerify, type JWTPayload, type JWTHeaderParameters } from 'jose'
import { ConfigurationError } from '../core/errors.js'
import { notify } from './events.js'
import type { TokenIssuerSettings } from './options.js'
import { readRefreshToken } from './refresh-token.js'

// Clocks and requests under way: a token may be signed a moment after its session was denied.
const margin = 60

// No engine takes an instant beyond its calendar.
const longestLifetime = 10 * 365 * 86_400

/** Ends a session because of what a caller presented; the refusal does not wait for a deny list that is down. */
export async function endSession(settings: TokenIssuerSettings, sessionId: string): Promise<void> {
  await settings.store.revokeFamily(sessionId)
  try {
    await denySession(settings, sessionId)
  } catch (error) {
    notify(settings.onEvent, { type: 'denyListUnavailable', sessionId, error })
  }
}

/** Ends a session, its access tokens included. */
export async function revokeSession(
  settings: TokenIssuerSettings,
  sessionId: string,
): Promise<void> {
  await settings.store.revokeFamily(sessionId)
  await denySession(settings, sessionId)
}

/** Ends every session of a subject, all access tokens included. */
export async function revokeSubject(
  settings: TokenIssuerSettings,
  subject: string,
  except: string | undefined,
): Promise<void> {
  const { store, denyList, clock } = settings
  const sessions = await store.revokeSubject(subject, except)
  if (except === undefined) {
    // One entry for all tokens of earlier seconds, those of forgotten sessions included. Those of this
    // very second die with their sessions, so that a new sign-in within it lives.
    const notBefore = Math.floor(clock() / 1000)
    const lifetime = lifetimeOfEntry(settings)
    await denyList?.deny({ kind: 'sub', id: subject, notBefore, lifetime })
  }
  await Promise.all(sessions.map((sessionId) => denySession(settings, sessionId)))
}

/** Revokes a refresh token with its session, or a single access token (RFC 7009). */
export async function revokeToken(
  settings: TokenIssuerSettings,
  token: string,
  clientId: string | undefined,
): Promise<void> {
  const reference = readRefreshToken(token)
  if (reference === undefined) {
    await revokeAccessToken(settings, token, clientId)
    return
  }
  const record = await settings.store.find(reference)
  // RFC 7009 section 2.2: an unknown token is as good as revoked. Section 2.1: one of another client is not touched.
  if (record === undefined || !belongsTo(record.family.clientId, clientId)) return
  await revokeSession(settings, record.family.id)
}

async function revokeAccessToken(
  settings: TokenIssuerSettings,
  token: string,
  clientId: string | undefined,
): Promise<void> {
  const { denyList, clock } = settings
  const { jti, exp, client_id } = (await readOwnToken(settings, token)) ?? {}
  // A shared secret signs for others, too, who may write anything.
  if (typeof jti !== 'string' || exp === undefined || !belongsTo(client_id, clientId)) return
  if (denyList === undefined) {
    throw new ConfigurationError(
      'An access token can only be revoked through a deny list: give createTokenIssuer() one as "denyList"',
    )
  }
  const left = Math.min(Math.max(0, exp - clock() / 1000), longestLifetime)
  const lifetime = left + settings.clockSkew + margin
  await denyList.deny({ kind: 'jti', id: jti, lifetime })
}

// Checked like any other token: nobody else's ids get into the deny list. Whatever is wrong with a text,
// jose says so in several ways; a fault of the key ring alone is worth an error.
async function readOwnToken(
  { issuer, keys, clock, clockSkew }: TokenIssuerSettings,
  token: unknown,
): Promise<JWTPayload | undefined> {
  let fault: { readonly cause: unknown } | undefined
  async function keyFor({ kid }: JWTHeaderParameters) {
    const key = await readKey(kid).catch((cause: unknown) => {
      fault = { cause }
      throw cause
    })
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return key
  }
  async function readKey(kid: string | undefined) {
    const [jwk] = await keys.verifiers(kid)
    return jwk && importJWK(jwk)
  }
  const rules = { issuer, typ: 'at+jwt', clockTolerance: clockSkew, currentDate: new Date(clock()) }
  try {
    return (await jwtVerify(String(token), keyFor, rules)).payload
  } catch {
    if (fault !== undefined) throw fault.cause
    return undefined
  }
}

function belongsTo(owner: unknown, clientId: string | undefined): boolean {
  return clientId === undefined || clientId === owner
}

async function denySession(settings: TokenIssuerSettings, sessionId: string): Promise<void> {
  const lifetime = lifetimeOfEntry(settings)
  await settings.denyList?.deny({ kind: 'sid', id: sessionId, lifetime })
}

function lifetimeOfEntry({ accessTokenLifetime, clockSkew }: TokenIssuerSettings): number {
  return accessTokenLifetime + clockSkew + margin
}
