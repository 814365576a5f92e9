import { Router, type Request, type RequestHandler } from 'express'
import {
  authorize,
  createAuthorization,
  createPrincipal,
  getAuthentication,
  jwtBearer,
  MetadataUnavailableError,
  type JwtBearerEvents,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, frameworks, keepErrors, setUpFault } from '../support/create-app.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const reader = await issuer.bearer({ sub: 'alice', scope: 'orders.read' })
const stranger = await issuer.bearer({ sub: 'bob' })

describe.each(frameworks)('guards under $framework', ({ express }) => {
  const { authorize: guard } = createAuthorization({
    policies: { CanReadOrders: (policy) => policy.requireScope('orders.read') },
  })
  const answer: RequestHandler = (req, res) => {
    res.json({ user: req.user?.subject ?? null })
  }

  test.each([
    [
      'an app',
      () =>
        express().use(jwtBearer(issuer.options), guard('CanReadOrders')).get('/api/orders', answer),
    ],
    [
      'a router',
      () =>
        express()
          .use(jwtBearer(issuer.options))
          .use('/api/orders', guard('CanReadOrders'), Router().get('/', answer)),
    ],
    [
      'the inside of a router',
      () =>
        express()
          .use(jwtBearer(issuer.options))
          .use('/api', Router().use(guard('CanReadOrders')).get('/orders', answer)),
    ],
    [
      'a route',
      () =>
        express().use(jwtBearer(issuer.options)).get('/api/orders', guard('CanReadOrders'), answer),
    ],
    [
      'a route with a middleware of its own',
      () => express().get('/api/orders', jwtBearer(issuer.options), guard('CanReadOrders'), answer),
    ],
  ])('protect %s', async (_what, app) => {
    await request(app()).get('/api/orders').expect(401)
    await request(app()).get('/api/orders').set(stranger).expect(403)
    await request(app()).get('/api/orders').set(reader).expect(200, { user: 'alice' })
  })

  test('leave what stands before them public', async () => {
    const app = express()
      .use(jwtBearer(issuer.options))
      .get('/public', answer)
      .use(authorize())
      .get('/private', answer)
    await request(app).get('/public').expect(200, { user: null })
    await request(app)
      .get('/public')
      .auth('nonsense', { type: 'bearer' })
      .expect(200, { user: null })
    await request(app).get('/private').expect(401)
    await request(app).get('/nowhere').expect(401)
  })

  test('must all hold when several stand in a row or in one call', async () => {
    const roles = await issuer.bearer({ sub: 'carol', roles: ['Admin'] })
    const both = await issuer.bearer({ sub: 'dan', roles: ['Admin'], scope: 'orders.read' })
    for (const handlers of [
      [guard('CanReadOrders'), guard({ roles: 'Admin' })],
      [guard('CanReadOrders', { roles: 'Admin' })],
    ]) {
      const app = createApp(express, jwtBearer(issuer.options), ...handlers)
      await request(app).get('/').set(reader).expect(403)
      await request(app).get('/').set(roles).expect(403)
      await request(app).get('/').set(both).expect(200, { user: 'dan' })
    }
  })

  test('read nothing from the request that other middleware can forge', async () => {
    const forge: RequestHandler = (req, _res, next) => {
      req.user = createPrincipal({ sub: 'mallory', roles: ['Admin'] })
      next()
    }
    const app = createApp(express, jwtBearer(issuer.options), forge, authorize({ roles: 'Admin' }))
    await request(app).get('/').expect(401)
    await request(app).get('/').set(stranger).expect(403)
  })

  test('wait for assertions that take time', async () => {
    const later = (answer: boolean) => () =>
      new Promise<boolean>((resolve) => {
        setImmediate(() => {
          resolve(answer)
        })
      })
    for (const [answer, status] of [
      [true, 200],
      [false, 403],
    ] as const) {
      const app = createApp(
        express,
        jwtBearer(issuer.options),
        authorize((policy) => policy.requireAssertion(later(answer))),
      )
      await request(app).get('/').set(reader).expect(status)
    }
  })

  test('hand what an assertion throws to the error handler as a fault of the app', async () => {
    for (const assertion of [
      () => {
        throw new Error('out of order')
      },
      () => Promise.reject(new Error('out of order')),
    ]) {
      const app = createApp(
        express,
        jwtBearer(issuer.options),
        authorize((policy) => policy.requireAssertion(assertion)),
      )
      const errors = keepErrors(app)
      await request(app).get('/').set(stranger).expect(500)
      expect(errors.map(({ message }) => message)).toEqual(['out of order'])
    }
  })

  test('do not run the handler when an assertion has answered', async () => {
    const app = createApp(
      express,
      jwtBearer(issuer.options),
      authorize((policy) =>
        policy.requireAssertion(({ req }) => {
          req.res?.status(418).end()
          return true
        }),
      ),
    )
    const errors = keepErrors(app)
    await request(app).get('/').set(stranger).expect(418)
    expect(errors).toEqual([])
  })

  test('write nothing once a response has been sent', async () => {
    for (const headers of [{}, stranger, { Authorization: 'Bearer nonsense' }]) {
      let guarded: Promise<unknown> = Promise.resolve()
      const app = createApp(
        express,
        jwtBearer(issuer.options),
        (_req, res, next) => {
          res.status(202).send('early')
          guarded = new Promise((resolve) => setImmediate(resolve))
          next()
        },
        authorize({ roles: 'Admin' }),
      )
      const errors = keepErrors(app)
      await request(app).get('/').set(headers).expect(202, 'early')
      await guarded
      expect(errors).toEqual([])
    }
  })

  test('write nothing into a response that is being streamed', async () => {
    const app = createApp(
      express,
      jwtBearer(issuer.options),
      (_req, res, next) => {
        res.write('part one, ')
        next()
        setTimeout(() => res.end('part two'), 20)
      },
      authorize(),
    )
    const errors = keepErrors(app)
    await request(app).get('/').expect(200, 'part one, part two')
    expect(errors).toEqual([])
  })

  test('note the result they relied on', async () => {
    const kinds: string[] = []
    const note = (req: Request) =>
      kinds.push(getAuthentication(req).kind, getAuthentication(req, 'Other').kind)
    const app = createApp(express, jwtBearer(issuer.options), authorize(), (req, _res, next) => {
      note(req)
      next()
    })
    await request(app).get('/').set(reader).expect(200)
    expect(kinds).toEqual(['success', 'none'])
  })

  test('write nothing when a response was sent while nobody could be judged', async () => {
    const away: JwtBearerEvents = {
      onMessageReceived: (context) => {
        context.fail(new MetadataUnavailableError('The issuer is away'))
      },
    }
    const app = createApp(
      express,
      jwtBearer({ ...issuer.options, events: away }),
      (_req, res, next) => {
        res.status(202).send('early')
        next()
      },
      authorize(),
    )
    const errors = keepErrors(app)
    await request(app).get('/').expect(202, 'early')
    expect(errors).toEqual([])
  })

  test('follow a middleware whose keys are ready', async () => {
    const bearer = jwtBearer(issuer.options)
    await expect(bearer.ready()).resolves.toBeUndefined()
    await request(createApp(express, bearer, authorize()))
      .get('/')
      .set(reader)
      .expect(200)
  })

  test('close the route when they were not called', async () => {
    const app = createApp(
      express,
      jwtBearer(issuer.options),
      authorize as unknown as RequestHandler,
    )
    expect(await setUpFault(app, reader)).toBe(
      'authorize was handed to Express without being called; write authorize() to make a guard',
    )
  })

  test('keep requests apart that arrive at the same time', async () => {
    const app = createApp(
      express,
      jwtBearer({
        ...issuer.options,
        events: { onTokenValidated: () => new Promise(setImmediate) },
      }),
      authorize((policy) =>
        policy.requireAssertion(
          () =>
            new Promise((resolve) =>
              setImmediate(() => {
                resolve(true)
              }),
            ),
        ),
      ),
    )
    const names = Array.from({ length: 20 }, (_, index) => `user-${String(index)}`)
    const answers = await Promise.all(
      names.map(
        async (sub) =>
          (
            await request(app)
              .get('/')
              .set(await issuer.bearer({ sub }))
          ).body as unknown,
      ),
    )
    expect(answers).toEqual(names.map((user) => ({ user })))
  })
})
