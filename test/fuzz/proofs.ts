import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import fc from 'fast-check'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { dpop } from 'express-jwt-bearer/dpop'
import { checkAnswer, exchange } from './exchange.js'
import {
  audience,
  clock,
  foreign,
  issuer,
  now,
  signToken,
  trusted,
  type FuzzKey,
} from './material.js'
import { mutate, mutations } from './mutations.js'
import { defineTarget } from './target.js'

const publicUrl = 'https://api.example.com'
const handlers = [
  jwtBearer({
    audience,
    clock,
    tokenValidationParameters: {
      validIssuer: issuer,
      issuerSigningKeys: trusted.map(({ jwk }) => jwk),
    },
    proofOfPossession: dpop({ publicUrl, replayCache: false }),
  }),
  authorize(),
]

const publicPart = ({ jwk }: FuzzKey) =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !['kid', 'alg', 'use'].includes(name)))
const [es256, eddsa, rs256] = trusted as [FuzzKey, FuzzKey, FuzzKey]
const thumbprint = await calculateJwkThumbprint(es256.jwk)
const claims = { iss: issuer, aud: audience, exp: now + 60, cnf: { jkt: thumbprint } }
const token = signToken(rs256, { alg: 'RS256', kid: 'rs' }, claims)
const ath = createHash('sha256').update(token).digest('base64url')

const path = fc.oneof(
  fc.constantFrom('/p', '/', '/a/b', '/a%2Fb', '/caf%C3%A9', '/%70', '/a b', '/a|b', '/x/../p'),
  fc
    .tuple(fc.constantFrom('/p', '/a/b', '/%2e%2e/p'), mutations)
    .map(([text, all]) => mutate(text, all)),
)
const prefix = fc.constantFrom(
  ...[publicUrl, publicUrl, publicUrl, 'HTTPS://API.example.com:443', 'http://api.example.com'],
  ...[
    'https://evil.example',
    `${publicUrl}.evil.example`,
    `${publicUrl}:8443`,
    'https://u@api.example.com',
  ],
)
const rarely = <T>(arbitrary: fc.Arbitrary<T>, otherwise: T) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary })

const odd = fc.constantFrom<unknown>(null, 5, '', 'x', [], {}, true, '__proto__', 'é', '\ud800')
const claimChanges = fc.record(
  { htm: odd, htu: odd, iat: odd, jti: odd, ath: odd, exp: odd, nbf: odd, nonce: odd },
  { requiredKeys: [] },
)
const headerChanges = fc.record(
  {
    typ: odd,
    alg: fc.constantFrom<unknown>('none', 'HS256', 'RS256', 'EdDSA', 'Ed25519', 'ES384', 5, null),
    jwk: fc.oneof(
      odd,
      fc.constantFrom<unknown>(
        publicPart(foreign),
        publicPart(eddsa),
        { ...publicPart(es256), d: 'AA' },
        { ...publicPart(es256), use: 'enc' },
        { ...publicPart(es256), x: 'AA' },
      ),
    ),
    crit: odd,
  },
  { requiredKeys: [] },
)

/** DPoP proofs, targets and addresses: nothing is accepted that `jose` and `URL` would not. */
export const proofs = defineTarget({
  name: 'proofs',
  share: 2,
  mustHappen: ['200', '401'],
  input: fc.record({
    signer: rarely(fc.constantFrom(foreign, eddsa), es256),
    target: path,
    // The path of the request, mostly.
    other: rarely(fc.option(path, { nil: undefined }), undefined),
    prefix,
    claims: rarely(claimChanges, {}),
    header: rarely(headerChanges, {}),
    changes: mutations,
    twice: fc.boolean(),
  }),
  attempt: async ({
    signer,
    target,
    other,
    prefix: origin,
    claims: some,
    header,
    changes,
    twice,
  }) => {
    const proof = mutate(
      signToken(
        signer,
        { typ: 'dpop+jwt', alg: signer.alg, jwk: publicPart(signer), ...header },
        { jti: 'one', htm: 'GET', htu: origin + (other ?? target), iat: now, ath, ...some },
      ),
      changes,
    )
    const ask = () =>
      exchange(handlers, { authorization: `DPoP ${token}`, dpop: proof }, undefined, target)
    const answer = await ask()
    checkAnswer(answer, [200, 401], [...proof.split('.'), ...token.split('.')])
    if (twice && (await ask()).status !== answer.status) {
      throw new Error('a proof was judged in two ways')
    }
    if (answer.status === 200) await checkWithJose(proof.trim(), target)
    return String(answer.status)
  },
})

async function checkWithJose(proof: string, target: string): Promise<void> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    currentDate: new Date(now * 1000),
    clockTolerance: 30,
  })
  const { htm, htu, ath: hash, jti } = payload
  const meant = new URL(String(htu))
  const called = new URL(publicUrl + target)
  const fits =
    htm === 'GET' &&
    hash === ath &&
    typeof jti === 'string' &&
    protectedHeader.jwk !== undefined &&
    (await calculateJwkThumbprint(protectedHeader.jwk)) === thumbprint &&
    spelled(meant) === spelled(called)
  if (!fits) throw new Error(`accepted, though it is for something else: ${String(htu)}`)
}

// RFC 3986 section 6.2.2: the same address, however it is escaped.
function spelled({ origin, pathname }: URL): string {
  const escaped = pathname.replace(/[^\w\-.~!$&'()*+,;=:@/%]/g, (one) => encodeURIComponent(one))
  const unescaped = escaped.replace(/%[\da-f]{2}/gi, (one) => {
    const character = String.fromCharCode(Number.parseInt(one.slice(1), 16))
    return /[\w\-.~]/.test(character) ? character : one.toUpperCase()
  })
  return origin + unescaped
}
