import { createPrincipal, nestedClaim } from 'express-jwt-bearer'
import { describe, expect, test } from 'vitest'

describe('nestedClaim', () => {
  const roles = nestedClaim('realm_access', 'roles')

  test.each<[string, Record<string, unknown>, string[]]>([
    ['several texts', { realm_access: { roles: ['a', 'b'] } }, ['a', 'b']],
    ['one text', { realm_access: { roles: 'a' } }, ['a']],
    ['texts among other things', { realm_access: { roles: ['a', 5, null, ['b']] } }, ['a']],
    ['nothing where the claim is missing', {}, []],
    ['nothing where its holder is no object', { realm_access: 'roles' }, []],
    ['nothing where its holder is null', { realm_access: null }, []],
    ['nothing of an object', { realm_access: { roles: { a: true } } }, []],
  ])('finds %s', (_, claims, expected) => {
    expect(roles(claims)).toEqual(expected)
    expect(createPrincipal(claims, { roleClaimType: roles }).roles).toEqual(expected)
  })

  test('takes names as they are, dots and all', () => {
    const claims = { resource_access: { 'my.app': { roles: ['a'] } } }
    expect(nestedClaim('resource_access', 'my.app', 'roles')(claims)).toEqual(['a'])
    expect(nestedClaim('resource_access', 'other', 'roles')(claims)).toEqual([])
  })

  test.each([['constructor', 'name'], ['__proto__', 'x'], ['toString']])(
    'finds nothing that no issuer wrote: %s',
    (...path) => {
      expect(nestedClaim(...(path as [string]))({})).toEqual([])
    },
  )

  test.each<[string, unknown[]]>([
    ['no name', []],
    ['an empty name', ['']],
    ['an unset variable', ['resource_access', undefined]],
    ['a number', [5]],
  ])('throws for %s', (_, path) => {
    expect(() => nestedClaim(...(path as [string]))).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })
})
