import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { MetadataUnavailableError, symmetricKey, type AuthError } from 'express-jwt-bearer'
import { resolveScheme } from '../../../src/core/authentication/scheme.js'
import type { TokenRules } from '../../../src/core/authentication/token-rules.js'
import { importSigningKeys } from '../../../src/core/keys/signing-key.js'
import type { Trust } from '../../../src/core/keys/trust.js'
import { attempt } from '../../../src/internal/maybe-promise.js'
import { parseToken } from '../../../src/core/validation/parse-token.js'
import { validateToken } from '../../../src/core/validation/validate-token.js'
import {
  authenticate,
  claimsOf,
  hs256,
  judge,
  options,
  outcomeOf,
  secret,
  seconds,
  sign,
} from '../../support/tokens.js'
import { bearerWalk } from '../../support/walk.js'

// Each step with a fault of its own; what a token gets wrong is added from the end of the list on.
const steps: [step: string, code: string, fault: Fault][] = [
  ['algorithm', 'ERR_TOKEN_ALGORITHM_NOT_ALLOWED', { header: { alg: 'HS512' } }],
  ['key', 'ERR_TOKEN_KEY_NOT_FOUND', { secret: 'not the secret, but as long as it must be' }],
  ['content', 'ERR_TOKEN_MALFORMED', { claims: { nbf: 'text' } }],
  ['lifetime', 'ERR_TOKEN_EXPIRED', { claims: { exp: 1 } }],
  ['audience', 'ERR_TOKEN_AUDIENCE_INVALID', { claims: { aud: 'api://another' } }],
  ['issuer', 'ERR_TOKEN_ISSUER_INVALID', { claims: { iss: 'https://another.test' } }],
  ['type', 'ERR_TOKEN_TYPE_INVALID', { header: { typ: 'JWT' } }],
  ['schema', 'ERR_TOKEN_CLAIM_INVALID', { claims: { tenant: undefined } }],
  ['confirmation', 'ERR_TOKEN_CONFIRMATION_INVALID', { claims: { cnf: { jkt: 'x' } } }],
  ['replay', 'ERR_TOKEN_REPLAYED', {}],
]
interface Fault {
  header?: object
  claims?: object
  secret?: string
}

const checked = options({
  validTypes: ['at+jwt'],
  claimsSchema: z.object({ tenant: z.string() }) as never,
  tokenReplayCache: { addIfAbsent: () => false },
})

function withFaults(from: number): string {
  const faults = steps.slice(from).map(([, , fault]) => fault)
  const header = Object.assign(
    { alg: 'HS256', typ: 'at+jwt' },
    ...faults.map((fault) => fault.header),
  ) as object
  const claims = Object.assign({ tenant: 't' }, ...faults.map((fault) => fault.claims)) as object
  const key = faults.find((fault) => fault.secret !== undefined)?.secret ?? secret
  return sign(header, claimsOf({ ...claims }), key)
}

describe('the order of checks', () => {
  test.each(steps.map(([step, code], index) => [step, code, index] as const))(
    'reports the %s before all that comes after it: %s',
    async (_step, code, index) => {
      expect(await judge(checked, withFaults(index))).toBe(code)
    },
  )

  test('reports a length beyond the limit before anything else', async () => {
    const short = { ...checked, maxTokenLength: 10 }
    expect(await judge(short, withFaults(0))).toBe('ERR_TOKEN_MALFORMED')
  })

  test('reports the expiry before the age', async () => {
    const token = hs256({ iat: 2, exp: 1 })
    const result = await authenticate(options({ maxTokenAge: 1 }), token)
    expect(result).toMatchObject({ error: { expiredAt: new Date(1000) } })
  })

  test('keeps the order where a check answers later', async () => {
    const later = options({
      lifetimeValidator: () => Promise.resolve(true),
      issuerValidator: () => Promise.resolve(false),
      validTypes: ['at+jwt'],
    })
    expect(await judge(later, hs256())).toBe('ERR_TOKEN_ISSUER_INVALID')
  })
})

describe('a good token', () => {
  test('gives a result with header, instants, scheme and the token itself', async () => {
    const token = hs256({ iat: seconds - 5 }, { kid: 'k' })
    const result = await authenticate(options({}, { scheme: 'Api' }), token)
    expect(result).toMatchObject({
      kind: 'success',
      token,
      header: { alg: 'HS256', kid: 'k' },
      expiresAt: new Date((seconds + 3600) * 1000),
      issuedAt: new Date((seconds - 5) * 1000),
      properties: {},
      scheme: 'Api',
      principal: { subject: 'alice', scheme: 'Api' },
    })
  })

  test('gives no token where it is not to be kept, and no instants it does not name', async () => {
    const given = options({ requireExpirationTime: false }, { saveToken: false })
    const result = await authenticate(given, hs256({ exp: undefined, iat: undefined }))
    expect(outcomeOf(result)).toBe('success')
    expect(result).toMatchObject({ token: undefined, expiresAt: undefined, issuedAt: undefined })
  })
})

describe('keys that change', () => {
  const { validation } = resolveScheme(options()).rulesFor({} as never, {
    headers: {},
  }) as TokenRules
  const parsed = (claims?: Record<string, unknown>) => parseToken(hs256(claims), 16_384)
  const key = (text: string) => importSigningKeys(symmetricKey(text))
  const stale: Trust = { keys: key(`an older secret, ${secret}`) }
  const away = new MetadataUnavailableError('away')

  test.each<[string, Trust, Trust | undefined, string]>([
    ['nothing new', stale, undefined, 'ERR_TOKEN_KEY_NOT_FOUND'],
    [
      'nothing new because the issuer is away',
      { ...stale, unavailable: away },
      undefined,
      'ERR_METADATA_UNAVAILABLE',
    ],
    ['the key', stale, { keys: key(secret) }, 'success'],
    ['other keys', stale, { keys: [] }, 'ERR_TOKEN_KEY_NOT_FOUND'],
    [
      'other keys and an issuer that is away',
      stale,
      { keys: [], unavailable: away },
      'ERR_METADATA_UNAVAILABLE',
    ],
  ])('are asked for again when a key is unknown: %s', async (_case, seen, newer, expected) => {
    const renewed = vi.fn(() => Promise.resolve(newer))
    const rechecked = vi.fn(() => undefined)
    const trust = { current: () => seen, renewed, rechecked }
    const outcome = await attempt(
      async () => {
        await validateToken(parsed(), { ...validation, trust }, bearerWalk())
        return 'success'
      },
      (error) => (error as AuthError).code,
    )
    expect(outcome).toBe(expected)
    expect(renewed.mock.calls).toEqual([[seen]])
    expect(rechecked).not.toHaveBeenCalled()
  })

  const named = (text: string) => key(text).map((one) => ({ ...one, kid: 'a' }))
  const replaced: Trust = { keys: named(`an older secret, ${secret}`) }

  test.each<[string, Trust | undefined, string]>([
    ['nothing new', undefined, 'ERR_TOKEN_SIGNATURE_INVALID'],
    ['the key', { keys: named(secret) }, 'success'],
    ['another key that does not fit', { keys: replaced.keys }, 'ERR_TOKEN_SIGNATURE_INVALID'],
    ['no key of that name', { keys: [] }, 'ERR_TOKEN_SIGNATURE_INVALID'],
  ])(
    'are checked when a signature fails under a known name: %s',
    async (_case, newer, expected) => {
      const renewed = vi.fn(() => undefined)
      const rechecked = vi.fn(() => Promise.resolve(newer))
      const trust = { current: () => replaced, renewed, rechecked }
      const outcome = await attempt(
        async () => {
          const token = parseToken(hs256({}, { kid: 'a' }), 16_384)
          await validateToken(token, { ...validation, trust }, bearerWalk())
          return 'success'
        },
        (error) => (error as AuthError).code,
      )
      expect(outcome).toBe(expected)
      expect(rechecked.mock.calls).toEqual([[replaced]])
      expect(renewed).not.toHaveBeenCalled()
    },
  )

  test('may bring a key of the name under which the signature is bad', async () => {
    const renewed = () => ({ keys: named(`another secret, ${secret}`) })
    const trust = { current: () => ({ keys: [] }), renewed, rechecked: () => undefined }
    const parsedNamed = parseToken(hs256({}, { kid: 'a' }), 16_384)
    const judged = attempt(
      () => validateToken(parsedNamed, { ...validation, trust }, bearerWalk()),
      (error) => (error as AuthError).code as never,
    )
    expect(await judged).toBe('ERR_TOKEN_SIGNATURE_INVALID')
  })

  test('are not asked for again when the key is known', async () => {
    const renewed = vi.fn(() => undefined)
    const trust = {
      current: () => ({ keys: key(secret), unavailable: away }),
      renewed,
      rechecked: renewed,
    }
    await validateToken(parsed(), { ...validation, trust }, bearerWalk())
    expect(renewed).not.toHaveBeenCalled()
  })

  test('bring the issuer of the metadata, which is accepted besides the configured ones', async () => {
    const judged = async (iss: string, unavailable?: MetadataUnavailableError) => {
      const trust = { keys: key(secret), issuer: 'https://metadata.test', unavailable }
      return attempt(
        async () => {
          await validateToken(
            parsed({ iss }),
            {
              ...validation,
              trust: { current: () => trust, renewed: () => undefined, rechecked: () => undefined },
            },
            bearerWalk(),
          )
          return 'success'
        },
        (error) => (error as AuthError).code,
      )
    }
    expect(await judged('https://metadata.test')).toBe('success')
    expect(await judged('https://issuer.test')).toBe('success')
    expect(await judged('https://another.test')).toBe('ERR_TOKEN_ISSUER_INVALID')
    expect(await judged('https://another.test', away)).toBe('ERR_METADATA_UNAVAILABLE')
  })
})
