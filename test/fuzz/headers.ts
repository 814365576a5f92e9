import fc from 'fast-check'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { checkAnswer, exchange } from './exchange.js'
import { audience, clock, issuer, now, signToken, trusted, type FuzzKey } from './material.js'
import { mutate, mutations } from './mutations.js'
import { defineTarget } from './target.js'

const handlers = [
  jwtBearer({
    audience,
    clock,
    tokenValidationParameters: {
      validIssuer: issuer,
      issuerSigningKeys: trusted.map(({ jwk }) => jwk),
    },
  }),
  authorize((policy) => policy.requireScope('read')),
]

const key = trusted[0] as FuzzKey
const claims = { iss: issuer, aud: audience, exp: now + 60, scope: 'read' }
const good = signToken(key, { alg: key.alg, kid: key.kid }, claims)
const withoutScope = signToken(key, { alg: key.alg }, { ...claims, scope: 'other' })

const line = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'Bearer',
        'bearer',
        'BEARER',
        'Bearer ',
        'DPoP',
        'Basic',
        'Bearer\t',
        '',
        'Bearer,',
      ),
      fc.constantFrom(' ', '  ', '\t', '', ', '),
      fc.constantFrom(good, withoutScope, `${good} ${good}`, `${good},x`, '', 'x'),
      mutations,
    )
    .map(([scheme, gap, token, changes]) => mutate(`${scheme}${gap}${token}`, changes)),
  fc.string(),
  fc.string({ unit: 'binary' }),
)

/** `Authorization` headers, one line or several: the documented answers and nothing else. */
export const headers = defineTarget({
  name: 'headers',
  share: 2,
  mustHappen: ['200', '400', '401', '403'],
  input: fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 2 }), raw: fc.boolean() }),
  attempt: async ({ lines, raw }) => {
    const [authorization] = lines
    const rawHeaders = lines.flatMap((value, index) => [
      index === 0 ? 'Authorization' : 'authorization',
      value,
    ])
    const answer = await exchange(handlers, { authorization }, raw ? rawHeaders : undefined)
    checkAnswer(answer, [200, 400, 401, 403], [...good.split('.'), ...withoutScope.split('.')])
    if (raw && lines.length > 1 && answer.status !== 400) {
      throw new Error(`two lines were answered with ${answer.status}`)
    }
    return String(answer.status)
  },
})
