import express, { type ErrorRequestHandler } from 'express'
import {
  authorize,
  createPrincipal,
  jwtBearer,
  TokenRevokedError,
  type AuthorizeArgument,
  type ChallengeContext,
  type ClaimsPrincipal,
  type ForbiddenContext,
  type JwtBearerEvents,
  type JwtBearerOptions,
  type TokenValidationParameters,
} from 'express-jwt-bearer'
import { dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import { introspection } from 'express-jwt-bearer/introspection'
import { createTestIssuer, type TestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { eventNames } from '../support/event-names.js'
import { rowsBelow } from '../support/guides.js'
import { codesIn, type Rows } from '../support/markdown.js'

const issuer = await createTestIssuer()
const { options } = issuer
const parameters = options.tokenValidationParameters
const good = await issuer.token({ roles: ['Reader'] })

interface Case {
  readonly with?: Partial<JwtBearerOptions>
  readonly guard?: AuthorizeArgument
  readonly header?: string | undefined
  readonly proof?: string | undefined
  /** No jwtBearer() in front of the guard. */
  readonly unmounted?: boolean
}

const bearer = (token: string) => `Bearer ${token}`
const fail = () => {
  throw new Error('a fault of the app')
}
const unreachable: Partial<JwtBearerOptions> = {
  tokenValidationParameters: { ...parameters, issuerSigningKeyResolver: fail },
}

// Sends one request and tells what came back, the error's code included.
async function send({ with: more, guard, header, proof, unmounted = false }: Case) {
  let code: unknown
  const app = express()
  if (!unmounted) app.use(jwtBearer({ ...options, ...more }))
  app.get('/public', (_req, res) => void res.send('public'))
  app.use(authorize(...(guard === undefined ? [] : [guard])))
  app.get('/', (_req, res) => void res.send('handler'))
  const note: ErrorRequestHandler = (
    error: { code?: unknown; status?: number },
    _req,
    res,
    next,
  ) => {
    code = error.code
    if (res.headersSent) next(error)
    else res.sendStatus(error.status ?? 500)
  }
  app.use(note)
  const get = (path: string) =>
    request(app)
      .get(path)
      .set(header === undefined ? {} : { Authorization: header })
      .set(proof === undefined ? {} : { DPoP: proof })
  const response = await get('/')
  return { response, code, publicStatus: (await get('/public')).status }
}

// Each row of a table has one case, found by the text of its first cell.
function rowsOf<T>(table: Rows, cases: Readonly<Record<string, T>>) {
  expect(table.map(([name]) => name)).toEqual(Object.keys(cases))
  return table.map((row) => [row[0] as string, row, cases[row[0] as string] as T] as const)
}

describe('the table of answers', async () => {
  const scope: AuthorizeArgument = (policy) => policy.requireScope('orders.read')
  const rows = rowsOf<Case[]>(rowsBelow('examples/answers.md', 'Answers'), {
    'meets the policy': [{ header: bearer(good) }],
    'sent no credentials, those of another kind, or an empty `Bearer`': [
      {},
      { header: 'Basic YTpi' },
      { header: 'Bearer' },
    ],
    'sent none, and the policy asks for a scope': [{ guard: scope }],
    'sent a bad token': [{ header: bearer(await issuer.wrongAudience()) }],
    'sent a malformed header': [{ header: 'Bearer one two' }],
    'lacks a role or a claim': [
      { header: bearer(good), guard: { roles: 'Admin' } },
      { header: bearer(good), guard: (policy) => policy.requireClaim('plan') },
    ],
    'lacks a scope': [{ header: bearer(good), guard: scope }],
    'signed in too weakly, and lacks nothing else but scopes': [
      { header: bearer(good), guard: (policy) => policy.requireAcr('gold') },
    ],
    'cannot be judged: no keys, and the issuer cannot be reached': [
      { header: bearer(good), with: unreachable },
    ],
    'meets an event that throws': [
      { header: bearer(good), with: { events: { onTokenValidated: fail } } },
    ],
    'reaches a guard before `jwtBearer()` ran': [{ unmounted: true }],
  })

  test.each(rows)('tells the truth about a caller who %s', async (_name, row, cases) => {
    const [, status = '', challenge = ''] = row
    for (const one of cases) {
      const { response } = await send(one)
      expect(response.status).toBe(status === "the handler's" ? 200 : Number.parseInt(status, 10))
      expect(response.headers['www-authenticate']).toBe(codesIn(challenge)[0])
      expect(response.headers['retry-after'] !== undefined).toBe(status.includes('Retry-After'))
    }
  })
})

describe('the table of events', async () => {
  const rows = rowsOf<Case>(rowsBelow('examples/events.md', 'Order'), {
    'a good token, and the policy is met': { header: bearer(good) },
    'a good token that falls short': { header: bearer(good), guard: { roles: 'Admin' } },
    'no credentials': {},
    'a bad token': { header: bearer(await issuer.expired()) },
    'a malformed header': { header: 'Bearer one two' },
    'a token that cannot be judged now': { header: bearer(good), with: unreachable },
  })
  test.each(rows)('tells the order of the events for %s', async (_name, row, one) => {
    const seen: string[] = []
    const note = (name: string) => () => seen.push(name)
    const events: JwtBearerEvents = Object.fromEntries(eventNames.map((name) => [name, note(name)]))
    const { response } = await send({ ...one, with: { ...one.with, events } })
    const order = seen.slice(0, seen.indexOf('onMessageReceived', 1))
    const written = eventNames.map((name) => String(order.indexOf(name) + 1).replace(/^0$/, ''))
    expect(written).toEqual(row.slice(1, 6))
    expect(response.status).toBe(row[6] === "the handler's" ? 200 : Number(row[6]))
  })
})

describe('the table of outcomes', async () => {
  const bad = bearer(await issuer.expired())
  const alice = createPrincipal({ sub: 'alice' })
  const accept = (context: { success(principal: ClaimsPrincipal): void }) => {
    context.success(alice)
  }
  const refuse = (context: { fail(reason: string): void }) => {
    context.fail('no')
  }
  const ignore = (context: { noResult(): void }) => {
    context.noResult()
  }
  const answer = (context: ChallengeContext | ForbiddenContext) => {
    context.handleResponse()
    context.res.sendStatus(418)
  }
  const rejected = 'ERR_TOKEN_REJECTED'
  const nobody = 'ERR_AUTHENTICATION_REQUIRED'
  const rows = rowsOf<
    [JwtBearerEvents, status: number, code?: string | undefined, header?: string][]
  >(rowsBelow('examples/events.md', 'Outcomes'), {
    '`success(principal)`': [
      [{ onMessageReceived: accept }, 200],
      [{ onTokenValidated: accept }, 200],
      [{ onAuthenticationFailed: accept }, 200, undefined, bad],
    ],
    '`fail(reason)`': [
      [{ onMessageReceived: refuse, onAuthenticationFailed: fail }, 401, rejected],
      [{ onTokenValidated: refuse, onAuthenticationFailed: fail }, 401, rejected],
      [{ onAuthenticationFailed: refuse }, 401, rejected, bad],
    ],
    '`noResult()`': [
      [{ onMessageReceived: ignore }, 401, nobody],
      [{ onTokenValidated: ignore }, 401, nobody],
      [{ onAuthenticationFailed: ignore }, 401, nobody, bad],
    ],
    '`handleResponse()`': [
      [{ onChallenge: answer }, 418, undefined, bad],
      [{ onForbidden: answer }, 418, undefined, 'forbid'],
    ],
    'a throw in `onMessageReceived` or `onTokenValidated`': [
      [{ onMessageReceived: fail }, 500],
      [{ onTokenValidated: fail }, 500],
      [{ onTokenValidated: fail, onAuthenticationFailed: accept }, 200],
    ],
    'a throw in `onAuthenticationFailed`': [
      [{ onAuthenticationFailed: fail }, 500, undefined, bad],
    ],
    'a throw in `onChallenge` or `onForbidden`': [
      [{ onChallenge: fail }, 500, undefined, bad],
      [{ onForbidden: fail }, 500, undefined, 'forbid'],
    ],
  })

  test.each(rows)('tells what %s leads to', async (_name, _row, cases) => {
    for (const [events, status, code, header = bearer(good)] of cases) {
      const forbid = header === 'forbid'
      const {
        response,
        code: sent,
        publicStatus,
      } = await send({
        with: { events },
        header: forbid ? bearer(good) : header,
        ...(forbid ? { guard: { roles: 'Admin' } } : {}),
      })
      expect([response.status, sent]).toEqual([status, code])
      expect(publicStatus).toBe(200)
    }
  })
})

describe('the table of error codes', async () => {
  const stranger: TestIssuer = await createTestIssuer()
  const checks = (more: TokenValidationParameters): Partial<JwtBearerOptions> => ({
    tokenValidationParameters: { ...parameters, ...more },
  })
  const refuse: JwtBearerEvents['onTokenValidated'] = (context) => {
    context.fail(new TokenRevokedError())
  }
  const reject: JwtBearerEvents['onTokenValidated'] = (context) => {
    context.fail('for the log alone')
  }
  const hour = Math.floor(Date.now() / 1000) + 3600
  const proofs = (more: Partial<DpopOptions>) => ({
    proofOfPossession: dpop({ publicUrl: 'https://api.example', replayCache: false, ...more }),
  })
  const bound = await (await issuer.dpopClient()).headers('GET', 'https://api.example/')
  const introspected = (answer: unknown): Partial<JwtBearerOptions> => ({
    introspection: introspection({
      introspectionEndpoint: 'https://issuer.example/introspect',
      clientId: 'orders-api',
      clientSecret: 'a secret of this test',
      fetch: () => Promise.resolve(Response.json(answer)),
    }),
  })
  const cases: Readonly<Record<string, Case>> = {
    ERR_TOKEN_MALFORMED: { header: bearer('no-token') },
    ERR_TOKEN_TYPE_INVALID: {
      header: bearer(await issuer.token({}, { header: { typ: 'logout+jwt' } })),
    },
    ERR_TOKEN_ALGORITHM_NOT_ALLOWED: {
      header: bearer(good),
      with: checks({ validAlgorithms: ['ES256'] }),
    },
    ERR_TOKEN_KEY_NOT_FOUND: { header: bearer(await stranger.token()) },
    ERR_TOKEN_SIGNATURE_INVALID: { header: bearer(await issuer.wrongSignature()) },
    ERR_TOKEN_ISSUER_INVALID: { header: bearer(await issuer.wrongIssuer()) },
    ERR_TOKEN_AUDIENCE_INVALID: { header: bearer(await issuer.wrongAudience()) },
    ERR_TOKEN_LIFETIME_MISSING: { header: bearer(await issuer.token({ exp: undefined })) },
    ERR_TOKEN_LIFETIME_INVALID: {
      header: bearer(await issuer.token({ nbf: hour + 1, exp: hour })),
    },
    ERR_TOKEN_EXPIRED: { header: bearer(await issuer.expired()) },
    ERR_TOKEN_NOT_YET_VALID: { header: bearer(await issuer.notYetValid()) },
    ERR_TOKEN_REPLAYED: {
      header: bearer(good),
      with: checks({ tokenReplayCache: { addIfAbsent: () => false } }),
    },
    ERR_TOKEN_INACTIVE: { header: bearer('opaque'), with: introspected({ active: false }) },
    ERR_TOKEN_REVOKED: { header: bearer(good), with: { events: { onTokenValidated: refuse } } },
    ERR_TOKEN_CLAIM_INVALID: { header: bearer(good), with: checks({ roleClaimType: fail }) },
    ERR_TOKEN_CONFIRMATION_INVALID: {
      header: bearer(await issuer.token({ cnf: { jkt: 'thumbprint' } })),
    },
    ERR_PROOF_INVALID: { header: bound.Authorization, with: proofs({}) },
    ERR_PROOF_REPLAYED: {
      header: bound.Authorization,
      proof: bound.DPoP,
      with: proofs({ replayCache: { addIfAbsent: () => false } }),
    },
    ERR_PROOF_NONCE_REQUIRED: {
      header: bound.Authorization,
      proof: bound.DPoP,
      with: proofs({ nonce: { secret: 'a secret of the tests that is long enough' } }),
    },
    ERR_TOKEN_REJECTED: { header: bearer(good), with: { events: { onTokenValidated: reject } } },
    ERR_AUTHENTICATION_REQUIRED: {},
    ERR_BEARER_REQUEST_INVALID: { header: 'Bearer one two' },
    ERR_FORBIDDEN: { header: bearer(good), guard: { roles: 'Admin' } },
    ERR_METADATA_UNAVAILABLE: { header: bearer(good), with: unreachable },
    ERR_INTROSPECTION_UNAVAILABLE: { header: bearer('opaque'), with: introspected(null) },
    ERR_CONFIGURATION: { unmounted: true },
  }

  test.each(
    rowsBelow('examples/answers.md', 'Error codes').map(
      (row) => [codesIn(row[0] ?? '')[0] ?? '', row] as const,
    ),
  )('tells status and text of %s', async (expected, [, , status, text = '']) => {
    const { response, code } = await send(cases[expected] as Case)
    const challenge = String(response.headers['www-authenticate'])
    const description = /error_description="([^"]*)"/.exec(challenge)?.[1] ?? '–'
    expect(code).toBe(expected)
    expect(response.status).toBe(Number(status))
    expect(description.replace(/'[^']*'/, "'…'")).toBe(text)
  })
})
