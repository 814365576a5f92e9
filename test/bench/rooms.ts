import type { RequestHandler } from 'express'
import { authorize, jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { introspection } from 'express-jwt-bearer/introspection'
import { ourOptions, settingOf } from './contenders.js'
import { costOf } from './cpu.js'
import { audience, generateMaterial, issuer, keysOf, makeTokens } from './material.js'
import { inRounds, ratios, summarise, type Row } from './measure.js'
import { bearer, walkOf } from './walk.js'

const keys = keysOf(generateMaterial('RS256'))
const options = ourOptions(settingOf(keys, 'https://issuer.example/jwks'))
const now = Math.floor(Date.now() / 1000)
const recently = { acr: 'urn:example:mfa', auth_time: now }
const jwts = makeTokens(keys, 500, { claims: recently }).map(bearer)
const opaque = jwts.map((_, number) => bearer(`opaque-token-of-the-issuer-${String(number)}`))

/** A remembered token's whole way through `jwtBearer()` and a guard. */
interface Way {
  readonly what: string
  readonly tokens: readonly string[]
  readonly options?: Partial<JwtBearerOptions>
  readonly guard?: RequestHandler
  /** How many times the plain way's cost is allowed; with nothing, the row informs. */
  readonly atMost?: number
}

const plain: Way = { what: 'plain', tokens: jwts }

const ways: readonly Way[] = [
  {
    what: 'opaque token, remembered',
    tokens: opaque,
    options: {
      introspection: introspection({
        introspectionEndpoint: 'https://issuer.example/introspect',
        clientId: 'orders',
        clientSecret: 'a secret of the benchmark',
        fetch: () =>
          Promise.resolve(
            Response.json({
              active: true,
              iss: issuer,
              aud: audience,
              sub: 'alice',
              exp: now + 7200,
            }),
          ),
      }),
    },
    atMost: 1.5,
  },
  {
    what: 'resourceMetadata set, nobody challenged',
    tokens: jwts,
    options: { resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource' },
  },
  {
    what: 'dpop() set, a bearer token',
    tokens: jwts,
    options: {
      proofOfPossession: dpop({
        publicUrl: 'https://api.example.com',
        replayCache: createMemoryReplayCache(),
        allowBearerTokens: true,
      }),
    },
  },
  {
    what: 'step-up asked for and met',
    tokens: jwts,
    guard: authorize((policy) =>
      policy.requireAcr('urn:example:mfa').requireRecentAuthentication(3600),
    ),
  },
]

/** What rooms cost requests that do not use them, or use them from memory, beside a remembered plain token. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const count = quick ? 20_000 : 100_000
  const contenders = [plain, ...ways].map((way) => ({
    way,
    run: inTurn(way),
    costs: [] as number[],
  }))
  for (const { run } of contenders) await costOf(run, count)
  await inRounds(quick ? 3 : 9, contenders, async ({ run, costs }) => {
    const { main } = await costOf(run, count)
    costs.push(main)
    return main
  })
  const [base, ...others] = contenders.map(({ way, costs }) => ({ way, costs }))
  return others.map(({ way: { what, atMost }, costs }) => ({
    section: 'rooms',
    what,
    unit: '× a remembered JWT with a plain guard',
    ours: ratios(costs, base?.costs ?? []),
    peers: { 'µs, plain': summarise(base?.costs ?? []), 'µs, this': summarise(costs) },
    target: atMost === undefined ? undefined : { atMost },
    limit: '1.00',
  }))
}

function inTurn({ tokens, options: more, guard = authorize() }: Way): () => unknown {
  const bearerOf: RequestHandler = jwtBearer({ ...options, ...more })
  const walk = walkOf((req, res, next) => {
    bearerOf(req, res, (error?: unknown) => {
      if (error === undefined) guard(req, res, next)
      else next(error)
    })
  })
  let index = 0
  return () => {
    const accepted = walk(tokens[index++ % tokens.length] as string)
    if (accepted === false) throw new Error('a good token was refused')
    return accepted
  }
}
