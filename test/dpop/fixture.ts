import type express5 from 'express'
import {
  authorize,
  getAuthentication,
  jwtBearer,
  type AuthenticateResult,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import { generateKeyPairSync } from 'node:crypto'
import { afterAll } from 'vitest'
import { keepErrors, type HandedError } from '../support/create-app.js'
import { listenOnLoopback, type Listening } from '../support/loopback.js'
import { send, type Answer } from '../support/send.js'
import { jwkOf, sign } from '../support/tokens.js'
import { clock, K, N, proofOf, publicUrl, sha256, type ProofChanges } from './set-up.js'

const issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** Signs an access token. */
export function tokenOf(claims: Record<string, unknown> = {}): string {
  return sign(
    { alg: 'ES256', typ: 'at+jwt', kid: '1' },
    {
      iss: 'https://idp.test',
      aud: publicUrl,
      sub: 'alice',
      iat: N,
      exp: N + 3600,
      ...claims,
    },
    issuerKey,
  )
}

/** A good token without `cnf`, and one that is bound to the key of the tests. */
export const U = tokenOf()
export const B = tokenOf({ cnf: { jkt: K.thumbprint } })

/** Options that trust the issuer of the tests. */
export const trusting: JwtBearerOptions = {
  audience: publicUrl,
  clock,
  tokenValidationParameters: {
    validIssuer: 'https://idp.test',
    issuerSigningKey: jwkOf(issuerKey, { kid: '1', alg: 'ES256' }),
  },
}

/** Makes `dpop()` as the fixture has it, with a fresh cache. */
export function fixtureDpop(changes: Partial<DpopOptions> = {}) {
  return dpop({
    publicUrl,
    validAlgorithms: ['ES256', 'PS256'],
    replayCache: createMemoryReplayCache({ clock: changes.clock ?? clock }),
    ...changes,
  })
}

/** How a proof for the bound token differs from a good one. */
export const P = (claims: Record<string, unknown> = {}, more: ProofChanges = {}) =>
  proofOf({ token: B, ...more, claims: { ath: sha256(more.token ?? B), ...claims } })

/** An app of the fixture on loopback. */
export interface Fixture {
  readonly url: string
  /** What handlers found. */
  readonly results: AuthenticateResult[]
  readonly errors: HandedError[]
  /** Asks for `/p` with `DPoP` credentials and these proofs, unless said otherwise. */
  ask(proofs?: string | readonly string[], more?: Asked): Promise<Answer>
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  /** The whole `Authorization`; nothing for none. */
  readonly authorization?: string | undefined
  readonly headers?: readonly (readonly [string, string])[]
}

const servers: Listening[] = []
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
})

/** Starts an app: `GET /p` and `POST /p` guarded, `/write` guarded by a scope, `/open` free. */
export async function start(
  express: typeof express5,
  options: JwtBearerOptions,
  change: (app: ReturnType<typeof express5>) => void = () => undefined,
  mount = '/',
): Promise<Fixture> {
  const app = express()
  const api = express.Router()
  const results: AuthenticateResult[] = []
  change(app)
  api.use(jwtBearer({ ...trusting, ...options }))
  api.get(
    '/write',
    authorize((policy) => policy.requireScope('write')),
  )
  api.get(
    '/gold',
    authorize((policy) => policy.requireAcr('gold')),
  )
  api.all('/p', authorize(), (req, res) => {
    results.push(getAuthentication(req))
    res.json({ user: req.user?.subject })
  })
  api.get('/open', (req, res) => {
    results.push(getAuthentication(req))
    res.json({ user: req.user?.subject ?? null })
  })
  app.use(mount, api)
  const errors = keepErrors(app)
  const server = await listenOnLoopback(app)
  servers.push(server)
  const { url } = server
  return {
    url,
    results,
    errors,
    ask: (proofs = [], { method = 'GET', path = '/p', headers = [], ...rest } = {}) => {
      const authorization = 'authorization' in rest ? rest.authorization : `DPoP ${B}`
      return send(
        url,
        [
          ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
          ...[proofs].flat().map((proof) => ['DPoP', proof] as const),
          ...headers,
        ],
        { method, path },
      )
    },
  }
}
