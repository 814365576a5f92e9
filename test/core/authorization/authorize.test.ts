import {
  authorize,
  buildPolicy,
  createAuthorization,
  createPrincipal,
  jwtBearer,
  type AuthorizeArgument,
} from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createApp, keepErrors } from '../../support/create-app.js'
import { watchProcess } from '../../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const admin = createPrincipal({ sub: 'alice', roles: ['Admin'] })

const known = {
  policies: {
    AdminOnly: (policy) => policy.requireRole('Admin'),
    Shared: buildPolicy((policy) => policy.requireScope('orders.read')),
  },
} satisfies Parameters<typeof createAuthorization>[0]

describe('authorize', () => {
  const rolesOf = (roles: string[]) => ({ sub: 'alice', roles, scope: 'orders.read' })

  // What the guard asks for, its arguments, callers who pass, callers who do not.
  test.each<
    [
      what: string,
      guard: AuthorizeArgument<'AdminOnly' | 'Shared'>[],
      pass: string[][],
      fail: string[][],
    ]
  >([
    ['any caller', [], [[]], []],
    ['any caller, by an empty object', [{}], [[]], []],
    ['any caller, by an undefined "optional"', [{ optional: undefined }], [[]], []],
    ['a named policy', ['AdminOnly'], [['Admin']], [['Reader'], []]],
    ['a named policy that was built', ['Shared'], [[]], []],
    ['a named policy by an object', [{ policy: 'AdminOnly' }], [['Admin']], [[]]],
    ['a function', [(policy) => policy.requireRole('Admin')], [['Admin']], [[]]],
    [
      'a function by an object',
      [{ policy: (policy) => policy.requireRole('Admin') }],
      [['Admin']],
      [[]],
    ],
    ['a policy', [buildPolicy((policy) => policy.requireRole('Admin'))], [['Admin']], [[]]],
    ['a role', [{ roles: 'Admin' }], [['Admin']], [[]]],
    ['one of two roles', [{ roles: ['Admin', 'Staff'] }], [['Admin'], ['Staff']], [['Reader']]],
    [
      'a role and a policy',
      [{ roles: 'Staff', policy: 'AdminOnly' }],
      [['Admin', 'Staff']],
      [['Admin'], ['Staff']],
    ],
    [
      'two arguments',
      ['AdminOnly', { roles: 'Staff' }],
      [['Admin', 'Staff']],
      [['Admin'], ['Staff']],
    ],
    [
      'two objects with roles',
      [{ roles: 'Admin' }, { roles: 'Staff' }],
      [['Admin', 'Staff']],
      [['Admin'], ['Staff']],
    ],
    ['a scheme', [{ schemes: 'Bearer' }], [[]], []],
    ['a scheme, a role', [{ schemes: ['Bearer'], roles: 'Admin' }], [['Admin']], [[]]],
  ])('asks for %s', async (_what, requirements, passing, failing) => {
    const { authorize: guard } = createAuthorization(known)
    const app = createApp(express, jwtBearer(issuer.options), guard(...requirements))
    await request(app).get('/').expect(401)
    for (const [status, all] of [
      [200, passing],
      [403, failing],
    ] as const) {
      for (const roles of all) {
        await request(app)
          .get('/')
          .set(await issuer.bearer(rolesOf(roles)))
          .expect(status)
      }
    }
  })

  test.each<[what: string, requirements: unknown[], message: string]>([
    [
      'an unknown policy',
      ['AdminsOnly'],
      'no policy is called "AdminsOnly"; known are "AdminOnly", "Shared"',
    ],
    [
      'a policy in other letters',
      ['adminonly'],
      'no policy is called "adminonly"; known are "AdminOnly", "Shared"',
    ],
    [
      'an unknown policy in an object',
      [{ policy: 'x' }],
      'no policy is called "x"; known are "AdminOnly", "Shared"',
    ],
    [
      'a name every object has',
      ['constructor'],
      'no policy is called "constructor"; known are "AdminOnly", "Shared"',
    ],
    ['an empty name', [''], 'no policy is called ""; known are "AdminOnly", "Shared"'],
    [
      'nothing in particular',
      [undefined],
      'the options of authorize() must be an object, got undefined',
    ],
    ['null', [null], 'the options of authorize() must be an object, got null'],
    ['a number', [42], 'the options of authorize() must be an object, got 42'],
    ['an array', [['AdminOnly']], 'the options of authorize() must be an object, got an array'],
    [
      'a misspelt member',
      [{ role: 'Admin' }],
      '"role" is not a member of the options of authorize(); did you mean "roles"?',
    ],
    [
      'a member in other letters',
      [{ Roles: 'Admin' }],
      '"Roles" is not a member of the options of authorize(); did you mean "roles"?',
    ],
    [
      'a comma in a role',
      [{ roles: 'Admin, Staff' }],
      '"roles" takes an array of alternatives, got "Admin, Staff"; write ["Admin","Staff"]',
    ],
    [
      'a comma in one of the roles',
      [{ roles: ['Reader', 'Admin,Staff'] }],
      '"roles" takes an array of alternatives, got "Admin,Staff"; write ["Admin","Staff"]',
    ],
    [
      'no roles',
      [{ roles: [] }],
      'requireRole() needs at least one value; none would let nobody through',
    ],
    ['an empty role', [{ roles: '' }], '"roles" must be a non-empty string, got an empty string'],
    ['a role that is no text', [{ roles: [7] }], '"roles[0]" must be a non-empty string, got 7'],
    [
      'no schemes',
      [{ schemes: [] }],
      'addAuthenticationSchemes() needs at least one value; none would let nobody through',
    ],
    [
      'a scheme that is no text',
      [{ schemes: true }],
      '"schemes" must be a non-empty string, got true',
    ],
    [
      'a policy that is no policy',
      [{ policy: 7 }],
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got 7`,
    ],
    [
      'something merely truthy for optional',
      [{ optional: 'yes' }],
      '"optional" must be true or false, got "yes"',
    ],
    [
      'optional with roles',
      [{ optional: true, roles: 'Admin' }],
      '"optional" lets anonymous callers through, so it takes no policy and no roles; check req.user in the handler',
    ],
    [
      'optional with a policy',
      [{ optional: true, policy: 'AdminOnly' }],
      '"optional" lets anonymous callers through, so it takes no policy and no roles; check req.user in the handler',
    ],
    [
      'optional beside another argument',
      [{ optional: true }, 'AdminOnly'],
      '"optional" lets anonymous callers through, so it takes no policy and no roles; check req.user in the handler',
    ],
    [
      'optional behind another argument',
      [{}, { optional: true }],
      '"optional" lets anonymous callers through, so it takes no policy and no roles; check req.user in the handler',
    ],
    [
      'a policy by hand with a requirement that is none',
      [{ requirements: [undefined], schemes: [] }],
      'addRequirements() needs objects of the form { name, evaluate(context) }',
    ],
    [
      'a policy by hand with a scheme that is no text',
      [{ requirements: [], schemes: [undefined] }],
      'addAuthenticationSchemes() compares non-empty strings, got undefined',
    ],
    [
      'an object that is half a policy',
      [{ requirements: [] }],
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got an object`,
    ],
  ])('throws when it is built with %s', (_what, requirements, message) => {
    const { authorize: guard } = createAuthorization(known)
    expect(() => guard(...(requirements as never[]))).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', message }),
    )
  })

  test('knows no names of its own', () => {
    expect(() => authorize('AdminOnly' as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: 'no policy is called "AdminOnly"; known are none',
      }),
    )
  })

  test('lets nobody through when it is mounted without being called', async () => {
    for (const handler of [authorize, createAuthorization(known).authorize]) {
      const app = express()
        .use(jwtBearer(issuer.options))
        .get('/', handler as never, (_req, res) => {
          res.json({ user: 'anybody' })
        })
      const errors = keepErrors(app)
      await request(app).get('/').expect(500)
      await request(app)
        .get('/')
        .set(await issuer.bearer(rolesOf(['Admin'])))
        .expect(500)
      expect(errors.map(({ code }) => code)).toEqual(['ERR_CONFIGURATION', 'ERR_CONFIGURATION'])
    }
  })

  test('shows the request to assertions, as req and as the resource', async () => {
    const app = express()
      .use(jwtBearer(issuer.options))
      .get(
        '/orders/:owner',
        authorize((policy) =>
          policy.requireAssertion(
            ({ req, resource, user }) => resource === req && req.params['owner'] === user.subject,
          ),
        ),
        (_req, res) => {
          res.json({})
        },
      )
    const alice = await issuer.bearer({ sub: 'alice' })
    await request(app).get('/orders/alice').set(alice).expect(200)
    await request(app).get('/orders/bob').set(alice).expect(403)
  })
})

describe('createAuthorization', () => {
  test.each([
    ['nothing', []],
    ['undefined', [undefined]],
    ['an empty object', [{}]],
    ['undefined members', [{ policies: undefined, clock: undefined }]],
  ])('asks for any caller by default: %s', async (_what, options) => {
    const { evaluate } = createAuthorization(...options)
    expect((await evaluate(() => undefined, admin)).succeeded).toBe(true)
    const { authorize: guard } = createAuthorization(...options)
    const app = createApp(express, jwtBearer(issuer.options), guard())
    await request(app).get('/').expect(401)
    await request(app)
      .get('/')
      .set(await issuer.bearer())
      .expect(200)
  })

  test('applies the default policy where a guard names neither policy nor roles', async () => {
    const { authorize: guard } = createAuthorization({
      policies: { Anybody: (policy) => policy.requireAuthenticatedUser() },
      defaultPolicy: (policy) => policy.requireRole('Staff'),
    })
    const reader = await issuer.bearer({ roles: ['Reader'] })
    const status = async (...requirements: AuthorizeArgument<'Anybody'>[]) => {
      const app = createApp(express, jwtBearer(issuer.options), guard(...requirements))
      return (await request(app).get('/').set(reader)).status
    }
    expect(await status()).toBe(403)
    expect(await status({})).toBe(403)
    expect(await status({ schemes: 'Bearer' })).toBe(403)
    expect(await status('Anybody')).toBe(200)
    expect(await status({ roles: 'Reader' })).toBe(200)
    expect(await status('Anybody', {})).toBe(403)
    expect(await status({ optional: true })).toBe(200)
  })

  test.each<[what: string, options: unknown, message: string]>([
    ['null', null, 'the options of createAuthorization() must be an object, got null'],
    ['policies that are null', { policies: null }, '"policies" must be an object, got null'],
    ['a list of policies', { policies: [] }, '"policies" must be an object, got an array'],
    [
      'a misspelt option',
      { policy: {} },
      '"policy" is not a member of the options of createAuthorization(); known are policies, defaultPolicy, clock',
    ],
    [
      'a policy by name',
      { defaultPolicy: 'AdminOnly' },
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got "AdminOnly"`,
    ],
    [
      'an undefined policy',
      { policies: { AdminOnly: undefined } },
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got undefined`,
    ],
  ])('throws for %s', (_what, options, message) => {
    expect(() => createAuthorization(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', message }),
    )
  })
})

describe('evaluate', () => {
  const { evaluate } = createAuthorization(known)

  test('takes reasons through a function that was taken out of its context', async () => {
    const tooLate = buildPolicy((policy) =>
      policy.requireAssertion(({ fail }) => {
        fail('too late')
        return true
      }),
    )
    expect(await createAuthorization().evaluate(tooLate, admin)).toMatchObject({
      succeeded: false,
      reasons: ['too late'],
    })
  })

  test('judges by name, by policy and by function', async () => {
    for (const policy of [
      'AdminOnly',
      known.policies.AdminOnly,
      buildPolicy(known.policies.AdminOnly),
    ] as const) {
      expect(await evaluate(policy, admin)).toEqual({
        succeeded: true,
        failedRequirements: [],
        reasons: [],
      })
      expect((await evaluate(policy, createPrincipal({ sub: 'bob' }))).succeeded).toBe(false)
      expect((await evaluate(policy, undefined)).succeeded).toBe(false)
    }
  })

  test('rejects a name that is unknown', async () => {
    await expect(evaluate('Nobody' as never, admin)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})
