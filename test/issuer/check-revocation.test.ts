import express from 'express'
import {
  authorize,
  createAuthorization,
  createPrincipal,
  jwtBearer,
  type ClaimsPrincipal,
  type JwtBearerOptions,
  type MessageReceivedContext,
  type PolicyBuilder,
  type TokenValidatedContext,
} from 'express-jwt-bearer'
import {
  checkRevocation,
  createMemoryDenyList,
  notRevoked,
  type DenyList,
  type RevocationCheckOptions,
} from 'express-jwt-bearer/issuer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import supertest from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'

const issuer = await createTestIssuer()
const claims = {
  sub: 'alice',
  jti: 'token-1',
  sid: 'session-1',
  iat: Math.floor(Date.now() / 1000),
}
const headers = await issuer.bearer(claims)
const down: DenyList = {
  deny: () => Promise.reject(new Error('down')),
  isDenied: () => Promise.reject(new Error('down')),
}
const ids = { tokenId: 'token-1', sessionId: 'session-1', subject: 'alice' }

async function denying(id: string): Promise<DenyList> {
  const list = createMemoryDenyList()
  await list.deny({ kind: 'sid', id, lifetime: 60 })
  return list
}

/** Two apps: one asks on every request, one on a single route. */
function apps(list: DenyList, options?: RevocationCheckOptions) {
  const everywhere = express()
  const events = { onTokenValidated: checkRevocation(list, options) }
  everywhere.use(jwtBearer({ ...issuer.options, events }))
  everywhere.get('/', authorize(), (_req, res) => res.json('ok'))
  const somewhere = express()
  somewhere.use(jwtBearer(issuer.options))
  const fresh = authorize((policy) => policy.addRequirements(notRevoked(list, options)))
  somewhere.get('/', fresh, (_req, res) => res.json('ok'))
  return [
    supertest(everywhere).get('/').set(headers),
    supertest(somewhere).get('/').set(headers),
  ] as const
}

afterEach(() => {
  vi.useRealTimers()
})

const statuses = async (...requests: Parameters<typeof apps>) =>
  (await Promise.all(apps(...requests))).map(({ status }) => status)

describe('checkRevocation and notRevoked', () => {
  test('let tokens in that nobody denied', async () => {
    expect(await statuses(await denying('session-2'))).toEqual([200, 200])
  })

  test('refuse denied tokens: as invalid on every request, as forbidden on a guarded route', async () => {
    const onEvent = vi.fn()
    const [checked, required] = apps(await denying('session-1'), { onEvent })
    const { status, headers: answer } = await checked
    expect(status).toBe(401)
    expect(answer['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect((await required).status).toBe(403)
    expect(onEvent.mock.calls).toEqual([[{ type: 'denied', ...ids }], [{ type: 'denied', ...ids }]])
  })

  test.each([
    ['the second after the instant', 0, 200],
    ['the second before it', 1, 401],
  ])('judge a subject by iat: %s', async (_case, later, status) => {
    const list = createMemoryDenyList()
    await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: claims.iat + later })
    expect(await statuses(list)).toEqual([status, status === 401 ? 403 : 200])
  })

  test('deny a subject where a token does not say when it was issued', async () => {
    const list = createMemoryDenyList()
    await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: 1 })
    const timeless = await issuer.bearer({ sub: 'alice', iat: undefined })
    const [checked, required] = apps(list)
    expect((await checked.set(timeless)).status).toBe(401)
    expect((await required.set(timeless)).status).toBe(403)
  })

  test.each([[undefined], [{}], [{ failClosed: undefined }], [{ failClosed: false }]])(
    'let everybody in while the list is down, by default (%j)',
    async (options) => {
      expect(await statuses(down, options)).toEqual([200, 200])
    },
  )

  test('refuse with 503 while the list is down, if told to, and say so', async () => {
    const onEvent = vi.fn()
    const [checked, required] = apps(down, { failClosed: true, onEvent })
    const first = await checked
    expect([first.status, first.headers['retry-after']]).toEqual([503, '1'])
    expect((await required).status).toBe(503)
    const event = { type: 'denyListUnavailable', ...ids, error: new Error('down') }
    expect(onEvent.mock.calls).toEqual([[event], [event]])
  })

  test.each([
    ['a misspelt option', { failclosed: true }, 'did you mean "failClosed"?'],
    ['a switch that is none', { failClosed: 'yes' }, '"failClosed" must be true or false'],
  ])('refuse %s', (_case, options, message) => {
    const wrong = options as RevocationCheckOptions
    expect(() => checkRevocation(down, wrong)).toThrow(message)
    expect(() => notRevoked(down, wrong)).toThrow(message)
  })

  describe.each<[what: string, over: Record<string, unknown>]>([
    ['a NUL in its jti', { jti: 'token\0' }],
    ['half a surrogate pair in its jti', { jti: 'token\ud800' }],
    ['a list as its jti', { jti: ['token-1'] }],
    ['a jti beyond what numbers hold', { jti: 2 ** 53 }],
    ['a NUL in its sid', { sid: 'session\0' }],
    ['a NUL in its sub', { sub: 'alice\0' }],
    ['no iat', { iat: undefined }],
  ])('meet a token with %s', (_what, over) => {
    const ask = async (list: DenyList, options?: RevocationCheckOptions) => {
      const odd = await issuer.bearer({ ...claims, ...over })
      return (await Promise.all(apps(list, options).map((app) => app.set(odd)))).map(
        ({ status }) => status,
      )
    }
    /** As PostgreSQL does. */
    const picky = (list: DenyList): DenyList => ({
      ...list,
      isDenied: (query) =>
        /[\0\ud800]/.test(Object.values(query).join(''))
          ? Promise.reject(new Error('invalid byte sequence'))
          : list.isDenied(query),
    })

    test('and let it in where nothing of it is denied', async () => {
      expect(await ask(picky(createMemoryDenyList()))).toEqual([200, 200])
    })

    test('and refuse it when they must fail closed, before a list is asked', async () => {
      const isDenied = vi.fn(() => Promise.resolve(false))
      const onEvent = vi.fn()
      const list = { ...down, isDenied }
      expect(await ask(list, { failClosed: true, onEvent })).toEqual([401, 403])
      expect(isDenied).not.toHaveBeenCalled()
      expect(onEvent).toHaveBeenCalledTimes(2)
      expect(onEvent).toHaveBeenCalledWith(expect.objectContaining({ type: 'denied' }))
    })

    test.each(['sid', 'sub', 'jti'] as const)(
      'and never let it in when its %s is denied',
      async (kind) => {
        const id = { ...claims, ...over }[kind]
        if (typeof id !== 'string') return
        const list = createMemoryDenyList()
        await list.deny({ kind, id, lifetime: 60, notBefore: claims.iat + 1 })
        expect(await ask(list)).toEqual([401, 403])
        const isOdd = /[\0\ud800]/.test(id)
        expect(await ask(picky(list))).toEqual(isOdd ? [200, 200] : [401, 403])
      },
    )
  })

  test('judge ids that are numbers as the text they are', async () => {
    const list = createMemoryDenyList()
    await list.deny({ kind: 'jti', id: '17', lifetime: 60 })
    const numbered = await issuer.bearer({ ...claims, jti: 17 })
    const [checked, required] = apps(list, { failClosed: true })
    expect((await checked.set(numbered)).status).toBe(401)
    expect((await required.set(numbered)).status).toBe(403)
    const other = await issuer.bearer({ ...claims, jti: 18 })
    const statusOf = apps(list, { failClosed: true }).map((app) => app.set(other))
    expect((await Promise.all(statusOf)).map(({ status }) => status)).toEqual([200, 200])
  })

  test('take null for absent', async () => {
    const nothing = await issuer.bearer({ ...claims, jti: null, sid: null })
    const asked = apps(createMemoryDenyList(), { failClosed: true }).map((app) => app.set(nothing))
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200])
  })

  describe('judge by the token itself', () => {
    const stranger = { sub: 'bob', jti: 'another', sid: 'another', iat: 9_000_000_000 }
    const claimsSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ value: stranger }) },
    } as const
    const replace = (context: TokenValidatedContext) => {
      context.principal = createPrincipal(stranger)
    }

    test.each([
      ['jti', 'token-1'],
      ['sid', 'session-1'],
      ['sub', 'alice'],
    ] as const)('whatever a schema or an event made of its %s', async (kind, id) => {
      const list = createMemoryDenyList()
      await list.deny({ kind, id, lifetime: 60, notBefore: claims.iat + 1 })
      const { evaluate, authorize: guard } = createAuthorization()
      const check = checkRevocation(list)
      const requirement = notRevoked(list)
      const ask = (options: Partial<JwtBearerOptions>, first = guard()) => {
        const app = express()
        app.use(jwtBearer({ ...issuer.options, ...options }))
        app.get('/', first, async (req, res) => {
          const policy = (each: PolicyBuilder) => each.addRequirements(requirement)
          res.json((await evaluate(policy, req.user)).succeeded)
        })
        return supertest(app).get('/').set(headers)
      }
      const fresh = guard((policy) => policy.addRequirements(requirement))
      const { tokenValidationParameters } = issuer.options
      const withSchema = {
        tokenValidationParameters: { ...tokenValidationParameters, claimsSchema },
      }
      const events = {
        onTokenValidated: (context: TokenValidatedContext) => {
          replace(context)
          return check(context)
        },
      }
      expect((await ask({ ...withSchema, events: { onTokenValidated: check } })).status).toBe(401)
      expect((await ask({ events })).status).toBe(401)
      expect((await ask(withSchema, fresh)).status).toBe(403)
      expect((await ask({ events: { onTokenValidated: replace } }, fresh)).status).toBe(403)
      expect((await ask(withSchema)).body).toBe(false)
    })

    test.each([['yesterday'], [NaN], [Infinity], [null], [undefined]])(
      'and take an iat of %s for an old one',
      async (iat) => {
        const list = createMemoryDenyList()
        await list.deny({ kind: 'sub', id: 'alice', lifetime: 60, notBefore: 1 })
        const { evaluate } = createAuthorization()
        const judge = async (sub: string, options?: RevocationCheckOptions) => {
          const caller = createPrincipal({ sub, iat: iat as number })
          const fresh = notRevoked(list, options)
          return (await evaluate((policy) => policy.addRequirements(fresh), caller)).succeeded
        }
        expect(await judge('alice')).toBe(false)
        expect(await judge('bob')).toBe(true)
        expect(await judge('bob', { failClosed: true })).toBe(false)
      },
    )

    test('and by the principal where there is no token', async () => {
      const list = await denying('session-1')
      const { evaluate } = createAuthorization()
      const judge = async (caller: ClaimsPrincipal) =>
        (await evaluate((policy) => policy.addRequirements(notRevoked(list)), caller)).succeeded
      expect(await judge(createPrincipal(claims))).toBe(false)
      expect(await judge(createPrincipal({ ...claims, sid: 'session-2' }))).toBe(true)
      const app = express()
      const caller = createPrincipal(claims)
      const onMessageReceived = (context: MessageReceivedContext) => {
        context.success(caller)
      }
      app.use(jwtBearer({ ...issuer.options, events: { onMessageReceived } }))
      app.use(authorize((policy) => policy.addRequirements(notRevoked(list))))
      await supertest(app).get('/').expect(403)
    })
  })

  test('take a list that does not answer within five seconds for one that is down', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const isDenied = vi.fn(() => new Promise<boolean>(() => undefined))
    const asked = apps({ ...down, isDenied }, { failClosed: true }).map(async (app) => app)
    await vi.waitFor(() => {
      expect(isDenied).toHaveBeenCalledTimes(2)
    })
    const answered = vi.fn()
    void Promise.race(asked).then(answered)
    await vi.advanceTimersByTimeAsync(4000)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503])
  })
})
