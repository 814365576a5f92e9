import fc from 'fast-check'
import { authorize, jwtBearer } from 'express-jwt-bearer'
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
import { defineTarget } from './target.js'

const key = trusted[0] as FuzzKey
const claims = { iss: issuer, aud: audience, exp: now + 60 }
const good = signToken(key, { alg: key.alg, kid: key.kid }, claims)
const forged = signToken(foreign, { alg: foreign.alg, kid: foreign.kid }, claims)

const oddMember = fc.constantFrom<unknown>(
  null,
  '',
  5,
  true,
  [],
  {},
  'enc',
  'sig',
  ['verify'],
  'AAAA',
  ['AAAA'],
)

// Changes under which a key is as good as before.
const harmless = fc.record(
  {
    use: fc.constantFrom<unknown>('sig', null, ''),
    key_ops: fc.constantFrom<unknown>(['verify'], null, ''),
    alg: fc.constantFrom<unknown>('ES256', null, ''),
    d: fc.constantFrom<unknown>(null, ''),
    x5c: fc.constantFrom<unknown>(null, [], ['AAAA'], 'AAAA'),
    unknown_member: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: [] },
)

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.record(
    {
      kty: fc.constantFrom<unknown>('EC', 'RSA', 'OKP', 'oct', 'AKP', null, 5),
      crv: fc.constantFrom<unknown>('P-256', 'P-521', 'Ed25519', 'X25519', 'secp256k1', 5),
      kid: fc.constantFrom<unknown>('rs', 'other', null, 5, '__proto__'),
      x: fc.base64String(),
      y: fc.base64String(),
      n: fc.base64String(),
      e: fc.constantFrom<unknown>('AQAB', 'Aw', '', null),
      k: fc.base64String(),
      use: oddMember,
      key_ops: oddMember,
      alg: oddMember,
      x5c: oddMember,
      d: oddMember,
    },
    { requiredKeys: ['kty'] },
  ),
)

/** Published key sets: whatever stands beside a good key, its tokens pass, and nobody else's do. */
export const keySets = defineTarget({
  name: 'key sets',
  share: 1,
  mustHappen: ['with the key', 'without it'],
  input: fc.record({
    before: fc.array(junk, { maxLength: 3 }),
    after: fc.array(junk, { maxLength: 3 }),
    change: harmless,
    withKey: fc.boolean(),
  }),
  attempt: async ({ before, after, change, withKey }) => {
    const keys = [...before, ...(withKey ? [{ ...key.jwk, ...change }] : []), ...after]
    const fetch = () => Promise.resolve(Response.json({ keys }))
    const handlers = [
      jwtBearer({
        audience,
        clock,
        fetch,
        jwksUri: `${issuer}/jwks`,
        tokenValidationParameters: { validIssuer: issuer },
      }),
      authorize(),
    ]
    const answers = [
      await exchange(handlers, { authorization: `Bearer ${good}` }),
      await exchange(handlers, { authorization: `Bearer ${forged}` }),
    ]
    for (const answer of answers) checkAnswer(answer, [200, 401, 503], good.split('.'))
    const [own, other] = answers.map(({ status }) => status)
    if (other === 200) throw new Error('a forged token was accepted')
    if (withKey && own !== 200) throw new Error(`a good token was answered with ${own}`)
    if (!withKey && own === 200) throw new Error('a token was accepted whose key is not there')
    return withKey ? 'with the key' : 'without it'
  },
})
