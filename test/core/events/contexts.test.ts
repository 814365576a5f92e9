import { inspect } from 'node:util'
import {
  authorize,
  createPrincipal,
  getAuthentication,
  jwtBearer,
  TokenExpiredError,
  type AuthorizationFailure,
  type JwtBearerEvents,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { eventNames } from '../../support/event-names.js'
import { createApp, frameworks } from '../../support/create-app.js'
import { watchProcess } from '../../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const marker = 'marker-c1a1m'
const token = await issuer.token({ sub: marker, name: marker, roles: ['Reader'] })
const expired = await issuer.token({ sub: marker, exp: 1000000000 })

function eachEvent(
  note: (name: (typeof eventNames)[number], context: never) => void,
): JwtBearerEvents {
  return Object.fromEntries(
    eventNames.map((name) => [
      name,
      (context: never) => {
        note(name, context)
      },
    ]),
  )
}

describe.each(frameworks)('the contexts of events under $framework', ({ express }) => {
  test('show the exchange and the options', async () => {
    const seen: string[] = []
    const options: JwtBearerOptions = {
      ...issuer.options,
      scheme: 'Api',
      realm: 'orders',
      events: eachEvent(
        (
          name,
          context: {
            req: { url: string }
            res: { statusCode: number }
            scheme: string
            options: unknown
          },
        ) => {
          expect(context.options).toBe(options)
          expect(context.res.statusCode).toBeGreaterThan(0)
          seen.push(`${name} ${context.scheme} ${context.req.url}`)
        },
      ),
    }
    const app = createApp(express, jwtBearer(options), authorize({ roles: 'Admin' }))
    await request(app).get('/').auth(token, { type: 'bearer' }).expect(403)
    await request(app).get('/').auth(expired, { type: 'bearer' }).expect(401)
    expect(seen).toEqual(
      [
        eventNames[0],
        eventNames[1],
        eventNames[4],
        eventNames[0],
        eventNames[2],
        eventNames[3],
      ].map((name) => `${name} Api /`),
    )
  })

  test('show neither token nor claims when they are logged', async () => {
    const shown: string[] = []
    const events = eachEvent((_name, context) => {
      shown.push(inspect(context, { depth: 9 }), JSON.stringify(context), String(context))
    })
    const app = createApp(
      express,
      jwtBearer({ ...issuer.options, events }),
      authorize({ roles: 'Admin' }),
    )
    await request(app).get('/').auth(token, { type: 'bearer' }).expect(403)
    await request(app).get('/').auth(expired, { type: 'bearer' }).expect(401)
    expect(shown.filter((text) => text.includes(marker))).toEqual([])
    expect(shown.filter((text) => text.includes('eyJ'))).toEqual([])
    expect(shown[0]).toBe("MessageReceivedContext { scheme: 'Bearer' }")
    expect(shown).toHaveLength(18)
  })

  test('fill in the token from the header', async () => {
    const tokens: unknown[] = []
    const events: JwtBearerEvents = { onMessageReceived: (context) => tokens.push(context.token) }
    const app = createApp(express, jwtBearer({ ...issuer.options, events }))
    await request(app).get('/').auth(token, { type: 'bearer' })
    await request(app).get('/')
    await request(app).get('/').set('Authorization', 'Bearer a b')
    expect(tokens).toEqual([token, undefined, undefined])
  })

  test('carry the token that was validated, and room for what handlers should find', async () => {
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: {
          onTokenValidated: ({ principal, securityToken, properties }) => {
            expect(principal.subject).toBe(marker)
            expect(securityToken.raw).toBe(token)
            expect(securityToken.header.alg).toBe('ES256')
            expect(securityToken.payload.sub).toBe(marker)
            properties['tenant'] = 'blue'
          },
        },
      }),
      (req, _res, next) => {
        const result = getAuthentication(req)
        expect(result.kind === 'success' && result.properties).toEqual({ tenant: 'blue' })
        next()
      },
    )
    await request(app).get('/').auth(token, { type: 'bearer' }).expect(200, { user: marker })
  })

  test('say why in a challenge', async () => {
    const seen: unknown[] = []
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: {
          onAuthenticationFailed: ({ error }) => {
            expect(error).toBeInstanceOf(TokenExpiredError)
          },
          onChallenge: (context) => {
            const { authenticateFailure, error, errorDescription, errorUri, scope } = context
            seen.push([authenticateFailure?.name, error, errorDescription, errorUri, scope])
            seen.push(requirementNames(context.authorizationFailure))
          },
        },
      }),
      authorize((policy) => policy.requireScope('orders.read')),
    )
    await request(app).get('/').expect(401)
    await request(app).get('/').auth(expired, { type: 'bearer' }).expect(401)
    expect(seen).toEqual([
      [undefined, undefined, undefined, undefined, 'orders.read'],
      ['requireAuthenticatedUser'],
      [
        'TokenExpiredError',
        'invalid_token',
        "The token expired at '2001-09-09T01:46:40.000Z'",
        undefined,
        'orders.read',
      ],
      ['requireAuthenticatedUser'],
    ])
  })

  test('say who falls short of what in a refusal', async () => {
    const seen: unknown[] = []
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: {
          onForbidden: ({ principal, authorizationFailure }) => {
            seen.push(principal.subject, requirementNames(authorizationFailure))
            seen.push(authorizationFailure.reasons)
          },
        },
      }),
      authorize((policy) =>
        policy
          .requireRole('Reader')
          .requireRole('Admin')
          .requireAssertion((context) => {
            context.fail('the shop is closed')
            return true
          }),
      ),
    )
    await request(app).get('/').auth(token, { type: 'bearer' }).expect(403)
    expect(seen).toEqual([marker, ['requireRole', 'requireAssertion'], ['the shop is closed']])
  })

  test('know what the event has decided so far', async () => {
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: {
          onMessageReceived: (context) => {
            expect(context.outcome).toBeUndefined()
            context.success(createPrincipal({ sub: 'robot' }))
            expect(context.outcome?.kind).toBe('success')
          },
          onForbidden: (context) => {
            expect(context.handled).toBe(false)
            context.handleResponse()
            expect(context.handled).toBe(true)
            context.res.end()
          },
        },
      }),
      authorize({ roles: 'Admin' }),
    )
    await request(app).get('/').expect(403)
  })
})

describe('a context outside Express', () => {
  const headers = { authorization: `Bearer ${token}` }

  test('shows the object that authenticate() was given', async () => {
    const given = { headers, url: '/socket' }
    const bearer = jwtBearer({
      ...issuer.options,
      events: {
        onMessageReceived: (context) => {
          expect(context.req).toBe(given)
        },
      },
    })
    expect((await bearer.authenticate(given)).kind).toBe('success')
  })

  test('has no response, and says so', async () => {
    const bearer = jwtBearer({
      ...issuer.options,
      events: { onTokenValidated: (context) => context.res.statusCode },
    })
    const result = await bearer.authenticate({ headers })
    expect(result.kind === 'failure' && result.error.message).toBe(
      'There is no response outside Express: authenticate() was given a request alone',
    )
  })
})

function requirementNames(failure: AuthorizationFailure | undefined) {
  return failure?.failedRequirements.map(({ name }) => name)
}
