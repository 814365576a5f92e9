import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import express from 'express'
import {
  authorize,
  buildPolicy,
  createAuthorization,
  createPrincipal,
  getAuthentication,
  jwtBearer,
  type AuthorizeArgument,
  type ClaimsPrincipal,
  type JwtBearerEvents,
  type MessageReceivedContext,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { createApp, frameworks, keepErrors } from '../../support/create-app.js'
import { watchProcess } from '../../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
// What wrappers for sockets hand in.
const nothing = {} as unknown as express.Response
const nothings: [string, unknown][] = [
  ['an empty object', {}],
  ['a frozen one', Object.freeze({})],
  ['nothing', undefined],
  ['null', null],
  [
    'one whose headers are closed',
    {
      getHeader: () => undefined,
      setHeader: () => {
        throw new Error('closed')
      },
    },
  ],
]
const configuration = expect.objectContaining({ code: 'ERR_CONFIGURATION' }) as Error

describe('a guard whose setting is missing', () => {
  test.each<[string, object, string]>([
    ['roles', { roles: undefined }, '"roles"'],
    ['schemes', { schemes: undefined }, '"schemes"'],
    ['a policy', { policy: undefined }, '"policy"'],
    ['roles beside a policy', { policy: () => undefined, roles: undefined }, '"roles"'],
    ['schemes beside roles', { roles: 'Admin', schemes: undefined }, '"schemes"'],
    ['roles of an optional one', { optional: true, roles: undefined }, '"roles"'],
    ['null for roles', { roles: null }, '"roles"'],
    ['no roles', { roles: [] }, 'requireRole()'],
    ['no schemes', { schemes: [] }, 'addAuthenticationSchemes()'],
  ])('throws when it is built: %s', (_, member, name) => {
    expect(() => authorize(member as AuthorizeArgument)).toThrow(configuration)
    expect(() => authorize(member as AuthorizeArgument)).toThrow(name)
    expect(() => authorize((policy) => policy, member as AuthorizeArgument)).toThrow(configuration)
  })

  test('throws for an argument that is undefined', () => {
    expect(() => authorize(undefined as unknown as AuthorizeArgument)).toThrow(configuration)
  })

  test('throws for a default policy that is undefined, and takes one that is left out', () => {
    const undefinedPolicy = { defaultPolicy: undefined } as object
    expect(() => createAuthorization(undefinedPolicy)).toThrow('"defaultPolicy"')
    expect(() => createAuthorization({})).not.toThrow()
  })

  test('takes an empty object and an undefined "optional" for authorize()', async () => {
    for (const guard of [authorize({}), authorize({ optional: undefined })]) {
      const app = createApp(express, jwtBearer(issuer.options), guard)
      await request(app).get('/').expect(401)
      await request(app)
        .get('/')
        .set(await issuer.bearer())
        .expect(200)
    }
  })
})

describe('policies of several schemes in one guard', () => {
  const ofA = (policy: Parameters<typeof buildPolicy>[0] = () => undefined) =>
    buildPolicy((builder) => builder.addAuthenticationSchemes('A').combine(policy))
  const ofAorB = buildPolicy((policy) =>
    policy.addAuthenticationSchemes('A').addAuthenticationSchemes('B'),
  )
  const ofB = buildPolicy((policy) => policy.addAuthenticationSchemes('B'))
  const caller = createPrincipal({ sub: 'alice' }, { scheme: 'B' })

  async function statusOf(...requirements: AuthorizeArgument[]) {
    const [a, b] = [
      jwtBearer({ ...issuer.options, scheme: 'A', events: { onMessageReceived: noResult } }),
      jwtBearer({ ...issuer.options, scheme: 'B' }),
    ]
    const app = createApp(express, a, b, authorize(...requirements))
    keepErrors(app)
    return (
      await request(app)
        .get('/')
        .set(await issuer.bearer())
    ).status
  }
  const noResult = (context: { noResult(): void }) => {
    context.noResult()
  }

  test('let in a caller whom each alone would let in', async () => {
    expect(await statusOf(ofAorB, ofB)).toBe(200)
    expect(await statusOf({ policy: ofAorB, schemes: 'B' })).toBe(200)
    expect(await statusOf((policy) => policy.combine(ofAorB).combine(ofB))).toBe(200)
  })

  test('keep out a caller whom one of them alone would keep out', async () => {
    expect(await statusOf(ofAorB, ofA())).toBe(401)
    expect(await statusOf({ policy: ofAorB, schemes: ['A'] })).toBe(401)
    expect(await statusOf((policy) => policy.combine(ofAorB).combine(ofA()))).toBe(401)
  })

  test.each<[string, () => unknown]>([
    ['two arguments', () => authorize(ofA(), ofB)],
    ['an object', () => authorize({ policy: ofA(), schemes: 'B' })],
    ['combine()', () => authorize((policy) => policy.combine(ofA()).combine(ofB))],
    ['a builder and combine()', () => ofA(ofB)],
    [
      'a default policy',
      () => createAuthorization({ defaultPolicy: ofA() }).authorize({ schemes: 'B' }),
    ],
  ])('throw when none is in common: %s', (_, build) => {
    expect(build).toThrow(configuration)
    expect(build).toThrow('a scheme in common')
  })

  test('are judged by evaluate() too, without a throw', async () => {
    const { evaluate } = createAuthorization()
    expect(await evaluate(ofB, caller)).toMatchObject({ succeeded: true })
    expect(await evaluate(ofA(), caller)).toMatchObject({
      succeeded: false,
      failedRequirements: [{ name: 'requireAuthenticatedUser' }],
    })
  })
})

describe('evaluate', () => {
  const { evaluate } = createAuthorization()

  test.each([null, undefined])('fails %s', async (nobody) => {
    expect(await evaluate(() => undefined, nobody)).toMatchObject({ succeeded: false })
  })

  test.each<[string, unknown]>([
    ['claims', { sub: 'alice', roles: ['Admin'] }],
    ['a text', 'alice'],
    ['a number', 0],
    ['false', false],
  ])('rejects %s as no principal', async (_, value) => {
    await expect(evaluate(() => undefined, value as ClaimsPrincipal)).rejects.toThrow(TypeError)
  })
})

describe('a response that takes no headers', () => {
  test.each([
    ['nobody', undefined, 401],
    ['a bad token', 'Bearer x', 401],
    ['a malformed header', 'Bearer a b', 400],
  ])('gets the error of %s through next()', (_, authorization, status) => {
    const req = { headers: { authorization } } as unknown as express.Request
    const next = vi.fn()
    jwtBearer(issuer.options)(req, nothing, next)
    authorize()(req, nothing, next)
    expect(next.mock.calls).toEqual([[], [expect.objectContaining({ status })]])
  })

  test('gets the error of a handler through next()', async () => {
    const req = { headers: await lowerCased(issuer.bearer()) } as unknown as express.Request
    const next = vi.fn()
    jwtBearer(issuer.options)(req, nothing, next)
    await vi.waitFor(() => {
      expect(next).toHaveBeenCalledTimes(1)
    })
    const fault = new Error('broken')
    authorize((policy) =>
      policy.requireAssertion(() => {
        throw fault
      }),
    )(req, nothing, next)
    expect(next).toHaveBeenLastCalledWith(fault)
    authorize({ roles: 'Admin' })(req, nothing, next)
    expect(next).toHaveBeenLastCalledWith(expect.objectContaining({ status: 403 }))
  })

  async function lowerCased(headers: Promise<{ Authorization: string }>) {
    return { authorization: (await headers).Authorization }
  }
})

describe.each(nothings)('a response that is %s', (_, res) => {
  const status = (expected: number) => expect.objectContaining({ status: expected }) as Error
  const fault = new Error('broken')
  const broken = authorize((policy) =>
    policy.requireAssertion(() => {
      throw fault
    }),
  )
  const brokenLater = authorize((policy) => policy.requireAssertion(() => Promise.reject(fault)))

  test.each<[string, express.RequestHandler, string | undefined, Error]>([
    ['nobody', authorize(), undefined, status(401)],
    ['a bad token', authorize(), 'Bearer x', status(401)],
    ['a malformed header', authorize(), 'Bearer a b', status(400)],
    ['a missing role', authorize({ roles: 'Admin' }), 'good', status(403)],
    ['a weak sign-in', authorize((policy) => policy.requireAcr('gold')), 'good', status(401)],
    ['a handler', broken, 'good', fault],
    ['a handler that takes its time', brokenLater, 'good', fault],
  ])('gets the error of %s through next()', async (_what, guard, sent, error) => {
    const authorization = sent === 'good' ? `Bearer ${await issuer.token()}` : sent
    const req = { headers: { authorization } } as unknown as express.Request
    const call = (handler: express.RequestHandler) =>
      new Promise((resolve) => {
        void handler(req, res as express.Response, resolve)
      })
    const later = { onMessageReceived: () => Promise.resolve() }
    expect(await call(jwtBearer(issuer.options))).toBeUndefined()
    expect(await call(jwtBearer({ ...issuer.options, scheme: 'Later', events: later }))).toBe(
      undefined,
    )
    expect(await call(guard)).toEqual(error)
  })
})

describe.each(frameworks)('an answer that has begun, under $framework', ({ express: make }) => {
  const answering = (how: (res: express.Response) => void, then: () => unknown) =>
    authorize((policy) =>
      policy.requireAssertion(({ req }) => {
        how(req.res as express.Response)
        return then() as boolean
      }),
    )
  const whole = (res: express.Response) => void res.json({ by: 'assertion' })
  // Goes on for a while, as streams do.
  const inParts = (res: express.Response) => {
    res.write('first')
    setImmediate(() => res.end(', last'))
  }
  const rejected = () => Promise.reject(new Error('too late'))

  test.each<[string, (res: express.Response) => void, () => unknown, number]>([
    ['a rejection', whole, rejected, 1],
    ['a rejection half-way', inParts, rejected, 1],
    ['a refusal half-way', inParts, () => false, 0],
    ['a late refusal half-way', inParts, () => Promise.resolve(false), 0],
    ['a consent half-way', inParts, () => true, 0],
  ])('is finished in spite of %s', async (_, how, then, warnings) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const app = createApp(make, jwtBearer(issuer.options), answering(how, then))
    const errors = keepErrors(app)
    const answer = await request(app)
      .get('/')
      .set(await issuer.bearer())
      .expect(200)
    expect(answer.text).toBe(how === whole ? '{"by":"assertion"}' : 'first, last')
    expect(errors).toEqual([])
    expect(warned).toHaveBeenCalledTimes(warnings)
    warned.mockRestore()
  })

  test.each<[string, JwtBearerEvents]>([
    ['onMessageReceived', { onMessageReceived: answerAndThrow }],
    ['onChallenge', { onChallenge: answerAndThrow }],
  ])('is finished in spite of a throw in %s', async (_, events) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const app = createApp(make, jwtBearer({ ...issuer.options, events }), authorize())
    const errors = keepErrors(app)
    const answer = await request(app).get('/').expect(202)
    expect(answer.text).toBe('{"by":"event"}')
    expect(errors).toEqual([])
    expect(warned).toHaveBeenCalledTimes(1)
    warned.mockRestore()
  })

  test('is no fault where an event has refused by itself', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const onMessageReceived = (context: MessageReceivedContext) => {
      context.res.status(401).json({ by: 'event' })
      context.fail('unknown')
    }
    const app = createApp(make, jwtBearer({ ...issuer.options, events: { onMessageReceived } }))
    await request(app).get('/').expect(401)
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })
})

async function answerAndThrow({ res }: { res: express.Response }): Promise<void> {
  await Promise.resolve()
  res.status(202).json({ by: 'event' })
  throw new Error('too late')
}

describe('what is thrown after a wait', () => {
  const later = () => Promise.resolve(true)

  test.each([
    ['a guard', authorize((policy) => policy.requireAssertion(later))],
    ['a middleware', undefined],
  ])('reaches next(error): %s', async (_, guard) => {
    const slow = jwtBearer({ ...issuer.options, events: { onTokenValidated: () => later() } })
    const fault = new Error('a handler that is no handler of Express')
    const { Authorization } = await issuer.bearer()
    const req = { headers: { authorization: Authorization } } as unknown as express.Request
    if (guard !== undefined) {
      await new Promise<void>((resolve) => {
        slow(req, nothing, () => {
          resolve()
        })
      })
    }
    const errors: unknown[] = []
    await new Promise<void>((resolve) => {
      ;(guard ?? slow)(req, nothing, (error?: unknown) => {
        if (error === undefined) throw fault
        errors.push(error)
        resolve()
      })
    })
    expect(errors).toEqual([fault])
  })

  test('is one warning where the answer has begun', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const slow = jwtBearer({ ...issuer.options, events: { onTokenValidated: () => later() } })
    const { Authorization } = await issuer.bearer()
    const req = { headers: { authorization: Authorization } } as unknown as express.Request
    const res = { headersSent: false }
    slow(req, res as unknown as express.Response, () => {
      res.headersSent = true
      throw new Error('too late')
    })
    await vi.waitFor(() => {
      expect(warned).toHaveBeenCalledTimes(1)
    })
    expect(String(warned.mock.calls[0]?.[0])).not.toContain('too late')
    warned.mockRestore()
  })
})

describe('jwtBearer', () => {
  test('says to call it where it was not called', async () => {
    const app = express().use(jwtBearer as unknown as express.RequestHandler)
    const errors = keepErrors(app)
    await request(app).get('/').expect(500)
    expect(errors[0]).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(errors[0]?.message).toContain('app.use(jwtBearer(options))')
  })
})

describe('a refused token that nobody looked at', () => {
  const script = fileURLToPath(new URL('../../support/unguarded-process.ts', import.meta.url))

  // Once per process: each case needs one of its own.
  function warningsOf(name: string, environment = 'development') {
    const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', script, name], {
      env: {
        ...process.env,
        NODE_ENV: environment,
        TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
      },
      encoding: 'utf8',
    })
    return JSON.parse(stdout) as { code: string; message: string }[]
  }

  test.each(['unguarded', 'plain'])('is warned of once: %s', (name) => {
    // The method and the path alone.
    expect(warningsOf(name)).toEqual([
      {
        code: 'EXPRESS_JWT_BEARER_UNGUARDED',
        message: expect.stringMatching(/^GET \/open answered /) as string,
      },
    ])
  })

  test.each([
    'guarded',
    'getAuthentication',
    'user',
    'no-token',
    'good',
    'good-elsewhere',
    'refused',
    'optional',
  ])('is not warned of: %s', (name) => {
    expect(warningsOf(name)).toEqual([])
  })

  test('is never warned of in production', () => {
    expect(warningsOf('unguarded', 'production')).toEqual([])
  })

  test('leaves no trace on results', async () => {
    const app = createApp(express, jwtBearer(issuer.options), (req, _res, next) => {
      expect(getAuthentication(req).kind).toBe('none')
      next()
    })
    await request(app).get('/').expect(200)
  })
})
