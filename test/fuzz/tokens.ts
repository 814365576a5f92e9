import { importJWK, jwtVerify, type JWTPayload } from 'jose'
import fc from 'fast-check'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { claims, secretsIn } from './claims.js'
import { checkAnswer, exchange } from './exchange.js'
import { audience, clock, confused, foreign, issuer, now, signToken, trusted } from './material.js'
import { mutate, mutations } from './mutations.js'
import { defineTarget } from './target.js'

const bearer = jwtBearer({
  audience,
  clock,
  tokenValidationParameters: {
    validIssuer: issuer,
    issuerSigningKeys: trusted.map(({ jwk }) => jwk),
  },
})
const handlers = [bearer, authorize()]
const keys = await Promise.all(trusted.map(({ jwk }) => importJWK(jwk)))

const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...trusted) },
  { weight: 1, arbitrary: fc.constantFrom(foreign, confused) },
)

const headerChanges = fc.record(
  {
    alg: fc.constantFrom<unknown>(
      'none',
      'None',
      'HS256',
      'RS256',
      'PS256',
      'ES512',
      'Ed25519',
      5,
      null,
    ),
    kid: fc.constantFrom<unknown>('es', 'rs', 'unknown', '', null, 5, '__proto__', { toString: 1 }),
    typ: fc.constantFrom<unknown>('JWT', 'at+jwt', 'dpop+jwt', 'logout+jwt', null, 5),
    crit: fc.constantFrom<unknown>(['exp'], [], 'b64', ['b64']),
    b64: fc.boolean(),
    jku: fc.constant('https://evil.example/jwks'),
    jwk: fc.constant(foreign.jwk),
    x5c: fc.constant(['AAAA']),
  },
  { requiredKeys: [] },
)

const rarely = <T>(arbitrary: fc.Arbitrary<T>, otherwise: T) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary })

/** Tokens: nothing is accepted that `jose` refuses with the same options. */
export const tokens = defineTarget({
  name: 'tokens',
  share: 5,
  mustHappen: ['accepted', 'refused'],
  input: fc.record({
    key,
    claims,
    header: rarely(headerChanges, {}),
    changes: mutations,
    again: fc.boolean(),
  }),
  attempt: async ({ key: signer, claims: payload, header, changes, again }) => {
    const kid = { kid: signer.kid }
    const signed = signToken(signer, { alg: signer.alg, typ: 'at+jwt', ...kid, ...header }, payload)
    const token = mutate(signed, changes)
    const answer = await exchange(handlers, { authorization: `Bearer ${token}` })
    checkAnswer(answer, [200, 400, 401], [...secretsIn(payload), ...token.split('.')])
    // A second look may come from the cache and must not differ.
    if (again) {
      const { status } = await exchange(handlers, { authorization: `Bearer ${token}` })
      if (status !== answer.status) throw new Error('a token was judged in two ways')
    }
    if (answer.status !== 200) return 'refused'
    await checkWithJose(token)
    return 'accepted'
  },
})

// What is ours on purpose: one slash at the end of an audience, EdDSA under both names, an exp is needed.
async function checkWithJose(token: string): Promise<void> {
  const options = {
    issuer,
    audience: [audience, `${audience}/`],
    clockTolerance: 300,
    currentDate: new Date(now * 1000),
    requiredClaims: ['exp'],
  }
  const attempts = await Promise.allSettled(keys.map((one) => jwtVerify(token, one, options)))
  const accepted = attempts.find((one) => one.status === 'fulfilled')
  if (accepted === undefined) throw new Error(`accepted, though jose refuses it: ${token}`)
  const { payload }: { payload: JWTPayload } = accepted.value
  if (typeof payload.iss !== 'string') throw new Error('accepted without an issuer')
}
