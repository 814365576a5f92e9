import express, { type Request, type RequestHandler, type Response } from 'express'
import {
  getAuthentication,
  jwtBearer,
  symmetricKey,
  type AuthenticateResult,
  type ClaimsPrincipal,
  type JwtBearerEvents,
  type JwtBearerOptions,
  type JwtClaims,
} from 'express-jwt-bearer'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const issuerSigningKey = symmetricKey('d7Uz0rKcXqv3nTq8pB1mYf5sGh2jLw9e')
const validIssuer = 'https://issuer.example'
declare const req: Request
declare const typedRequest: Request<{ id: string }, string, 5, { q: 5 }>

describe('jwtBearer', () => {
  const bearer = jwtBearer({
    audience: 'api://orders',
    tokenValidationParameters: { validIssuer, issuerSigningKey },
  })

  test('makes a request handler with other doors', () => {
    expectTypeOf(bearer).toExtend<RequestHandler>()
    express().use(bearer)
    expectTypeOf(bearer.ready()).toEqualTypeOf<Promise<void>>()
    expectTypeOf(bearer.authenticate({ headers: {} })).toEqualTypeOf<Promise<AuthenticateResult>>()
    expectTypeOf(bearer.authenticate(req)).toEqualTypeOf<Promise<AuthenticateResult>>()
  })

  test('leaves the parameters of a route to Express', () => {
    express().get('/orders/:id', bearer, (request) => {
      expectTypeOf(request.params).toEqualTypeOf<{ id: string }>()
      expectTypeOf(bearer.user(request)).toEqualTypeOf<ClaimsPrincipal>()
    })
  })

  test('reads the caller of requests of any type', () => {
    expectTypeOf(bearer.user).toBeCallableWith(typedRequest)
  })

  test('types the claims as a token has them where there is no schema', () => {
    expectTypeOf(bearer.user(req)).toEqualTypeOf<ClaimsPrincipal>()
    expectTypeOf(bearer.user(req).claims).toEqualTypeOf<Readonly<JwtClaims>>()
    expectTypeOf(bearer.user(req).claims['plan']).toBeUnknown()
  })

  test('types the claims as a zod schema puts them out', () => {
    const claimsSchema = z.object({ sub: z.string(), level: z.string().transform(Number) })
    const typed = jwtBearer({
      audience: 'api://orders',
      tokenValidationParameters: { validIssuer, issuerSigningKey, claimsSchema },
    })
    expectTypeOf(typed.user(req).claims.sub).toBeString()
    expectTypeOf(typed.user(req).claims.level).toBeNumber()
    // @ts-expect-error a claim that the schema does not know
    expectTypeOf(typed.user(req).claims.plan)
  })

  test('types the claims as a valibot schema puts them out', () => {
    const typed = jwtBearer({
      audience: 'api://orders',
      tokenValidationParameters: {
        validIssuer,
        issuerSigningKey,
        claimsSchema: v.object({ sub: v.string(), groups: v.optional(v.array(v.string()), []) }),
      },
    })
    expectTypeOf(typed.user(req).claims.sub).toBeString()
    expectTypeOf(typed.user(req).claims.groups).toEqualTypeOf<string[]>()
    // @ts-expect-error a claim that the schema does not know
    expectTypeOf(typed.user(req).claims.plan)
  })

  test('knows its options by name and type', () => {
    // @ts-expect-error a misspelt option
    jwtBearer({ audiences: 'api://orders' })
    // @ts-expect-error a misspelt event
    jwtBearer({ events: { onTokenValidate: () => undefined } })
    // @ts-expect-error a plain text is never taken for a secret
    jwtBearer({ tokenValidationParameters: { issuerSigningKey: 5 } })
  })

  test('accepts undefined for every option', () => {
    type Undefined<T> = { [Name in keyof T]-?: undefined }
    expectTypeOf<Undefined<JwtBearerOptions>>().toExtend<JwtBearerOptions>()
    expectTypeOf<Undefined<JwtBearerEvents>>().toExtend<JwtBearerEvents>()
    type Parameters = NonNullable<JwtBearerOptions['tokenValidationParameters']>
    expectTypeOf<Undefined<Parameters>>().toExtend<Parameters>()
  })
})

describe('events', () => {
  test('always have a request and a response', () => {
    type Context<Name extends keyof JwtBearerEvents> = Parameters<
      NonNullable<JwtBearerEvents[Name]>
    >[0]
    type Any = Context<keyof JwtBearerEvents>
    expectTypeOf<Any['req']>().toEqualTypeOf<Request>()
    expectTypeOf<Any['res']>().toEqualTypeOf<Response>()
    expectTypeOf<Any['scheme']>().toBeString()
    expectTypeOf<Context<'onMessageReceived'>['token']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Context<'onTokenValidated'>['principal']>().toEqualTypeOf<ClaimsPrincipal>()
    expectTypeOf<Context<'onAuthenticationFailed'>['error']>().toEqualTypeOf<Error>()
    expectTypeOf<Context<'onChallenge'>['authenticateFailure']>().toEqualTypeOf<Error | undefined>()
    expectTypeOf<Context<'onForbidden'>['principal']>().toEqualTypeOf<ClaimsPrincipal>()
  })

  test('may be asynchronous and may return anything', () => {
    const events: JwtBearerEvents = {
      onMessageReceived: (context) => (context.token = 'abc'),
      onTokenValidated: async (context) => {
        await Promise.resolve()
        context.fail(new Error('no'))
      },
      onChallenge: undefined,
    }
    expectTypeOf(events).toExtend<JwtBearerOptions['events']>()
  })
})

describe('a request', () => {
  test('has its caller', () => {
    expectTypeOf(req.user).toEqualTypeOf<Express.User | undefined>()
    expectTypeOf<Express.User>().toExtend<ClaimsPrincipal>()
    expectTypeOf(req.user?.name).toEqualTypeOf<string | undefined>()
    expectTypeOf(req.user?.roles).toEqualTypeOf<readonly string[] | undefined>()
    // @ts-expect-error a caller has no such member
    expectTypeOf(req.user?.nickname)
    express().get('/', (request) => {
      expectTypeOf(request.user).toEqualTypeOf<Express.User | undefined>()
    })
  })

  test('has its result, told apart by kind', () => {
    const result = getAuthentication(req)
    expectTypeOf(result.kind).toEqualTypeOf<'success' | 'failure' | 'none'>()
    if (result.kind === 'success') {
      expectTypeOf(result.principal).toEqualTypeOf<ClaimsPrincipal>()
      expectTypeOf(result.expiresAt).toEqualTypeOf<Date | undefined>()
    }
    if (result.kind === 'failure') expectTypeOf(result.error).toEqualTypeOf<Error>()
    // @ts-expect-error only a success has a principal
    expectTypeOf(result.principal)
  })
})
