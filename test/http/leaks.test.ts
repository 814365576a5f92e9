import { inspect } from 'node:util'
import {
  authorize,
  jwtBearer,
  type JwtBearerEvents,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createApp, frameworks, keepErrors } from '../support/create-app.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const marker = 'marker-5ecret'
const issuer = await createTestIssuer({ alg: 'ES256' })
const claims = { sub: marker, name: marker, roles: [marker], email: `${marker}@x.test` }

const tokens: [what: string, token: string][] = [
  ['a good token', await issuer.token(claims)],
  ['an expired token', await issuer.expired(claims)],
  ['an early token', await issuer.notYetValid(claims)],
  ['a token for another audience', await issuer.token({ ...claims, aud: marker })],
  ['a token of another issuer', await issuer.token({ ...claims, iss: `https://${marker}.test` })],
  ['a tampered token', await issuer.wrongSignature(claims)],
  ['an unsigned token', await issuer.unsigned(claims)],
  ['a token of an unknown key', await issuer.token(claims, { header: { kid: marker } })],
  ['a text with the marker', marker],
  ['a malformed header', `${marker} ${marker}`],
]

// What an app says in fail() is its own: it may be logged, and is never sent.
const logged = 'refused for reasons of ours'
const fail = (context: { fail(reason: string | Error): void }) => {
  context.fail(logged)
}
const failWithError = (context: { fail(reason: string | Error): void }) => {
  context.fail(new Error(`refused ${marker}`))
}
const variants: [what: string, options: JwtBearerOptions][] = [
  ['as it comes', {}],
  ['with a text of fail()', { events: { onTokenValidated: fail, onAuthenticationFailed: fail } }],
  [
    'with an error of fail()',
    { events: { onTokenValidated: failWithError, onAuthenticationFailed: failWithError } },
  ],
  [
    'with a replaced error',
    {
      events: {
        onAuthenticationFailed: (context) => {
          context.error = new Error(marker)
        },
      },
    },
  ],
]

describe.each(frameworks)('what gets out under $framework', ({ express }) => {
  const printed: string[] = []

  beforeEach(() => {
    printed.length = 0
    for (const method of ['error', 'warn', 'log', 'info', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...values: unknown[]) => {
        printed.push(
          ...values.map((value) =>
            typeof value === 'string' ? value : inspect(value, { depth: 9 }),
          ),
        )
      })
    }
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })

  describe.each(['development', 'production'])('in %s', (environment) => {
    test.each(variants)('holds no token, claim or detail, %s', async (_what, options) => {
      vi.stubEnv('NODE_ENV', environment)
      const app = createApp(
        express,
        jwtBearer({ ...issuer.options, ...options }),
        authorize({ roles: 'Admin' }),
      ).set('env', environment)
      for (const [, token] of tokens) {
        const answer = await request(app).get('/').set('Authorization', `Bearer ${token}`)
        expect([400, 401, 403]).toContain(answer.status)
        const out = [answer.text, JSON.stringify(answer.headers), ...printed].join('\n')
        expect(out).not.toContain(marker)
        expect(out).not.toContain('eyJ')
        expect(out).not.toContain('/src/')
        expect(answer.text + JSON.stringify(answer.headers)).not.toContain(logged)
      }
      expect(printed.length).toBeGreaterThan(0)
      vi.unstubAllEnvs()
    })

    test('holds no detail of a fault in production, and the fault as it is for the log', async () => {
      const events: JwtBearerEvents = {
        onMessageReceived: () => {
          throw new Error(`fault ${marker}`)
        },
      }
      const app = createApp(express, jwtBearer({ ...issuer.options, events }), authorize())
      app.set('env', environment)
      vi.stubEnv('NODE_ENV', environment)
      const { text } = await request(app).get('/').expect(500)
      expect(text.includes(marker)).toBe(environment === 'development')
      vi.unstubAllEnvs()
    })
  })

  test.each(tokens)(
    'to an error handler that logs the error holds no claim: %s',
    async (_what, token) => {
      const app = createApp(express, jwtBearer(issuer.options), authorize({ roles: 'Admin' }))
      const errors = keepErrors(app)
      await request(app).get('/').set('Authorization', `Bearer ${token}`)
      const [error] = errors
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        JSON.stringify(error),
        String(error?.stack),
      ]
      expect(errors).toHaveLength(1)
      expect(shown.join('\n')).not.toContain(marker)
      expect(shown.join('\n')).not.toContain('eyJ')
    },
  )
})
