import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { jwtBearer, TokenRejectedError, type JwtBearerEvents } from 'express-jwt-bearer'
import { claimsOfToken } from '../../../src/core/authentication/result.js'
import { authenticate, hs256, marker, now, options } from '../../support/tokens.js'

const token = hs256({ sub: 'alice', email: marker })
const shown = (value: unknown) =>
  [inspect(value, { depth: null, showHidden: true }), JSON.stringify(value)].join('\n')

describe('the result of an authentication', () => {
  test('shows scheme and instants of a success when logged, neither token nor claims', async () => {
    const result = await authenticate(options(), token)
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      kind: 'success',
      scheme: 'Bearer',
      expiresAt: new Date(now + 3_600_000).toISOString(),
      issuedAt: new Date(now).toISOString(),
    })
    expect(inspect(result)).toMatch(/^AuthenticateResult \{/)
    expect(shown({ nested: [result] })).not.toContain(marker)
    expect(shown({ nested: [result] })).not.toContain(token)
  })

  test('shows name and code of a failure when logged, not what the error holds', async () => {
    const failing = {
      onTokenValidated: (context) => {
        context.fail(Object.assign(new Error(marker), { token }))
      },
    } satisfies JwtBearerEvents
    const result = await authenticate(options({}, { events: failing }), token)
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      kind: 'failure',
      error: { name: 'TokenRejectedError', code: 'ERR_TOKEN_REJECTED' },
    })
    expect(shown(result)).not.toContain(marker)
    expect(shown(result)).not.toContain(token)
    expect(result).toMatchObject({ error: expect.any(TokenRejectedError) as unknown })
  })

  test('is one and the same for everybody without credentials', async () => {
    const middleware = jwtBearer(options())
    const [one, two] = await Promise.all([
      middleware.authenticate({ headers: {} }),
      middleware.authenticate({ headers: {} }),
    ])
    expect(one).toBe(two)
    expect(one).toEqual({ kind: 'none' })
    expect(Object.isFrozen(one)).toBe(true)
  })

  test('leaves nothing of token and claims in the contexts of events', async () => {
    const contexts: unknown[] = []
    const note = (context: unknown) => {
      contexts.push(context)
    }
    const events = { onMessageReceived: note, onTokenValidated: note, onAuthenticationFailed: note }
    await authenticate(options({}, { events }), token)
    await authenticate(options({}, { events }), `${token.slice(0, -6)}AAAAAA`)
    expect(contexts).toHaveLength(4)
    expect(contexts.map((context) => inspect(context))).toEqual([
      "MessageReceivedContext { scheme: 'Bearer' }",
      "TokenValidatedContext { scheme: 'Bearer' }",
      "MessageReceivedContext { scheme: 'Bearer' }",
      "AuthenticationFailedContext { scheme: 'Bearer' }",
    ])
    expect(shown(contexts)).not.toContain(marker)
    expect(shown(contexts)).not.toContain(token.slice(0, 40))
  })
})

describe('claimsOfToken()', () => {
  test('gives what the token said, and nothing where there was none', async () => {
    const result = await authenticate(options(), token)
    if (result.kind !== 'success') throw new Error('the token is good')
    expect(claimsOfToken(result)).toMatchObject({ sub: 'alice', email: marker })
    expect(claimsOfToken({ ...result, kind: 'success' })).toBeUndefined()
  })
})
