import express, { type RequestHandler } from 'express'
import express4 from 'express4'
import { createSession, memorySessionStore, type SessionOptions } from 'express-jwt-bearer/session'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deferred } from '../support/expiring-session.js'
import { cookieOf, signIn } from '../support/session-app.js'

const unhandled = vi.fn()
const warnings: { message: string; code: string | undefined }[] = []

beforeEach(() => {
  unhandled.mockClear()
  warnings.length = 0
  process.on('unhandledRejection', unhandled)
  vi.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push({ message: String(message), code: (options as { code?: string }).code })
  })
})

afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', unhandled)
  vi.restoreAllMocks()
  expect(unhandled).not.toHaveBeenCalled()
})

// Answers in the place of whatever takes longer, as time-out middlewares do.
const impatient: RequestHandler = (req, res, next) => {
  if (req.headers['x-impatient'] !== undefined) {
    setTimeout(() => res.status(503).send('too slow'), 20)
  }
  next()
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('an answer that somebody else has given meanwhile, on %s', (_name, make) => {
  function build(options: Partial<SessionOptions> = {}) {
    const session = createSession({ login: () => signIn(), ...options })
    const app = make().use(impatient, make.json(), session.middleware, session.routes)
    const handler = vi.fn((_req: express.Request, res: express.Response) => {
      res.send('late')
    })
    app.get('/', handler)
    const errors: unknown[] = []
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express counts the parameters.
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).end()
    }) as express.ErrorRequestHandler)
    return { app, handler, errors }
  }

  const signedIn = async (app: express.Express) =>
    cookieOf(await request(app).post('/tokens/create').expect(200))

  test('ends neither the process nor the chain of handlers twice when the store was slow', async () => {
    const store = memorySessionStore()
    const { app, handler } = build({ store })
    const cookie = await signedIn(app)
    const { promise, resolve } = deferred<undefined>()
    vi.spyOn(store, 'get').mockReturnValueOnce(promise)
    await request(app).get('/').set({ Cookie: cookie, 'x-impatient': '1' }).expect(503)
    resolve(undefined)
    await new Promise((settle) => setTimeout(settle, 20))
    expect(handler).not.toHaveBeenCalled()
    await request(app).get('/').set('Cookie', cookie).expect(200)
    expect(handler).toHaveBeenCalledOnce()
    expect(warnings).toEqual([])
  })

  test('is followed by one warning when a login succeeds too late, whose session is taken back', async () => {
    const store = memorySessionStore()
    const { promise, resolve } = deferred<Awaited<ReturnType<typeof signIn>>>()
    const logout = vi.fn(() => Promise.resolve())
    const set = vi.spyOn(store, 'set')
    const { app } = build({ store, login: () => promise, logout })
    await request(app).post('/tokens/create').set('x-impatient', '1').expect(503)
    resolve(await signIn())
    await vi.waitFor(() => {
      expect(logout).toHaveBeenCalledOnce()
    })
    expect(warnings).toEqual([
      {
        message: 'A request failed after its answer had begun: Error',
        code: 'EXPRESS_JWT_BEARER_LATE_FAILURE',
      },
    ])
    expect(set).not.toHaveBeenCalled()
  })

  test('leaves no session behind when it comes while the session is written', async () => {
    const store = memorySessionStore()
    const set = store.set.bind(store)
    const { promise, resolve } = deferred<undefined>()
    const keys: string[] = []
    vi.spyOn(store, 'set').mockImplementation(async (key, record) => {
      keys.push(key)
      await promise
      await set(key, record)
    })
    const { app } = build({ store })
    await request(app).post('/tokens/create').set('x-impatient', '1').expect(503)
    resolve(undefined)
    await vi.waitFor(async () => {
      expect(await store.get(keys[0] ?? '')).toBeUndefined()
    })
    await vi.waitFor(() => {
      expect(warnings).toHaveLength(1)
    })
  })

  test.each(['/tokens/refresh', '/tokens/logout'])(
    'is followed by one warning from POST %s',
    async (path) => {
      const store = memorySessionStore()
      const { app, errors } = build({
        store,
        logout: () => new Promise((resolve) => setTimeout(resolve, 60)),
        refresh: () => new Promise((resolve) => setTimeout(resolve, 60)),
      })
      const cookie = await signedIn(app)
      const { accessToken: rejected } = (
        await request(app).post('/tokens/refresh').set('Cookie', cookie)
      ).body as { accessToken: string }
      await request(app)
        .post(path)
        .set({ Cookie: cookie, 'x-impatient': '1' })
        .send({ rejected })
        .expect(503)
      await vi.waitFor(() => {
        expect(warnings).toHaveLength(1)
      })
      expect(warnings[0]?.code).toBe('EXPRESS_JWT_BEARER_LATE_FAILURE')
      expect(errors).toEqual([])
    },
  )

  test('is not there: what a login throws reaches the error handler, whatever it is', async () => {
    for (const thrown of [new Error('down'), 'route', undefined, null]) {
      const login = () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- Apps do.
        throw thrown
      }
      const { app, errors } = build({ login })
      await request(app).post('/tokens/create').expect(500)
      expect(errors).toEqual([expect.any(Error)])
    }
  })
})

describe('session.middleware', () => {
  test('hands what the next handler throws to next(), and never ends the process', async () => {
    const { middleware } = createSession({ login: () => undefined })
    const thrown = new Error('of a server that is not Express')
    const next = vi.fn().mockImplementationOnce(() => {
      throw thrown
    })
    await middleware({ headers: {}, method: 'GET' } as never, {} as never, next)
    await vi.waitFor(() => {
      expect(next.mock.calls).toEqual([[], [thrown]])
    })
    expect(warnings).toEqual([])
  })
})
