import type { Request } from 'express'
import {
  authorize,
  createAuthorization,
  createPrincipal,
  getAuthentication,
  jwtBearer,
  MetadataUnavailableError,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, frameworks, keepErrors, setUpFault } from '../support/create-app.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const staff = await createTestIssuer({ alg: 'ES256', issuer: 'https://staff.test' })
const guests = await createTestIssuer({ alg: 'ES256', issuer: 'https://guests.test' })
const staffBearer = () => jwtBearer({ ...staff.options, scheme: 'Staff', realm: 'staff' })
const guestBearer = () => jwtBearer({ ...guests.options, scheme: 'Guests', realm: 'guests' })

/** A scheme whose callers are named by a header of their own, next to whatever token is sent. */
const keyBearer = () =>
  jwtBearer({
    ...staff.options,
    scheme: 'Key',
    events: {
      onMessageReceived: (context) => {
        const key = context.req.get('x-key')
        if (key === undefined) context.noResult()
        else context.success(createPrincipal({ sub: key, roles: ['Service'] }, { scheme: 'Key' }))
      },
    },
  })

describe.each(frameworks)('several schemes under $framework', ({ express }) => {
  test('each add a challenge line of their own', async () => {
    const app = createApp(express, staffBearer(), guestBearer(), authorize())
    const { rawHeaders } = await rawAnswer(request(app).get('/').expect(401))
    expect(rawHeaders).toEqual(['Bearer realm="staff"', 'Bearer realm="guests"'])
  })

  test('say each what was wrong with the token', async () => {
    const app = createApp(express, staffBearer(), guestBearer(), authorize())
    const errors = keepErrors(app)
    const token = await staff.token({ exp: 1000000000 })
    const { rawHeaders } = await rawAnswer(
      request(app).get('/').auth(token, { type: 'bearer' }).expect(401),
    )
    expect(rawHeaders).toEqual([
      `Bearer realm="staff", error="invalid_token", error_description="The token expired at '2001-09-09T01:46:40.000Z'"`,
      'Bearer realm="guests", error="invalid_token", error_description="The signature key was not found"',
    ])
    expect(errors[0]?.headers?.['WWW-Authenticate']).toEqual(rawHeaders)
    expect(errors[0]?.code).toBe('ERR_TOKEN_EXPIRED')
  })

  test.each([
    ['the first', 'staff', staff, 'alice'],
    ['the second', 'guests', guests, 'bob'],
  ])('let a caller of %s through', async (_which, _name, issuer, sub) => {
    const app = createApp(express, staffBearer(), guestBearer(), authorize())
    await request(app)
      .get('/')
      .set(await issuer.bearer({ sub }))
      .expect(200, { user: sub })
  })

  test('judge the callers of the schemes that a guard names, and no other', async () => {
    const app = createApp(express, staffBearer(), guestBearer(), authorize({ schemes: ['Guests'] }))
    const { rawHeaders } = await rawAnswer(
      request(app)
        .get('/')
        .set(await staff.bearer())
        .expect(401),
    )
    expect(rawHeaders).toEqual([
      'Bearer realm="guests", error="invalid_token", error_description="The signature key was not found"',
    ])
    await request(app)
      .get('/')
      .set(await guests.bearer({ sub: 'bob' }))
      .expect(200, { user: 'bob' })
  })

  test('never lend a caller the roles of another one', async () => {
    const app = createApp(
      express,
      staffBearer(),
      keyBearer(),
      authorize({ schemes: 'Staff', roles: 'Service' }),
    )
    await request(app)
      .get('/')
      .set(await staff.bearer({ sub: 'alice', roles: ['Reader'] }))
      .set('x-key', 'robot')
      .expect(403)
  })

  test('set the caller to the first success until a guard picks the one it authorised', async () => {
    const seen: (string | undefined)[] = []
    const note = (req: Request) => {
      const result = getAuthentication(req)
      seen.push(req.user?.subject, result.kind === 'success' ? result.scheme : result.kind)
    }
    const app = createApp(
      express,
      staffBearer(),
      keyBearer(),
      (req, _res, next) => {
        note(req)
        next()
      },
      authorize({ roles: 'Service' }),
      (req, _res, next) => {
        note(req)
        next()
      },
    )
    await request(app)
      .get('/')
      .set(await staff.bearer({ sub: 'alice' }))
      .set('x-key', 'robot')
      .expect(200, { user: 'robot' })
    expect(seen).toEqual(['alice', 'Staff', 'robot', 'Key'])
  })

  test('forbid the first caller when none of them meets the policy', async () => {
    const forbidden: (string | undefined)[] = []
    const watch = (scheme: string, issuer = staff) =>
      jwtBearer({
        ...issuer.options,
        scheme,
        events: {
          onForbidden: ({ principal }) => forbidden.push(`${scheme} ${String(principal.subject)}`),
        },
      })
    const app = createApp(express, watch('One'), watch('Two'), authorize({ roles: 'Admin' }))
    await request(app)
      .get('/')
      .set(await staff.bearer({ sub: 'alice' }))
      .expect(403)
    expect(forbidden).toEqual(['One alice'])
  })

  test('answer 503 before 400 and 400 before 401', async () => {
    const failing = (scheme: string, error: Error | undefined) =>
      jwtBearer({
        ...staff.options,
        scheme,
        events: {
          onMessageReceived: (context) => {
            if (error === undefined) context.noResult()
            else context.fail(error)
          },
        },
      })
    const away = new MetadataUnavailableError('The issuer is away')
    const plain = staffBearer()
    const malformed = { Authorization: 'Bearer a b' }
    const both = createApp(express, plain, failing('Away', away), authorize())
    await request(both).get('/').set(malformed).expect(503)
    const lower = createApp(express, failing('None', undefined), plain, authorize())
    const errors = keepErrors(lower)
    const { rawHeaders } = await rawAnswer(request(lower).get('/').set(malformed).expect(400))
    expect(rawHeaders).toEqual(['Bearer', 'Bearer realm="staff", error="invalid_request"'])
    expect(errors[0]?.code).toBe('ERR_BEARER_REQUEST_INVALID')
  })

  test('let a success of one stand against the failure of another', async () => {
    const app = createApp(express, staffBearer(), guestBearer(), authorize())
    await request(app)
      .get('/')
      .set(await guests.bearer({ sub: 'bob' }))
      .expect(200, { user: 'bob' })
  })

  test('stop at the challenge that an event answers', async () => {
    const asked: string[] = []
    const watch = (scheme: string) =>
      jwtBearer({
        ...staff.options,
        scheme,
        events: {
          onChallenge: (context) => {
            asked.push(scheme)
            context.handleResponse()
            context.res.status(418).end()
          },
        },
      })
    const app = createApp(express, watch('One'), watch('Two'), authorize())
    await request(app).get('/').expect(418)
    expect(asked).toEqual(['One'])
  })

  test('refuse a guard that names a scheme nobody mounted', async () => {
    const app = createApp(express, staffBearer(), authorize({ schemes: 'Guest' }))
    expect(await setUpFault(app, await staff.bearer())).toBe(
      'authorize() asks for the scheme "Guest", but no jwtBearer() of that name ran before it',
    )
  })

  test('refuse two middlewares of one name', async () => {
    const app = createApp(express, jwtBearer(staff.options), jwtBearer(guests.options), authorize())
    expect(await setUpFault(app, await staff.bearer())).toBe(
      'Two jwtBearer() with different options share the scheme name "Bearer"; give each a "scheme" of its own',
    )
  })

  test('walk once when the same middleware is mounted twice', async () => {
    let walks = 0
    const bearer = jwtBearer({
      ...staff.options,
      events: { onMessageReceived: () => (walks += 1) },
    })
    const app = createApp(express, bearer, bearer, authorize(), bearer)
    await request(app)
      .get('/')
      .set(await staff.bearer({ sub: 'alice' }))
      .expect(200, { user: 'alice' })
    expect(walks).toBe(1)
  })

  test('keep apart policies that name schemes', async () => {
    const { authorize: guard } = createAuthorization({
      policies: {
        Robots: (policy) => policy.addAuthenticationSchemes('Key').requireRole('Service'),
      },
    })
    const app = createApp(express, staffBearer(), keyBearer(), guard('Robots'))
    await request(app).get('/').set('x-key', 'robot').expect(200, { user: 'robot' })
    await request(app)
      .get('/')
      .set(await staff.bearer({ roles: ['Service'] }))
      .expect(401)
  })
})

describe.each(frameworks)('optional guards under $framework', ({ express }) => {
  const app = createApp(express, staffBearer(), authorize({ optional: true }))

  test('let a caller without credentials through as anonymous', async () => {
    await request(app).get('/').expect(200, { user: null })
    await request(app).get('/').set('Authorization', 'Basic YTpi').expect(200, { user: null })
  })

  test('let a known caller through', async () => {
    await request(app)
      .get('/')
      .set(await staff.bearer({ sub: 'alice' }))
      .expect(200, { user: 'alice' })
  })

  test('challenge a bad token and a malformed header', async () => {
    await request(app).get('/').auth('nonsense', { type: 'bearer' }).expect(401)
    await request(app).get('/').set('Authorization', 'Bearer a b').expect(400)
  })

  test('forget a caller that somebody else put on the request', async () => {
    const forger = createApp(
      express,
      (req, _res, next) => {
        req.user = createPrincipal({ sub: 'mallory', roles: ['Admin'] })
        next()
      },
      staffBearer(),
      authorize({ optional: true }),
      (req, _res, next) => {
        expect(getAuthentication(req)).toEqual({ kind: 'none' })
        next()
      },
    )
    await request(forger).get('/').expect(200, { user: null })
  })

  test('judge the named schemes alone', async () => {
    const named = createApp(
      express,
      staffBearer(),
      guestBearer(),
      authorize({ optional: true, schemes: 'Guests' }),
    )
    await request(named)
      .get('/')
      .set(await guests.bearer({ sub: 'bob' }))
      .expect(200, { user: 'bob' })
    await request(named)
      .get('/')
      .set(await staff.bearer())
      .expect(401)
  })
})

describe.each(frameworks)('user() under $framework', ({ express }) => {
  const bearer = staffBearer()
  const app = () =>
    express()
      .use(bearer)
      .get('/', (req, res) => {
        res.json({ sub: bearer.user(req).subject })
      })

  test('gives the caller', async () => {
    await request(app())
      .get('/')
      .set(await staff.bearer({ sub: 'alice' }))
      .expect(200, { sub: 'alice' })
  })

  test.each([
    ['nobody', {}],
    ['a bad token', { Authorization: 'Bearer nonsense' }],
  ])('answers %s with 401', async (_who, headers) => {
    const target = app()
    const errors = keepErrors(target)
    await request(target).get('/').set(headers).expect(401)
    expect(errors[0]).toMatchObject({
      code: 'ERR_AUTHENTICATION_REQUIRED',
      headers: { 'Cache-Control': 'no-store', 'WWW-Authenticate': 'Bearer realm="staff"' },
    })
    await request(app()).get('/').expect('WWW-Authenticate', 'Bearer realm="staff"')
  })
})

/** The values of the `WWW-Authenticate` lines, one by one. */
async function rawAnswer(call: request.Test) {
  const response = await call
  const { rawHeaders } = (response as unknown as { res: { rawHeaders: string[] } }).res
  return {
    rawHeaders: rawHeaders.filter(
      (_value, index) =>
        rawHeaders[index - 1]?.toLowerCase() === 'www-authenticate' && index % 2 === 1,
    ),
  }
}
