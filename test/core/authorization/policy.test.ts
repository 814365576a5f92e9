import {
  authorize,
  buildPolicy,
  createAuthorization,
  createPrincipal,
  type AuthorizationRequirement,
  type JwtClaims,
  type PolicyBuilder,
  type PolicyInput,
} from 'express-jwt-bearer'
import { describe, expect, test } from 'vitest'

const { evaluate } = createAuthorization()

const alice = createPrincipal({
  sub: 'alice',
  name: 'Alice',
  roles: ['Reader', 'Staff'],
  scope: 'orders.read orders.list',
  plan: 'paid',
  groups: ['a', 'b'],
  level: 5,
  empty: [],
  flag: false,
})

type Build = (policy: PolicyBuilder) => unknown

const weekday: AuthorizationRequirement = { name: 'weekday', evaluate: () => true }
const holiday: AuthorizationRequirement = {
  name: 'holiday',
  evaluate: () => Promise.resolve(false),
}

describe('a policy', () => {
  // What is asked for, the policy, and the requirements that alice fails.
  test.each<[what: string, build: Build, failed: string[]]>([
    ['nothing', () => undefined, []],
    ['an authenticated caller', (p) => p.requireAuthenticatedUser(), []],
    ['a role', (p) => p.requireRole('Reader'), []],
    ['a missing role', (p) => p.requireRole('Admin'), ['requireRole']],
    ['a role in other letters', (p) => p.requireRole('reader'), ['requireRole']],
    ['part of a role', (p) => p.requireRole('Read'), ['requireRole']],
    ['one of two roles', (p) => p.requireRole('Admin', 'Staff'), []],
    ['two roles', (p) => p.requireRole('Reader').requireRole('Staff'), []],
    [
      'two roles, one missing',
      (p) => p.requireRole('Reader').requireRole('Admin'),
      ['requireRole'],
    ],
    ['a scope', (p) => p.requireScope('orders.read'), []],
    ['a missing scope', (p) => p.requireScope('orders.write'), ['requireScope']],
    ['part of a scope', (p) => p.requireScope('orders'), ['requireScope']],
    ['a scope in other letters', (p) => p.requireScope('Orders.Read'), ['requireScope']],
    ['two scopes', (p) => p.requireScope('orders.read').requireScope('orders.list'), []],
    [
      'two scopes, one missing',
      (p) => p.requireScope('orders.read').requireScope('x'),
      ['requireScope'],
    ],
    ['one of two scopes', (p) => p.requireAnyScope('x', 'orders.list'), []],
    ['none of two scopes', (p) => p.requireAnyScope('x', 'y'), ['requireAnyScope']],
    ['a claim', (p) => p.requireClaim('plan'), []],
    ['a claim that is false', (p) => p.requireClaim('flag'), []],
    ['a claim in other letters', (p) => p.requireClaim('Plan'), ['requireClaim']],
    ['a claim every object has', (p) => p.requireClaim('constructor'), ['requireClaim']],
    ['a claim without values', (p) => p.requireClaim('empty'), ['requireClaim']],
    ['a value', (p) => p.requireClaim('plan', 'paid'), []],
    ['a value in other letters', (p) => p.requireClaim('plan', 'Paid'), ['requireClaim']],
    ['one of two values', (p) => p.requireClaim('plan', 'free', 'paid'), []],
    ['none of two values', (p) => p.requireClaim('plan', 'free', 'trial'), ['requireClaim']],
    ['a value of a list', (p) => p.requireClaim('groups', 'b'), []],
    ['two values of a list', (p) => p.requireClaim('groups', 'a').requireClaim('groups', 'b'), []],
    ['a number, as text', (p) => p.requireClaim('level', '5'), []],
    ['a name', (p) => p.requireUserName('Alice'), []],
    ['a name in other letters', (p) => p.requireUserName('alice'), ['requireUserName']],
    [
      'an assertion that holds',
      (p) => p.requireAssertion(({ user }) => user.subject === 'alice'),
      [],
    ],
    [
      'an assertion that does not hold',
      (p) => p.requireAssertion(() => false),
      ['requireAssertion'],
    ],
    ['an assertion that holds later', (p) => p.requireAssertion(() => Promise.resolve(true)), []],
    [
      'an assertion that fails later',
      (p) => p.requireAssertion(() => Promise.resolve(false)),
      ['requireAssertion'],
    ],
    [
      'an assertion that is merely truthy',
      (p) => p.requireAssertion(() => 1 as never),
      ['requireAssertion'],
    ],
    [
      'an assertion without an answer',
      (p) => p.requireAssertion(() => undefined as never),
      ['requireAssertion'],
    ],
    ['a requirement that holds', (p) => p.addRequirements(weekday), []],
    ['two requirements', (p) => p.addRequirements(weekday, holiday), ['holiday']],
    ['no further requirements', (p) => p.addRequirements(), []],
    ["the caller's scheme", (p) => p.addAuthenticationSchemes('Other', 'Bearer'), []],
    ['another scheme', (p) => p.addAuthenticationSchemes('Other'), ['requireAuthenticatedUser']],
    [
      'what a function asks for',
      (p) => p.combine((other) => other.requireRole('Admin')),
      ['requireRole'],
    ],
    [
      'what a policy asks for',
      (p) => p.combine(buildPolicy((other) => other.requireRole('Admin'))),
      ['requireRole'],
    ],
    [
      'several things, in order',
      (p) => p.requireClaim('x').requireRole('Admin').requireRole('Staff').requireScope('y'),
      ['requireClaim', 'requireRole', 'requireScope'],
    ],
  ])('asks for %s', async (_what, build, failed) => {
    const result = await evaluate(build, alice)
    expect(result.failedRequirements.map(({ name }) => name)).toEqual(failed)
    expect(result.succeeded).toBe(failed.length === 0)
    expect(result.reasons).toEqual([])
    expect(await evaluate(buildPolicy(build), alice)).toMatchObject({ succeeded: result.succeeded })
  })

  test('is never met by nobody, whatever it asks for', async () => {
    for (const build of [() => undefined, (p: PolicyBuilder) => p.requireAssertion(() => true)]) {
      const { succeeded, failedRequirements } = await evaluate(build, undefined)
      expect(succeeded).toBe(false)
      expect(failedRequirements.map(({ name }) => name)).toEqual(['requireAuthenticatedUser'])
    }
  })

  test('names each scheme once, in order', () => {
    const { schemes } = buildPolicy((policy) =>
      policy.addAuthenticationSchemes('B', 'A').addAuthenticationSchemes('A', 'C'),
    )
    expect(schemes).toEqual(['B', 'A', 'C'])
  })

  test('is closed once it is built', () => {
    let kept: PolicyBuilder | undefined
    const policy = buildPolicy((builder) => {
      kept = builder
    })
    kept?.requireRole('Admin')
    expect(policy.requirements).toHaveLength(1)
    expect(Object.isFrozen(policy) && Object.isFrozen(policy.requirements)).toBe(true)
  })

  test.each<[what: string, build: Build, message: string]>([
    [
      'no role',
      (p) => p.requireRole(),
      'requireRole() needs at least one value; none would let nobody through',
    ],
    [
      'an empty role',
      (p) => p.requireRole('Admin', ''),
      'requireRole() compares non-empty strings, got an empty string',
    ],
    [
      'roles in an array',
      (p) => p.requireRole(['Admin'] as never),
      'requireRole() compares non-empty strings, got an array',
    ],
    [
      'no scope',
      (p) => p.requireAnyScope(),
      'requireAnyScope() needs at least one value; none would let nobody through',
    ],
    [
      'an undefined scope',
      (p) => p.requireScope(undefined as never),
      'requireScope() compares non-empty strings, got undefined',
    ],
    [
      'two scopes in one',
      (p) => p.requireScope('a b'),
      'requireScope() takes one scope per value, got "a b"; call requireScope() once for each that is needed',
    ],
    [
      'two scopes at once',
      (p) => p.requireScope(...(['a', 'b'] as unknown as ['a'])),
      'requireScope() takes one scope; call it once for each that is needed, or requireAnyScope() for alternatives',
    ],
    [
      'two scopes in one alternative',
      (p) => p.requireAnyScope('a', 'b c'),
      'requireAnyScope() takes one scope per value, got "b c"; call requireScope() once for each that is needed',
    ],
    [
      'a claim without a name',
      (p) => p.requireClaim(''),
      'requireClaim() compares non-empty strings, got an empty string',
    ],
    [
      'a claim of a number',
      (p) => p.requireClaim('level', 5 as never),
      'requireClaim() compares non-empty strings, got 5',
    ],
    [
      'no user name',
      (p) => p.requireUserName(null as never),
      'requireUserName() compares non-empty strings, got null',
    ],
    [
      'an assertion that is no function',
      (p) => p.requireAssertion(true as never),
      'requireAssertion() needs a function, got true',
    ],
    [
      'a requirement that is no object',
      (p) => p.addRequirements(null as never),
      'addRequirements() needs objects of the form { name, evaluate(context) }',
    ],
    [
      'a requirement without a name',
      (p) => p.addRequirements({ evaluate: () => true } as never),
      'addRequirements() needs objects of the form { name, evaluate(context) }',
    ],
    [
      'a requirement that judges nothing',
      (p) => p.addRequirements({ name: 'x' } as never),
      'addRequirements() needs objects of the form { name, evaluate(context) }',
    ],
    [
      'no scheme',
      (p) => p.addAuthenticationSchemes(),
      'addAuthenticationSchemes() needs at least one value; none would let nobody through',
    ],
    [
      'a policy by name',
      (p) => p.combine('AdminOnly' as never),
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got "AdminOnly"`,
    ],
    [
      'something that takes time',
      () => Promise.resolve(),
      'a policy must be built synchronously; use requireAssertion() for what takes time',
    ],
  ])('cannot ask for %s', (_what, build, message) => {
    for (const attempt of [
      () => buildPolicy(build),
      () => authorize(build),
      () => createAuthorization({ policies: { Wrong: build } }),
      () => createAuthorization({ defaultPolicy: build }),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', message }))
    }
  })

  test.each<[what: string, policy: unknown, got: string]>([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 42, '42'],
    ['an object without requirements', { schemes: [] }, 'an object'],
    ['an object without schemes', { requirements: [] }, 'an object'],
  ])('is not %s', (_what, policy, got) => {
    expect(() => buildPolicy(policy as PolicyInput)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: `a policy must be a function such as (policy) => policy.requireRole('Admin'), got ${got}`,
      }),
    )
  })
})

describe('an assertion', () => {
  test('refuses with a reason, whatever it returns', async () => {
    const result = await evaluate(
      (policy) =>
        policy
          .requireAssertion((context) => {
            context.fail('first')
            context.fail('second')
            return true
          })
          .requireAssertion((context) => {
            context.fail('third')
            return false
          }),
      alice,
    )
    expect(result).toMatchObject({ succeeded: false, reasons: ['first', 'second', 'third'] })
    expect(result.failedRequirements).toHaveLength(2)
  })

  test('sees the caller and the resource', async () => {
    const order = { owner: 'alice' }
    const owns = (policy: PolicyBuilder) =>
      policy.requireAssertion(
        ({ user, resource }) => (resource as typeof order).owner === user.subject,
      )
    expect((await evaluate(owns, alice, order)).succeeded).toBe(true)
    expect((await evaluate(owns, alice, { owner: 'bob' })).succeeded).toBe(false)
  })

  test('has no request in evaluate(), and says so', async () => {
    const asks = (policy: PolicyBuilder) => policy.requireAssertion(({ req }) => req.secure)
    await expect(evaluate(asks, alice)).rejects.toThrow(
      'There is no request here: evaluate() judges a caller and a resource',
    )
  })

  test('hands its throw to the caller of evaluate()', async () => {
    const fault = new Error('out of order')
    const breaks = (policy: PolicyBuilder) =>
      policy.requireAssertion(() => {
        throw fault
      })
    await expect(evaluate(breaks, alice)).rejects.toBe(fault)
  })
})

describe('a requirement', () => {
  test('of the package can be asked by one of the app', async () => {
    const inner = buildPolicy((p) => p.requireRole('Admin').requireRecentAuthentication(60))
    const either: AuthorizationRequirement = {
      name: 'either',
      evaluate: async (context) => {
        for (const one of inner.requirements) if (!(await one.evaluate(context))) return false
        return true
      },
    }
    const auth_time = Math.floor(Date.now() / 1000)
    const judge = (claims: JwtClaims) =>
      createAuthorization().evaluate((p) => p.addRequirements(either), createPrincipal(claims))
    expect((await judge({ roles: ['Admin'], auth_time })).succeeded).toBe(true)
    expect((await judge({ roles: ['Admin'], auth_time: auth_time - 90 })).succeeded).toBe(false)
  })

  test("reads the sign-in from the claims of a principal that is the app's own", async () => {
    const { evaluate } = createAuthorization()
    const policy = buildPolicy((p) => p.requireAcr('gold'))
    const own = (claims: object) =>
      ({ ...createPrincipal({}).toJSON(), isInRole: () => false, scheme: 'Own', claims }) as never
    expect((await evaluate(policy, own({ acr: 'gold' }))).succeeded).toBe(true)
    expect((await evaluate(policy, own({}))).succeeded).toBe(false)
  })

  test('is asked as a method of its object', async () => {
    class OlderThan implements AuthorizationRequirement {
      readonly name = 'OlderThan'
      readonly #level: number

      constructor(level: number) {
        this.#level = level
      }

      evaluate({ user }: { user: { findFirst(type: string): string | undefined } }) {
        return Number(user.findFirst('level')) > this.#level
      }
    }
    expect((await evaluate((p) => p.addRequirements(new OlderThan(4)), alice)).succeeded).toBe(true)
    expect((await evaluate((p) => p.addRequirements(new OlderThan(5)), alice)).succeeded).toBe(
      false,
    )
  })
})
