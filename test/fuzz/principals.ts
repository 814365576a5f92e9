import fc from 'fast-check'
import { createAuthorization, createPrincipal } from 'express-jwt-bearer'
import { claims } from './claims.js'
import { defineTarget } from './target.js'

const { evaluate } = createAuthorization()

/** Claims of any kind behind policies: no reading throws, and what is absent meets nothing. */
export const principals = defineTarget({
  name: 'principals',
  share: 1,
  mustHappen: ['met', 'not met'],
  input: fc.record({
    claims: fc.oneof(claims, fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))),
    type: fc.oneof(
      fc.string(),
      fc.constantFrom('sub', 'scope', 'roles', '__proto__', 'constructor'),
    ),
  }),
  attempt: async ({ claims: all, type }) => {
    const principal = createPrincipal(all)
    const texts = [principal.roles, principal.scopes, principal.findAll(type)].flat()
    if (!texts.every((text) => typeof text === 'string')) throw new Error('a reading is no text')
    if (principal.findFirst(type) !== principal.findAll(type)[0])
      throw new Error('two first values')
    const value = Object.hasOwn(all, type) ? all[type] : undefined
    const absent = value === undefined || value === null
    if (absent && principal.hasClaim(type)) throw new Error('a claim that is absent is there')
    const results = await Promise.all([
      evaluate((policy) => policy.requireRole('Admin'), principal),
      evaluate((policy) => policy.requireScope('read'), principal),
      evaluate((policy) => policy.requireClaim('sub'), principal),
    ])
    const [role, scope] = results.map(({ succeeded }) => succeeded)
    if (role !== principal.isInRole('Admin') || scope !== principal.hasScope('read')) {
      throw new Error('a policy and the principal disagree')
    }
    return results.some(({ succeeded }) => succeeded) ? 'met' : 'not met'
  },
})
