import { authorize, jwtBearer, type JwtBearerEvents } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, frameworks, keepErrors } from '../support/create-app.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const reader = await issuer.bearer({ sub: 'alice', scope: 'orders.read' })

const texts: [what: string, text: string, left: string][] = [
  ['a line break', 'a\r\nSet-Cookie: evil=1', 'aSet-Cookie: evil=1'],
  ['a bare line feed', 'a\nb', 'ab'],
  ['a bare carriage return', 'a\rb', 'ab'],
  ['a quote', 'a", error="ok', 'a, error=ok'],
  ['a backslash', 'a\\', 'a'],
  ['an escaped quote', 'a\\"b', 'ab'],
  ['a null', 'a\0b', 'ab'],
  ['a letter outside ASCII', 'Zürich', 'Zrich'],
  ['an emoji', 'a🙂b', 'ab'],
  ['half an emoji', 'a\ud83db', 'ab'],
  ['a line separator', 'a\u2028b', 'ab'],
]

describe.each(frameworks)('header values under $framework', ({ express }) => {
  const send = async (events: JwtBearerEvents, headers = {}, realm?: string, scope = 'orders') => {
    const app = createApp(
      express,
      jwtBearer({ ...issuer.options, realm, events }),
      authorize((policy) => policy.requireScope(scope)),
    )
    const answer = await request(app).get('/').set(headers)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
    return `${String(answer.status)} ${String(answer.headers['www-authenticate'])}`
  }

  test.each(texts)('drop %s from an error_description', async (_what, text, left) => {
    const onChallenge: JwtBearerEvents['onChallenge'] = (context) => {
      context.errorDescription = text
    }
    expect(await send({ onChallenge })).toBe(
      `401 Bearer error_description="${left}", scope="orders"`,
    )
  })

  test.each(texts)('drop %s from an error', async (_what, text, left) => {
    const onChallenge: JwtBearerEvents['onChallenge'] = (context) => {
      context.error = text
    }
    expect(await send({ onChallenge })).toBe(`401 Bearer error="${left}", scope="orders"`)
  })

  test.each(texts)('drop %s from a realm', async (_what, text, left) => {
    expect(await send({}, {}, text)).toBe(`401 Bearer realm="${left}", scope="orders"`)
    expect(await send({}, reader, text)).toBe(
      `403 Bearer realm="${left}", error="insufficient_scope", scope="orders"`,
    )
  })

  test.each(texts)('drop %s from a scope that a challenge names', async (_what, text, left) => {
    const onChallenge: JwtBearerEvents['onChallenge'] = (context) => {
      context.scope = text
    }
    expect(await send({ onChallenge })).toBe(`401 Bearer scope="${left}"`)
  })

  test.each(texts.filter(([, text]) => !text.includes(' ')))(
    'drop %s from a scope that a policy names',
    async (_what, text, left) => {
      expect(await send({}, {}, undefined, text)).toBe(`401 Bearer scope="${left}"`)
      expect(await send({}, reader, undefined, text)).toBe(
        `403 Bearer error="insufficient_scope", scope="${left}"`,
      )
    },
  )

  test.each(texts)('never repeat %s that fail() was given', async (_what, text) => {
    const onMessageReceived: JwtBearerEvents['onMessageReceived'] = (context) => {
      context.fail(text)
    }
    expect(await send({ onMessageReceived })).toBe(
      '401 Bearer error="invalid_token", scope="orders"',
    )
  })

  test.each([
    ['kid', async (text: string) => issuer.token({}, { header: { kid: text } })],
    ['typ', async (text: string) => issuer.token({}, { header: { typ: text } })],
    ['iss', async (text: string) => issuer.token({ iss: text })],
    ['aud', async (text: string) => issuer.token({ aud: text })],
    ['exp', async (text: string) => issuer.token({ exp: text })],
    ['scope', async (text: string) => issuer.token({ scope: text })],
  ])('hold nothing of what stands in %s', async (_where, tokenWith) => {
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        tokenValidationParameters: {
          ...issuer.options.tokenValidationParameters,
          validTypes: ['at+jwt'],
        },
      }),
      authorize({ roles: 'Admin' }),
    )
    const errors = keepErrors(app)
    for (const [, text] of texts) {
      const token = await tokenWith(`evil-${text}`)
      const answer = await request(app).get('/').auth(token, { type: 'bearer' })
      expect([401, 403]).toContain(answer.status)
      expect(JSON.stringify([answer.headers, answer.body, errors])).not.toContain('evil')
    }
  })
})
