import type { IncomingMessage, ServerResponse } from 'node:http'
import request from 'supertest'
import type express5 from 'express'
import {
  authorize,
  jwtBearer,
  type JwtBearerMiddleware,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { introspection, type IntrospectionOptions } from 'express-jwt-bearer/introspection'
import { keepErrors, type HandedError } from '../support/create-app.js'
import { audience, json, startIssuer, type Answer } from '../support/issuer-server.js'

export { audience }

/** The frozen time: milliseconds for `clock`, seconds for claims. */
export const start = Date.parse('2030-01-01T00:00:00Z')
export const N = start / 1000

export const secret = 'the secret of the orders api: 100% & more'
export const client = { clientId: 'orders-api', clientSecret: secret }

/** One call of the endpoint, as it came over the wire. */
interface Call {
  readonly headers: IncomingMessage['headers']
  readonly method: string | undefined
  readonly body: string
}

/** Reads a body, then answers. */
export function withBody(
  answer: (body: string, request: IncomingMessage, response: ServerResponse) => void,
): Answer {
  return (incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      answer(body, incoming, response)
    })
  }
}

/** An issuer with an endpoint that counts its calls and answers what a test tells it to. */
export async function startEndpoint() {
  const issuer = await startIssuer()
  const calls: Call[] = []
  const well = json({
    issuer: issuer.url,
    jwks_uri: `${issuer.origin}/jwks`,
    introspection_endpoint: `${issuer.origin}/introspect`,
  })
  const metadata = '/.well-known/openid-configuration'
  const endpoint = {
    issuer,
    calls,
    url: `${issuer.origin}/introspect`,
    /** What the endpoint answers, by token where it is a function. */
    answer: json({ active: false }),
    I(body: unknown) {
      endpoint.answer = json(body)
    },
    metadata: (document: Answer) => issuer.routes.set(metadata, document),
    reset() {
      calls.length = 0
      issuer.requests.length = 0
      issuer.routes.set(metadata, well)
      endpoint.I({ active: true, sub: 'alice', aud: audience, scope: 'a b', exp: N + 60 })
    },
    stop: issuer.stop,
  }
  issuer.routes.set(
    '/introspect',
    withBody((body, incoming, response) => {
      calls.push({ headers: incoming.headers, method: incoming.method, body })
      endpoint.answer(incoming, response)
    }),
  )
  endpoint.reset()
  return endpoint
}

export type Endpoint = Awaited<ReturnType<typeof startEndpoint>>

export interface Given {
  introspection?: Partial<IntrospectionOptions>
  scheme?: Partial<JwtBearerOptions<never>>
}

/** An API in front of the endpoint: `/` is guarded, `/open` is not. */
export function createApi(express: typeof express5, endpoint: Endpoint, given: Given = {}) {
  let now = start
  const middleware = jwtBearer({
    ...endpoint.issuer.options,
    clock: () => now,
    ...given.scheme,
    introspection: introspection({ ...client, ...given.introspection }),
  }) as JwtBearerMiddleware
  const app = express()
  app.use(middleware)
  app.get('/open', (_req, res) => {
    res.json({ open: true })
  })
  app.get('/', authorize(), (req, res) => {
    res.json(req.user)
  })
  const errors: HandedError[] = keepErrors(app)
  return {
    app,
    middleware,
    errors,
    pass: (seconds: number) => {
      now += seconds * 1000
    },
    send: (token = 'o-1', path = '/') =>
      request(app).get(path).set('Authorization', `Bearer ${token}`),
  }
}
