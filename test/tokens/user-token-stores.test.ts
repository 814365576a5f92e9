import session from 'express-session'
import express, { type Request } from 'express'
import { afterEach, describe, expect, test, vi } from 'vitest'
import request from 'supertest'
import {
  createMemoryUserTokenStore,
  createSessionUserTokenStore,
  formatUserToken,
  parseUserToken,
  runAsUser,
  userTokenContext,
  type UserTokenStore,
} from 'express-jwt-bearer/tokens'
import { userTokenStoreContract } from 'express-jwt-bearer/testing'

const alice = { subject: 'alice', sessionId: 'one' }

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  vi.resetModules()
})

describe('createMemoryUserTokenStore()', () => {
  const cases = userTokenStoreContract(() => ({
    subject: createMemoryUserTokenStore(),
    passTime: () => undefined,
  }))
  test.each(cases.map((contract) => [contract.name, contract] as const))('%s', (_name, contract) =>
    contract.run(),
  )

  test('drops the session that was idle longest when it is full', async () => {
    const store = createMemoryUserTokenStore({ maxEntries: 2 })
    const users = ['a', 'b', 'c'].map((subject) => ({ subject, sessionId: 's' }))
    const [a, b, c] = users as [typeof alice, typeof alice, typeof alice]
    await store.storeToken(a, { accessToken: 'a' })
    await store.storeToken(b, { accessToken: 'b' })
    await store.getToken(a)
    await store.storeToken(c, { accessToken: 'c' })
    expect(await store.getToken(b)).toBeUndefined()
    expect(await store.getToken(a)).toBeDefined()
    expect(await store.getToken(c)).toBeDefined()
  })

  test('warns once in production and never elsewhere', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    createMemoryUserTokenStore()
    expect(warn).not.toHaveBeenCalled()
    vi.stubEnv('NODE_ENV', 'production')
    createMemoryUserTokenStore()
    createMemoryUserTokenStore()
    expect(warn).toHaveBeenCalledOnce()
    expect(warn.mock.calls[0]?.[0]).toContain('"store"')
  })

  test.each([
    ['a limit below one', { maxEntries: 0 }, '"maxEntries" must be a whole number of at least 1'],
    ['an unknown option', { maxEntrys: 1 }, '"maxEntrys" is not a member'],
  ])('refuses %s', (_case, options, message) => {
    expect(() => createMemoryUserTokenStore(options as object)).toThrow(message)
  })
})

describe('userTokenStoreContract()', () => {
  /** A store with a lock and a clock to move, whole or with a fault. */
  function openLockingStore(fault: Partial<UserTokenStore> = {}) {
    let now = 0
    const locks = new Map<string, { id: symbol; until: number }>()
    const memory = createMemoryUserTokenStore()
    const subject: UserTokenStore = {
      ...memory,
      lock(user, ttl) {
        const name = JSON.stringify(user)
        if ((locks.get(name)?.until ?? 0) > now) return Promise.resolve(undefined)
        const id = Symbol(name)
        locks.set(name, { id, until: now + ttl })
        return Promise.resolve({
          release() {
            if (locks.get(name)?.id === id) locks.delete(name)
            return Promise.resolve()
          },
        })
      },
      ...fault,
    }
    return { subject, passTime: (seconds: number) => void (now += seconds) }
  }

  test.each(
    userTokenStoreContract(() => openLockingStore()).map((each) => [each.name, each] as const),
  )('passes a store that %s', (_name, contract) => contract.run())

  const memory = createMemoryUserTokenStore()
  const anybody = { subject: 'anybody', sessionId: 'any' }
  test.each<[string, Partial<UserTokenStore>, string]>([
    ['forgets', { getToken: () => Promise.resolve(undefined) }, 'gives back everything'],
    [
      'writes over any version',
      {
        storeToken: (user, token) => memory.storeToken(user, token),
        getToken: (user) => memory.getToken(user),
      },
      'does not write over another version',
    ],
    [
      'takes every session for the same',
      {
        storeToken: (_user, token, condition) => memory.storeToken(anybody, token, condition),
        getToken: () => memory.getToken(anybody),
      },
      'keeps sessions of one user apart',
    ],
    [
      'clears nothing',
      { clearToken: () => Promise.resolve(true) },
      'clears a session and no other',
    ],
    [
      'hands out its lock twice',
      { lock: () => Promise.resolve({ release: () => Promise.resolve() }) },
      'lets one at a time have the lock',
    ],
    ['never frees a lock', { lock: once() }, 'frees the lock of an owner that has died'],
  ])('fails a store that %s', async (_case, fault, broken) => {
    const cases = userTokenStoreContract(() => openLockingStore(fault))
    const contract = cases.find(({ name }) => name.startsWith(broken))
    await expect(contract?.run()).rejects.toMatchObject({ code: 'ERR_ASSERTION' })
  })

  function once(): NonNullable<UserTokenStore['lock']> {
    let isTaken = false
    return () => {
      if (isTaken) return Promise.resolve(undefined)
      isTaken = true
      return Promise.resolve({ release: () => Promise.resolve() })
    }
  }
})

describe('formatUserToken() and parseUserToken()', () => {
  test.each([
    ['text that is no JSON', 'secret{'],
    ['JSON that is no object', '"secret"'],
    ['nothing', 'null'],
    ['an object without a token', '{"refreshToken":"secret"}'],
    ['a token that is no text', '{"accessToken":1,"refreshToken":"secret"}'],
  ])('refuses %s without quoting it', (_case, text) => {
    expect(() => parseUserToken(text)).toThrow(TypeError)
    expect(() => parseUserToken(text)).not.toThrow('secret')
  })

  test('bring instants back as Date', () => {
    const token = { accessToken: 'a', expiration: new Date(5000), issuedAt: new Date(1000) }
    expect(parseUserToken(formatUserToken(token))).toEqual(token)
  })
})

describe('createSessionUserTokenStore()', () => {
  const store: UserTokenStore = createSessionUserTokenStore()

  function createApp(routes: Record<string, (req: Request) => unknown>) {
    const app = express()
    app.use(session({ secret: 'a session secret', resave: false, saveUninitialized: true }))
    app.use(userTokenContext({ user: () => alice }))
    for (const [path, route] of Object.entries(routes)) {
      app.get(path, (req, res, next) => {
        Promise.resolve(route(req)).then((answer) => res.json(answer ?? null), next)
      })
    }
    return request.agent(app)
  }

  test('keeps the tokens in the session, from one request to the next', async () => {
    const agent = createApp({
      '/store': () => store.storeToken(alice, { accessToken: 'a', expiration: new Date(0) }),
      '/get': () => store.getToken(alice),
      '/other': () => store.getToken({ ...alice, subject: 'bob' }),
    })
    expect((await agent.get('/get')).body).toBeNull()
    const version = (await agent.get('/store')).body as unknown
    expect((await agent.get('/get')).body).toEqual({
      version,
      token: { accessToken: 'a', expiration: '1970-01-01T00:00:00.000Z' },
    })
    expect((await agent.get('/other')).body).toBeNull()
  })

  test('writes and clears only the version it was asked for', async () => {
    const agent = createApp({
      '/all': async () => {
        const version = await store.storeToken(alice, { accessToken: 'a' })
        return [
          await store.storeToken(alice, { accessToken: 'b' }, { ifVersion: 'other' }),
          await store.clearToken(alice, { ifVersion: 'other' }),
          await store.clearToken(alice, { ifVersion: version }),
          await store.clearToken(alice, { ifVersion: version }),
          await store.storeToken(alice, { accessToken: 'c' }, { ifVersion: version }),
          await store.getToken(alice),
        ]
      },
    })
    expect((await agent.get('/all')).body).toEqual([null, false, true, true, null, null])
  })

  test('sees under the lock what another request has saved', async () => {
    const read = async () => (await store.getToken(alice))?.token.accessToken
    let hasLoaded = (): void => undefined
    let mayGoOn = (): void => undefined
    const loaded = new Promise<void>((resolve) => (hasLoaded = resolve))
    const goOn = new Promise<void>((resolve) => (mayGoOn = resolve))
    const agent = createApp({
      '/store': () => store.storeToken(alice, { accessToken: 'first' }),
      '/slow': async (req) => {
        hasLoaded()
        await goOn
        // As if another process had written: no copy in this one knows.
        const saved = await new Promise<session.SessionData>((resolve, reject) => {
          req.sessionStore.get(req.sessionID, (error: unknown, data) => {
            if (data) resolve(data)
            else reject(new Error('the session was not saved', { cause: error }))
          })
        })
        const elsewhere = JSON.parse(
          JSON.stringify(saved).replace('first', 'second'),
        ) as typeof saved
        await new Promise((resolve) => {
          req.sessionStore.set(req.sessionID, elsewhere, resolve)
        })
        const before = await read()
        const lock = await store.lock?.(alice, 5)
        await lock?.release()
        return [before, await read()]
      },
    })
    await agent.get('/store')
    const slow = agent.get('/slow').then(({ body }) => body as unknown)
    await loaded
    mayGoOn()
    expect(await slow).toEqual(['first', 'second'])
  })

  test('works in a session that was never saved', async () => {
    const agent = createApp({
      '/lock': async () => (await store.lock?.(alice, 5)) !== undefined,
    })
    expect((await agent.get('/lock')).body).toBe(true)
  })

  test('is not undone by a slower request of the session that saves its own copy', async () => {
    let hasLoaded = (): void => undefined
    let mayGoOn = (): void => undefined
    const loaded = new Promise<void>((resolve) => (hasLoaded = resolve))
    const goOn = new Promise<void>((resolve) => (mayGoOn = resolve))
    const agent = createApp({
      '/store': () => store.storeToken(alice, { accessToken: 'first' }),
      '/renew': () => store.storeToken(alice, { accessToken: 'second' }),
      '/get': async () => (await store.getToken(alice))?.token.accessToken,
      '/slow': async (req) => {
        hasLoaded()
        await goOn
        Object.assign(req.session, { cart: ['book'] })
      },
    })
    await agent.get('/store')
    const slow = agent.get('/slow').then(({ status }) => status)
    await loaded
    await agent.get('/renew')
    mayGoOn()
    expect(await slow).toBe(200)
    expect((await agent.get('/get')).body).toBe('second')
  })

  test('is not disturbed by a request that has ended the session', async () => {
    let hasEnded = (): void => undefined
    let hasLoaded = (): void => undefined
    let mayGoOn = (): void => undefined
    const ended = new Promise<void>((resolve) => (hasEnded = resolve))
    const loaded = new Promise<void>((resolve) => (hasLoaded = resolve))
    const goOn = new Promise<void>((resolve) => (mayGoOn = resolve))
    const agent = createApp({
      '/begin': () => true,
      '/store': async () => {
        hasLoaded()
        await ended
        await store.storeToken(alice, { accessToken: 'a' })
        mayGoOn()
        return (await store.getToken(alice))?.token.accessToken
      },
      '/end': async (req) => {
        await loaded
        await new Promise((resolve) => req.session.destroy(resolve))
        hasEnded()
        await goOn
      },
    })
    await agent.get('/begin')
    const [stored] = await Promise.all([agent.get('/store'), agent.get('/end')])
    expect(stored.body).toBe('a')
  })

  describe('when a session is destroyed while a request of it is running', () => {
    type Act = (req: Request) => unknown
    type Destroy = (req: Request) => unknown

    const destroy: Destroy = (req) => new Promise((resolve) => req.session.destroy(resolve))
    const elsewhere: Destroy = (req) =>
      new Promise((resolve) => {
        req.sessionStore.destroy(req.sessionID, resolve)
      })
    const signOut: Destroy = async (req) => {
      await store.clearToken(alice)
      await destroy(req)
    }

    /** One request that acts, another that destroys the session in the midst of it, and what is left. */
    async function race(
      { before, after }: { before?: Act; after: Act },
      end: Destroy,
      options: Partial<session.SessionOptions> = {},
    ) {
      const sessions = new session.MemoryStore()
      let hasBegun = (): void => undefined
      let goOn = (): void => undefined
      const begun = new Promise<void>((resolve) => (hasBegun = resolve))
      const mayGoOn = new Promise<void>((resolve) => (goOn = resolve))
      const app = express()
      app.use(
        session({
          secret: 's',
          resave: false,
          saveUninitialized: true,
          store: sessions,
          ...options,
        }),
      )
      app.use(userTokenContext({ user: () => alice }))
      const routes: Record<string, Act> = {
        '/begin': () => store.storeToken(alice, { accessToken: 'first' }),
        '/end': async (req) => {
          await end(req)
        },
        '/long': async (req) => {
          const version = (await store.getToken(alice))?.version
          await before?.(req)
          hasBegun()
          await mayGoOn
          return [version !== undefined, await after(req)]
        },
      }
      for (const [path, route] of Object.entries(routes)) {
        app.get(path, (req, res, next) => {
          Promise.resolve(route(req)).then((answer) => res.json(answer ?? null), next)
        })
      }
      const agent = request.agent(app)
      await agent.get('/begin').expect(200)
      const long = agent.get('/long').then(({ status, text }) => [status, text])
      await begun
      await agent.get('/end').expect(200)
      goOn()
      const [status, text] = await long
      const left = await new Promise((resolve) => {
        sessions.all?.((_error, all) => {
          resolve(Object.values(all ?? {}))
        })
      })
      return { status, answer: JSON.parse(String(text)) as unknown, left }
    }

    const ifVersion = async () => {
      const version = (await store.getToken(alice))?.version ?? 'none'
      return (
        (await store.storeToken(alice, { accessToken: 'late' }, { ifVersion: version })) ?? 'lost'
      )
    }
    const anyway = async () => {
      await store.storeToken(alice, { accessToken: 'late' })
      return (await store.getToken(alice))?.token.accessToken
    }
    const touch: Act = (req) => Object.assign(req.session, { cart: ['book'] }) && 'touched'
    const clear: Act = () => store.clearToken(alice)
    const relock: Act = async () => {
      await store.lock?.(alice, 1)
      return (await store.getToken(alice)) ?? 'nothing'
    }
    const save: Act = (req) =>
      new Promise((resolve) => {
        req.session.save((error: unknown) => {
          resolve(error ?? 'saved')
        })
      })

    test.each<[what: string, after: Act, end: Destroy, answer: unknown]>([
      ['a renewal writes', ifVersion, destroy, 'lost'],
      ['a renewal writes', ifVersion, elsewhere, 'lost'],
      ['a renewal writes after a sign-out', ifVersion, signOut, 'lost'],
      ['a sign-in writes', anyway, destroy, 'late'],
      ['a sign-in writes', anyway, elsewhere, 'late'],
      ['the app changes the session', touch, destroy, 'touched'],
      ['the app changes the session after a sign-out', touch, signOut, 'touched'],
      ['the tokens are cleared', clear, destroy, true],
      ['the lock is taken', relock, elsewhere, 'nothing'],
      ['the app saves it', save, destroy, 'saved'],
    ])(
      'it is not written again, whatever that request does: %s',
      async (_what, after, end, answer) => {
        // With `resave`, a request that does not know of it would save the session itself.
        for (const resave of end === elsewhere ? [false] : [false, true]) {
          const outcome = await race({ after }, end, { resave })
          expect(outcome).toEqual({ status: 200, answer: [true, answer], left: [] })
        }
      },
    )

    test('it stays gone for a request that has only been handed a newer token', async () => {
      const renewed: Destroy = async (req) => {
        await store.storeToken(alice, { accessToken: 'second' })
        await destroy(req)
      }
      expect(await race({ after: () => 'nothing' }, renewed)).toMatchObject({ left: [] })
    })

    test('a session that goes on is written as ever', async () => {
      const { left, answer } = await race({ after: ifVersion }, () => undefined)
      expect(answer).toEqual([true, expect.stringMatching(/^[\da-f-]{36}$/)])
      expect(JSON.stringify(left)).toContain('late')
      const { left: touched } = await race({ after: touch }, () => undefined)
      expect(JSON.stringify(touched)).toContain('book')
    })

    test('a request that has destroyed its session has no tokens, and no error', async () => {
      const agent = createApp({
        '/begin': () => store.storeToken(alice, { accessToken: 'a' }),
        '/end': async (req) => {
          await destroy(req)
          const lock = await store.lock?.(alice, 1)
          await lock?.release()
          return [
            (await store.getToken(alice)) ?? 'none',
            (await store.storeToken(alice, { accessToken: 'b' })) ?? 'none',
            await store.clearToken(alice),
          ]
        },
      })
      await agent.get('/begin')
      expect((await agent.get('/end')).body).toEqual(['none', 'none', true])
    })

    test('a request that has given up its session is left out', async () => {
      let hasGivenUp = (): void => undefined
      let mayEnd = (): void => undefined
      let hasCome = (): void => undefined
      const strange = new Promise<void>((resolve) => (hasCome = resolve))
      const givenUp = new Promise<void>((resolve) => (hasGivenUp = resolve))
      const end = new Promise<void>((resolve) => (mayEnd = resolve))
      const agent = createApp({
        '/begin': () => store.storeToken(alice, { accessToken: 'first' }),
        '/give-up': async (req) => {
          delete (req as Partial<Request>).session
          hasGivenUp()
          await end
        },
        '/strange': async () => {
          hasCome()
          await end
          return (await store.getToken(alice)) ?? 'nothing'
        },
        '/renew': () => store.storeToken(alice, { accessToken: 'second' }),
        '/get': async () => (await store.getToken(alice))?.token.accessToken,
      })
      await agent.get('/begin')
      const long = agent.get('/give-up').then(({ status }) => status)
      await givenUp
      // Nor is that of somebody else touched.
      const { app } = agent as unknown as { app: express.Express }
      const stranger = request(app)
        .get('/strange')
        .then(({ text }) => text)
      await strange
      await agent.get('/renew')
      mayEnd()
      expect(await long).toBe(200)
      expect(await stranger).toBe('"nothing"')
      expect((await agent.get('/get')).body).toBe('second')
    })

    test('a new session of the same request is another one', async () => {
      const agent = createApp({
        '/begin': () => store.storeToken(alice, { accessToken: 'old' }),
        '/sign-in': async (req) => {
          await store.getToken(alice)
          const old = req.session
          await new Promise((resolve) => req.session.regenerate(resolve))
          await store.storeToken(alice, { accessToken: 'new' })
          // The old one is over.
          await new Promise((resolve) => old.save(resolve))
        },
        '/get': async () => (await store.getToken(alice))?.token.accessToken,
      })
      await agent.get('/begin')
      await agent.get('/sign-in')
      expect((await agent.get('/get')).body).toBe('new')
    })

    test('a session store that is away fails the saving, and nothing else', async () => {
      const sessions = new session.MemoryStore()
      const app = express()
      app.use(session({ secret: 's', resave: false, saveUninitialized: true, store: sessions }))
      app.use(userTokenContext({ user: () => alice }))
      app.get('/', async (req, res) => {
        await store.storeToken(alice, { accessToken: 'a' })
        sessions.get = (_id, done) => {
          done(new Error('away'))
        }
        const error = await new Promise((resolve) => req.session.save(resolve))
        res.json((error as Error).message)
      })
      expect((await request(app).get('/')).body).toBe('away')
    })
  })

  test.each([
    ['outside of a request', () => store.getToken(alice)],
    ['in a job', () => runAsUser(alice, () => store.getToken(alice))],
    ['under the lock outside of a request', () => store.lock?.(alice, 1)],
  ])('says what is missing %s', async (_case, use) => {
    await expect((async () => use())()).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('userTokenContext()') as string,
    })
  })

  test('reports a session store that cannot be reached', async () => {
    const app = express()
    const failing = new session.MemoryStore()
    app.use(session({ secret: 's', resave: false, saveUninitialized: true, store: failing }))
    app.use(userTokenContext({ user: () => alice }))
    app.get('/', async (_req, res) => {
      failing.get = (_id, done) => {
        done(new Error('away'))
      }
      failing.set = (_id, _data, done) => done?.(new Error('away'))
      const outcomes = await Promise.allSettled([
        (async () => store.lock?.(alice, 1))(),
        store.storeToken(alice, { accessToken: 'a' }),
      ])
      res.json(outcomes.map(({ status }) => status))
    })
    expect((await request(app).get('/')).body).toEqual(['rejected', 'rejected'])
  })
})
