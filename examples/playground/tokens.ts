import { createTestIssuer, type TestIssuer } from 'express-jwt-bearer/testing'

const reader = { sub: 'rita', name: 'Rita Reader', roles: ['Reader'], scope: 'orders.read' }
const admin = {
  sub: 'adam',
  name: 'Adam Admin',
  roles: ['Admin'],
  scope: 'orders.read orders.write',
}

/** The callers one can be, besides nobody: by name, how each gets a token. */
export type Callers = ReadonlyMap<string, () => Promise<string>>

/** Makes the callers of the playground, good and bad. */
export function createCallers(issuer: TestIssuer): Callers {
  const aDay = { expiresIn: 86400 }
  return new Map([
    ['reader', () => issuer.token(reader, aDay)],
    ['admin', () => issuer.token(admin, aDay)],
    ['expired', () => issuer.expired(reader)],
    ['not-yet-valid', () => issuer.notYetValid(reader)],
    ['wrong-audience', () => issuer.wrongAudience(reader)],
    ['wrong-issuer', () => issuer.wrongIssuer(reader)],
    ['tampered', async () => withClaims(await issuer.token(reader), admin)],
    ['unsigned', () => issuer.unsigned(admin)],
    ['unknown-key', async () => (await impostorOf(issuer)).token(reader)],
    ['wrong-type', () => issuer.token(reader, { header: { typ: 'id+jwt' } })],
  ])
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
