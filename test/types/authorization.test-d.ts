import express, { type RequestHandler } from 'express'
import {
  authorize,
  buildPolicy,
  createAuthorization,
  createPrincipal,
  type AuthorizationContext,
  type AuthorizationPolicy,
  type AuthorizationResult,
  type ClaimsPrincipal,
} from 'express-jwt-bearer'
import { describe, expectTypeOf, test } from 'vitest'

const alice = createPrincipal({ sub: 'alice' })

describe('createAuthorization', () => {
  const authorization = createAuthorization({
    policies: {
      AdminOnly: (policy) => policy.requireRole('Admin'),
      CanReadOrders: buildPolicy((policy) => policy.requireScope('orders.read')),
    },
  })

  test('knows the names of its policies', () => {
    expectTypeOf(authorization.authorize('AdminOnly', 'CanReadOrders')).toExtend<RequestHandler>()
    authorization.authorize({ policy: 'AdminOnly', roles: ['Admin'] })
    // @ts-expect-error a policy that was never defined
    authorization.authorize('AdminsOnly')
    // @ts-expect-error a policy that was never defined
    authorization.authorize({ policy: 'AdminsOnly' })
    // @ts-expect-error a policy that was never defined
    void authorization.evaluate('AdminsOnly', alice)
  })

  test('judges principals, and nobody', () => {
    expectTypeOf(authorization.evaluate('AdminOnly', alice)).toEqualTypeOf<
      Promise<AuthorizationResult>
    >()
    expectTypeOf(authorization.evaluate('AdminOnly', undefined, { owner: 'alice' })).toEqualTypeOf<
      Promise<AuthorizationResult>
    >()
    // @ts-expect-error claims alone are no principal
    void authorization.evaluate('AdminOnly', { sub: 'alice' })
  })

  test('accepts undefined as not given', () => {
    createAuthorization(undefined)
    createAuthorization({ policies: undefined, clock: undefined })
    // @ts-expect-error an unset variable must not open a route
    createAuthorization({ defaultPolicy: undefined })
    // @ts-expect-error a misspelt option
    createAuthorization({ policy: {} })
    // @ts-expect-error a policy that is missing
    createAuthorization({ policies: { AdminOnly: undefined } })
  })
})

describe('authorize', () => {
  test('leaves the parameters of a route to Express', () => {
    const { authorize: guard } = createAuthorization({ policies: { Any: (policy) => policy } })
    express().get('/orders/:id', authorize(), guard('Any'), (request, response) => {
      expectTypeOf(request.params).toEqualTypeOf<{ id: string }>()
      expectTypeOf(request.user).toEqualTypeOf<Express.User | undefined>()
      response.json(request.params.id)
    })
    express().use('/orders', authorize(), express.Router())
    express().use([authorize(), guard('Any')])
  })

  test('takes policies, functions and objects, and no names', () => {
    expectTypeOf(authorize()).toExtend<RequestHandler>()
    authorize(
      (policy) => policy.requireRole('Admin'),
      { roles: 'Admin' },
      buildPolicy(() => undefined),
    )
    authorize({ optional: undefined })
    // @ts-expect-error an unset variable must not open a route
    authorize({ roles: process.env['ADMIN_ROLE'] })
    // @ts-expect-error names belong to createAuthorization()
    authorize('AdminOnly')
    // @ts-expect-error a misspelt member
    authorize({ role: 'Admin' })
    // @ts-expect-error a missing variable
    authorize(undefined)
  })

  test('builds policies of texts', () => {
    expectTypeOf(buildPolicy(() => undefined)).toEqualTypeOf<AuthorizationPolicy>()
    authorize((policy) => {
      policy.requireAssertion((context) => {
        expectTypeOf(context).toEqualTypeOf<AuthorizationContext>()
        expectTypeOf(context.user).toEqualTypeOf<ClaimsPrincipal>()
        return Promise.resolve(context.user.isInRole('Admin'))
      })
      // @ts-expect-error values are texts
      policy.requireClaim('level', 5)
      // @ts-expect-error roles are arguments, not an array
      policy.requireRole(['Admin'])
      // @ts-expect-error one scope each
      policy.requireScope('a', 'b')
      // @ts-expect-error an answer is true or false
      policy.requireAssertion(() => 'yes')
    })
  })
})
