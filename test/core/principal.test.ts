import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  ClaimTypes,
  createPrincipal,
  type JwtClaims,
  type PrincipalOptions,
} from 'express-jwt-bearer'
import { principalOf, resolvePrincipal } from '../../src/core/principal.js'
import { authenticate, hs256, options } from '../support/tokens.js'

describe('createPrincipal', () => {
  test.each<[string, JwtClaims, PrincipalOptions, string | undefined]>([
    ['the name claim', { name: 'Alice' }, {}, 'Alice'],
    ['nothing without one', { sub: 'alice', unique_name: 'Alice' }, {}, undefined],
    [
      'the claim it is told',
      { name: 'Alice', preferred_username: 'al' },
      { nameClaimType: 'preferred_username' },
      'al',
    ],
    [
      'the long claim of .NET',
      { [ClaimTypes.Name]: 'Alice' },
      { nameClaimType: ClaimTypes.Name },
      'Alice',
    ],
    ['the first of several', { name: ['Alice', 'Al'] }, {}, 'Alice'],
  ])('names the caller by %s', (_case, claims, given, expected) => {
    expect(createPrincipal(claims, given).name).toBe(expected)
  })

  test.each<[string, JwtClaims, PrincipalOptions, string[]]>([
    ['a text', { role: 'Admin' }, {}, ['Admin']],
    ['an array', { roles: ['Admin', 'User'] }, {}, ['Admin', 'User']],
    ['the long claim of .NET', { [ClaimTypes.Role]: ['Admin'] }, {}, ['Admin']],
    ['all usual claims', { role: 'A', roles: ['B'], [ClaimTypes.Role]: 'C' }, {}, ['A', 'B', 'C']],
    ['the claim it is told', { groups: ['A'], role: 'B' }, { roleClaimType: 'groups' }, ['A']],
    [
      'several claims it is told',
      { groups: ['A'], wids: 'B' },
      { roleClaimType: ['groups', 'wids'] },
      ['A', 'B'],
    ],
    [
      'a function that looks deeper',
      { realm_access: { roles: ['A'] } },
      { roleClaimType: (claims) => (claims['realm_access'] as { roles: string[] }).roles },
      ['A'],
    ],
    ['a function that gives one text', {}, { roleClaimType: () => 'A' as never }, ['A']],
    ['a function that gives nothing', {}, { roleClaimType: () => undefined as never }, []],
    [
      'a function that gives other things too',
      {},
      { roleClaimType: () => ['A', 1, null] as never },
      ['A'],
    ],
    ['no claim', {}, {}, []],
    ['a text with a comma, which is one role', { role: 'A,B' }, {}, ['A,B']],
    ['a text with a space, which is one role', { role: 'A B' }, {}, ['A B']],
  ])('reads the roles from %s', (_case, claims, given, expected) => {
    const principal = createPrincipal(claims, given)
    expect(principal.roles).toEqual(expected)
    expect(principal.roles).toBe(principal.roles)
    expect(Object.isFrozen(principal.roles)).toBe(true)
    for (const role of expected) expect(principal.isInRole(role)).toBe(true)
    expect(principal.isInRole('admin')).toBe(false)
  })

  test.each<[string, JwtClaims, string[]]>([
    ['scope with spaces', { scope: 'a b' }, ['a', 'b']],
    ['scope with more spaces than it needs', { scope: ' a  b ' }, ['a', 'b']],
    ['scope as an array', { scope: ['a', 'b c'] }, ['a', 'b', 'c']],
    ['scp with spaces', { scp: 'a b' }, ['a', 'b']],
    ['scp as an array', { scp: ['a'] }, ['a']],
    ['both', { scope: 'a', scp: ['b'] }, ['a', 'b']],
    ['neither', {}, []],
    ['something that is no text', { scope: 5, scp: { a: true } }, []],
    ['an array with something that is no text', { scope: ['a', 5, null] }, ['a']],
    ['a text with a comma, which is one scope', { scope: 'a,b' }, ['a,b']],
  ])('reads the scopes from %s', (_case, claims, expected) => {
    const principal = createPrincipal(claims)
    expect(principal.scopes).toEqual(expected)
    expect(Object.isFrozen(principal.scopes)).toBe(true)
    expect(principal.hasScope('a')).toBe(expected.includes('a'))
    expect(principal.hasScope('A')).toBe(false)
    expect(principal.hasScope('')).toBe(false)
  })

  const claims = {
    sub: 'alice',
    text: 'x',
    list: ['x', 'y'],
    empty: [],
    number: 1.5,
    yes: true,
    none: null,
    object: { a: [1] },
    mixed: ['x', 2, { b: 3 }, null, undefined],
    big: 10n,
    largest: Number.MAX_SAFE_INTEGER,
    smallest: -Number.MAX_SAFE_INTEGER,
    lost: Number.MAX_SAFE_INTEGER + 1,
    lostBelow: -(2 ** 53),
    huge: 1e300,
    infinite: Infinity,
    notANumber: NaN,
    some: [2 ** 53, null, 7, -Infinity],
    absent: undefined,
  }
  test.each<[string, string[]]>([
    ['text', ['x']],
    ['list', ['x', 'y']],
    ['empty', []],
    ['number', ['1.5']],
    ['yes', ['true']],
    ['none', []],
    ['object', ['{"a":[1]}']],
    ['mixed', ['x', '2', '{"b":3}']],
    ['big', ['10']],
    ['largest', ['9007199254740991']],
    ['smallest', ['-9007199254740991']],
    ['lost', []],
    ['lostBelow', []],
    ['huge', []],
    ['infinite', []],
    ['notANumber', []],
    ['some', ['7']],
    ['absent', []],
    ['missing', []],
    ['Text', []],
    ['constructor', []],
    ['toString', []],
    ['__proto__', []],
    ['hasOwnProperty', []],
  ])('finds every value of the claim %s as text', (type, expected) => {
    const principal = createPrincipal(claims)
    expect(principal.findAll(type)).toEqual(expected)
    expect(principal.findFirst(type)).toBe(expected[0])
    expect(principal.hasClaim(type)).toBe(expected.length > 0)
    expect(principal.hasClaim(type, expected[0] ?? 'x')).toBe(expected.length > 0)
    expect(principal.hasClaim(type, 'X')).toBe(false)
  })

  test('finds claims that an issuer has named like parts of every object', async () => {
    const named = JSON.parse('{"constructor":"c","__proto__":"p","toString":"t"}') as JwtClaims
    const result = await authenticate(options(), hs256(Object.fromEntries([['x', 1]])))
    expect(result.kind).toBe('success')
    const principal = createPrincipal(named)
    expect(principal.findFirst('constructor')).toBe('c')
    expect(principal.findFirst('__proto__')).toBe('p')
    expect(principal.findFirst('toString')).toBe('t')
    expect(Object.getPrototypeOf(principal.claims)).toBe(Object.prototype)
  })

  test('copies the claims and freezes them to the bottom', () => {
    const given = { sub: 'alice', nested: { list: [{ deep: true }] } }
    const principal = createPrincipal(given)
    given.nested.list.push({ deep: false })
    expect(principal.claims).toEqual({ sub: 'alice', nested: { list: [{ deep: true }] } })
    const nested = principal.claims['nested'] as typeof given.nested
    expect([principal.claims, nested, nested.list, nested.list[0]].every(Object.isFrozen)).toBe(
      true,
    )
    expect(Object.isFrozen(given)).toBe(false)
    expect(() => {
      ;(principal as { name: unknown }).name = 'Bob'
    }).toThrow(TypeError)
  })

  test('leaves alone what is no plain object, and follows circles once', () => {
    const when = new Date(0)
    const circle: Record<string, unknown> = { when }
    circle['self'] = circle
    const principal = createPrincipal(circle)
    expect(Object.isFrozen(principal.claims)).toBe(true)
    expect(Object.isFrozen(principal.claims['when'])).toBe(false)
    expect(principal.claims['self']).toBe(principal.claims)
  })

  test('belongs to the scheme it is told, to Bearer otherwise', () => {
    expect(createPrincipal({}).scheme).toBe('Bearer')
    expect(createPrincipal({}, { scheme: 'ApiKey' }).scheme).toBe('ApiKey')
  })

  test.each<[string, PrincipalOptions | undefined]>([
    ['left out', undefined],
    ['empty', {}],
    [
      'undefined one by one',
      { scheme: undefined, nameClaimType: undefined, roleClaimType: undefined },
    ],
  ])('takes options that are %s for the defaults', (_case, given) => {
    const principal = createPrincipal({ sub: 's', name: 'n', role: 'r' }, given)
    expect(principal.toJSON()).toEqual({
      subject: 's',
      name: 'n',
      roles: ['r'],
      scopes: [],
      claims: { sub: 's', name: 'n', role: 'r' },
    })
    expect(principal.scheme).toBe('Bearer')
  })

  test('inspects as its subject and scheme alone, and serialises as people expect', () => {
    const principal = createPrincipal({
      sub: 'alice',
      name: 'Alice',
      roles: ['Admin'],
      scope: 'a',
      email: 'alice@example.com',
    })
    expect(inspect(principal, { depth: null, showHidden: true })).toBe(
      "ClaimsPrincipal { subject: 'alice', scheme: 'Bearer' }",
    )
    expect(inspect({ user: principal })).toBe(
      "{ user: ClaimsPrincipal { subject: 'alice', scheme: 'Bearer' } }",
    )
    expect(JSON.parse(JSON.stringify(principal))).toEqual({
      subject: 'alice',
      name: 'Alice',
      roles: ['Admin'],
      scopes: ['a'],
      claims: {
        sub: 'alice',
        name: 'Alice',
        roles: ['Admin'],
        scope: 'a',
        email: 'alice@example.com',
      },
    })
  })
})

describe('ClaimTypes', () => {
  test('holds the long names of .NET and cannot be changed', () => {
    const identity = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims'
    expect(ClaimTypes).toEqual({
      Name: `${identity}/name`,
      NameIdentifier: `${identity}/nameidentifier`,
      Email: `${identity}/emailaddress`,
      GivenName: `${identity}/givenname`,
      Surname: `${identity}/surname`,
      Role: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role',
    })
    expect(Object.isFrozen(ClaimTypes)).toBe(true)
  })
})

describe('the principal of a token', () => {
  test('goes by the names of the options', async () => {
    const given = options({ nameClaimType: 'nick', roleClaimType: 'groups' }, { scheme: 'Api' })
    const result = await authenticate(given, hs256({ nick: 'al', groups: ['A'], role: 'B' }))
    expect(result).toMatchObject({
      principal: { name: 'al', roles: ['A'], scheme: 'Api', subject: 'alice' },
    })
  })

  test('is refused when the function that reads its roles throws', async () => {
    const cause = new TypeError('no realm_access')
    const given = options({
      roleClaimType: () => {
        throw cause
      },
    })
    const result = await authenticate(given, hs256())
    expect(result).toMatchObject({ error: { code: 'ERR_TOKEN_CLAIM_INVALID', cause } })
  })
})

describe('claims that are null or lost', () => {
  const lost = 2 ** 53
  const principal = createPrincipal({
    sub: null,
    name: null,
    roles: null,
    role: [null, 'Admin', lost],
    scope: null,
    scp: [null, 'read'],
    id: lost,
  } as never)

  test('are absent in every look-up', () => {
    expect(principal.subject).toBeUndefined()
    expect(principal.name).toBeUndefined()
    expect(principal.roles).toEqual(['Admin'])
    expect(principal.scopes).toEqual(['read'])
    expect(principal.isInRole('null')).toBe(false)
    expect(principal.hasClaim('sub')).toBe(false)
    expect(principal.hasClaim('id')).toBe(false)
    expect(principal.hasClaim('id', String(lost))).toBe(false)
    expect(principal.findFirst('id')).toBeUndefined()
  })

  test('are shown as they came', () => {
    expect(principal.claims).toMatchObject({ sub: null, id: lost, role: [null, 'Admin', lost] })
  })

  test('are absent as a number that a JSON text could not carry', () => {
    const claims = JSON.parse('{"sub":9007199254740993,"tenant":1e999,"level":2}') as never
    const other = createPrincipal(claims)
    expect(other.subject).toBeUndefined()
    expect(other.hasClaim('tenant')).toBe(false)
    expect(other.hasClaim('level', '2')).toBe(true)
  })
})

describe('what a schema puts out', () => {
  test('has a text, or is absent', () => {
    const claims = { work: () => 1, mark: Symbol('a'), gone: { toJSON: () => undefined } }
    const principal = principalOf(claims, claims, resolvePrincipal({}))
    expect(principal.findAll('work')).toEqual([])
    expect(principal.hasClaim('mark')).toBe(false)
    expect(principal.findAll('gone')).toEqual(['undefined'])
  })
})
