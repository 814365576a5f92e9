import fc from 'fast-check'
import { audience, issuer, now } from './material.js'

/** Marks claim values, so that they are recognised wherever they come out. */
const marker = 'claim-value-marker'

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    '',
    ' ',
    [],
    {},
    [null],
    [[]],
    2 ** 53,
    1e308,
  ),
  fc.string().map((text) => `${marker}${text}`),
  fc.jsonValue({ maxDepth: 3 }),
)

function mostly(good: unknown, ...others: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant<unknown>(good) },
    { weight: 2, arbitrary: others.length === 0 ? oddValue : fc.constantFrom<unknown>(...others) },
    { weight: 1, arbitrary: oddValue },
  )
}

const instant = (good: number) =>
  mostly(good, ...[299, 300, 301, 0, 3600].flatMap((away) => [now - away, now + away]))

/** Claims that are good in most places, and odd in some. */
export const claims: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fc.record(
      {
        iss: mostly(issuer, `${issuer}/`, issuer.toUpperCase(), `${issuer} `, [issuer]),
        aud: mostly(audience, `${audience}/`, [audience], ['x', audience], `${audience}//`, []),
        exp: instant(now + 60),
      },
      { requiredKeys: ['iss', 'aud', 'exp'] },
    ),
    fc.record(
      {
        nbf: instant(now - 60),
        iat: instant(now - 60),
        sub: mostly(`${marker}-alice`),
        jti: mostly(`${marker}-jti`),
        scope: mostly('read write', ['read'], 'read  write', ' read'),
        scp: oddValue,
        roles: mostly(['Admin'], 'Admin', [['Admin']], [null, 'Admin']),
        role: oddValue,
        name: mostly(`${marker}-name`),
        cnf: fc.constantFrom<unknown>(undefined, undefined, {}, { kid: '1' }, null, { jkt: 'x' }),
        __proto__: oddValue,
        constructor: oddValue,
      },
      { requiredKeys: [] },
    ),
    fc.array(fc.constantFrom('iss', 'aud', 'exp'), { maxLength: 1 }),
  )
  .map(([needed, others, absent]) => {
    const all: Record<string, unknown> = { ...needed, ...others }
    for (const name of absent) if (all['sub'] === undefined) Reflect.deleteProperty(all, name)
    return all
  })

/** The texts in claims that must never come out. */
export function secretsIn(all: Record<string, unknown>): readonly string[] {
  return Object.values(all).filter(
    (value): value is string => typeof value === 'string' && value.startsWith(marker),
  )
}
