import { createTestIssuer, type DpopClient, type TestIssuer } from 'express-jwt-bearer/testing'
import type { OpaqueTokens } from './opaque.js'

const reader = { sub: 'rita', name: 'Rita Reader', roles: ['Reader'], scope: 'orders.read' }
const admin = {
  sub: 'adam',
  name: 'Adam Admin',
  roles: ['Admin'],
  scope: 'orders.read orders.write',
}

/** Who makes the tokens of the playground. */
export interface Sources {
  readonly issuer: TestIssuer
  /** A client with a key of its own, which tokens are bound to. */
  readonly client: DpopClient
  readonly opaque: OpaqueTokens
}

/** The callers one can be, besides nobody: by name, how each gets a token. */
export type Callers = ReadonlyMap<string, () => Promise<string>>

/** Makes the callers of the playground, good and bad. */
export function createCallers({ issuer, client, opaque }: Sources): Callers {
  const aDay = { expiresIn: 86400 }
  const bound = () => issuer.token({ ...reader, cnf: { jkt: client.thumbprint } }, aDay)
  // One of each, and no more: the page may ask for them as often as it likes.
  const ofReader = opaque.issue(reader)
  const revoked = opaque.revoked()
  return new Map([
    ['reader', () => issuer.token(reader, aDay)],
    ['admin', () => issuer.token(admin, aDay)],
    ['bound', bound],
    ['opaque', () => Promise.resolve(ofReader)],
    ['expired', () => issuer.expired(reader)],
    ['not-yet-valid', () => issuer.notYetValid(reader)],
    ['wrong-audience', () => issuer.wrongAudience(reader)],
    ['wrong-issuer', () => issuer.wrongIssuer(reader)],
    ['tampered', async () => withClaims(await issuer.token(reader), admin)],
    ['unsigned', () => issuer.unsigned(admin)],
    ['unknown-key', async () => (await impostorOf(issuer)).token(reader)],
    ['wrong-type', () => issuer.token(reader, { header: { typ: 'id+jwt' } })],
    ['stolen', bound],
    ['revoked', () => Promise.resolve(revoked)],
  ])
}

/** Signs exactly these claims: what is left out stays out. */
export function signClaims(issuer: TestIssuer, claims: object): Promise<string> {
  const nothing = { iss: undefined, aud: undefined, sub: undefined, iat: undefined, exp: undefined }
  return issuer.token({ ...nothing, ...claims })
}

// Somebody else who calls himself the issuer.
function impostorOf({ issuer, audience }: TestIssuer): Promise<TestIssuer> {
  return createTestIssuer({ issuer, audience, alg: 'ES256' })
}

// What an attacker does who can read a token but not sign one: the signature stays that of the old claims.
function withClaims(token: string, claims: object): string {
  const [header, payload = '', signature] = token.split('.')
  const original = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...original, ...claims })).toString('base64url')
  return [header, changed, signature].join('.')
}
