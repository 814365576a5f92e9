import { createPublicKey } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from 'express-jwt-bearer/testing'
import type { JWK } from 'jose'
import type { Setting } from './setting.js'

/** A certificate for `127.0.0.1`, for packages that insist on TLS. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** An issuer that looks like that of each package: the same keys at every address they are looked for. */
export interface MigrationIssuer {
  readonly setting: Setting
  readonly tokens: TestIssuer
  close(): void
}

/** Starts it on loopback. A fixed name is for packages that reach no network here. */
export async function startIssuer(
  audience: string,
  { name, certificate }: { name?: string | undefined; certificate?: Certificate | undefined } = {},
): Promise<MigrationIssuer> {
  let answer: RequestListener = () => undefined
  const listener: RequestListener = (request, response) => {
    answer(request, response)
  }
  const server =
    certificate === undefined ? createServer(listener) : createHttpsServer(certificate, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const base = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const authority = name ?? `${base}/realms/shop`
  const tokens = await createTestIssuer({ issuer: authority, audience })
  answer = (request, response) => {
    const isMetadata = request.url?.includes('openid-configuration')
    const metadata = {
      issuer: authority,
      jwks_uri: `${base}/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
    }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(isMetadata === true ? metadata : tokens.jwks))
  }
  const [key] = tokens.jwks.keys
  return {
    tokens,
    setting: {
      authority,
      issuer: authority,
      metadataAddress: `${authority}/.well-known/openid-configuration`,
      jwksUri: `${base}/keys`,
      keycloakUrl: `${base}/`,
      audience,
      pem: createPublicKey({ key: key as JWK, format: 'jwk' })
        .export({ type: 'spki', format: 'pem' })
        .toString(),
      jwks: { keys: [...tokens.jwks.keys] },
      fetch: tokens.fetch,
    },
    close: () => server.close(),
  }
}
