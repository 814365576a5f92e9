import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { listenOnLoopback } from './loopback.js'

/** One answer of the issuer; whatever is left out is as it should be. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A key of the issuer's. */
export interface IssuerKey {
  kid: string
  alg: string
  privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
  jwk: JWK
}

export const audience = 'api://orders'

let made = 0

/** Makes a signing key with a `kid` of its own. */
export async function makeKey(alg = 'ES256', kid = `key-${String(++made)}`): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** Answers with a JSON document. */
export function json(document: unknown): Answer {
  return (_, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(document))
  }
}

/** Answers with a status and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(code, headers).end()
  }
}

/** Takes the request and never answers. */
export const silence: Answer = () => undefined

/** Starts an issuer on loopback that counts what it is asked and does what a test tells it to. */
export async function startIssuer({ path = '' } = {}) {
  const requests: string[] = []
  const routes = new Map<string, Answer>()
  const {
    server,
    port,
    url: origin,
    close: stop,
  } = await listenOnLoopback((request, response) => {
    const url = request.url ?? ''
    requests.push(url)
    const answer = routes.get(url) ?? status(404)
    answer(request, response)
  })
  const url = `${origin}${path}`
  let keys: IssuerKey[] = [await makeKey()]

  const publish = (...published: IssuerKey[]) => {
    keys = published
    routes.set('/jwks', json({ keys: published.map(({ jwk }) => jwk) }))
  }
  publish(...keys)
  routes.set(
    `${path}/.well-known/openid-configuration`,
    json({ issuer: url, jwks_uri: `${origin}/jwks` }),
  )

  return {
    url,
    origin,
    requests,
    routes,
    publish,
    stop,
    restart: () => listenOnLoopback(server, port),
    /** How many times the key set was asked for. */
    keyFetches: () => requests.filter((asked) => asked === '/jwks').length,
    options: { authority: url, audience, requireHttpsMetadata: false },
    async token(
      claims: Record<string, unknown> = {},
      key = keys[0] as IssuerKey,
      now = Date.now(),
    ) {
      const seconds = Math.floor(now / 1000)
      return new SignJWT({ iss: url, aud: audience, sub: 'alice', exp: seconds + 600, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid })
        .sign(key.privateKey)
    },
  }
}
