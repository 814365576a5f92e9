import type { JWK } from 'jose'
import type { JwtBearerOptions } from '../core/authentication/options.js'
import type { IssuerSigningKey } from '../core/keys/signing-key.js'
import { createDpopClient, type DpopClient } from './dpop-client.js'
import { listenOnLoopback, type ListeningIssuer } from './listen.js'
import { generateTestKey, type TestKey } from './test-keys.js'
import {
  signTestToken,
  withoutSignature,
  type TokenClaims,
  type TokenOptions,
} from './test-tokens.js'

/** What {@link createTestIssuer} accepts. */
export interface TestIssuerOptions {
  /**
   * The `iss` of the tokens.
   *
   * @defaultValue `'https://issuer.test'`
   */
  issuer?: string | undefined
  /**
   * The `aud` of the tokens.
   *
   * @defaultValue `'api://test'`
   */
  audience?: string | undefined
  /**
   * The algorithm of the tokens.
   *
   * @defaultValue `'RS256'`
   */
  alg?: string | undefined
}

/** An issuer for tests: signs what it is told to sign. */
export interface TestIssuer {
  /** What to hand to `jwtBearer()`: trusts this issuer, key changes included. */
  readonly options: JwtBearerOptions
  /** The `iss` of the tokens. */
  readonly issuer: string
  /** The `aud` of the tokens. */
  readonly audience: string
  /** The published key set, as it is now; empty for HMAC algorithms. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** Serves metadata and keys without a network, for the `fetch` option. */
  readonly fetch: typeof globalThis.fetch
  /** Signs a token. */
  token(claims?: TokenClaims, options?: TokenOptions): Promise<string>
  /** Signs a token and makes the request header of it. */
  bearer(claims?: TokenClaims, options?: TokenOptions): Promise<{ Authorization: string }>
  /**
   * Makes a client that tokens are bound to, with a key of its own, which signs proofs (RFC 9449).
   *
   * @param options - `alg` is the algorithm of the proofs; `'ES256'` unless it says otherwise.
   */
  dpopClient(options?: { alg?: string | undefined }): Promise<DpopClient>
  /** A token that is over, beyond any usual clock skew. */
  expired(claims?: TokenClaims): Promise<string>
  /** A token that starts to be valid in an hour. */
  notYetValid(claims?: TokenClaims): Promise<string>
  /** A token for another API. */
  wrongAudience(claims?: TokenClaims): Promise<string>
  /** A token that names another issuer. */
  wrongIssuer(claims?: TokenClaims): Promise<string>
  /** A token with the issuer's `kid` that another key has signed. */
  wrongSignature(claims?: TokenClaims): Promise<string>
  /** A token with `alg: none` and no signature. */
  unsigned(claims?: TokenClaims): Promise<string>
  /**
   * Signs with a new key from now on.
   *
   * @param options - `keepOld` keeps the earlier keys published, so that their tokens stay good.
   */
  rotateKeys(options?: { keepOld?: boolean | undefined }): Promise<void>
  /**
   * Serves the same issuer on loopback. Unless it was given a name of its own, that URL is its `iss` until
   * it is closed, so `jwtBearer({ authority: url })` accepts its tokens.
   */
  listen(): Promise<ListeningIssuer>
}

/**
 * Creates an issuer for the tests of an API: no network, real signatures.
 *
 * @example A supertest suite
 * ```ts
 * const issuer = await createTestIssuer({ audience: 'api://orders' })
 * app.use(jwtBearer(issuer.options))
 * await request(app).get('/orders').set(await issuer.bearer({ sub: 'alice', scope: 'orders.read' })).expect(200)
 * ```
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { audience = 'api://test', alg = 'RS256' } = options
  const home = options.issuer ?? 'https://issuer.test'
  let listening: string | undefined
  let keys: readonly TestKey[] = [await generateTestKey(alg)]
  const stranger = await generateTestKey(alg)

  const current = () => keys[0] as TestKey
  const issuer = () => listening ?? home
  const token = (claims: TokenClaims = {}, tokenOptions: TokenOptions = {}) =>
    signTestToken(
      { iss: issuer(), aud: audience, sub: 'test-user', ...claims },
      tokenOptions.key ?? current(),
      tokenOptions,
    )
  const published = () => ({
    keys: keys.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => jwk),
  })
  const documentAt = (path: string, base: string, name: string): unknown => {
    if (path === '/.well-known/jwks.json') return published()
    if (path !== '/.well-known/openid-configuration') return undefined
    return { issuer: name, jwks_uri: `${base}/.well-known/jwks.json` }
  }

  const fetch: typeof globalThis.fetch = (input) => {
    const address = input instanceof Request ? input.url : String(input)
    const base = home.replace(/\/$/, '')
    const path = address.startsWith(base) ? address.slice(base.length) : ''
    const document = documentAt(path, base, home)
    const status = document === undefined ? 404 : 200
    return Promise.resolve(Response.json(document ?? {}, { status }))
  }

  // Shared secrets are never published, and an issuer that is no URL has nowhere to publish.
  const publishes = !alg.startsWith('HS') && URL.canParse(home)
  const requireHttpsMetadata = !home.startsWith('http:')
  const keysCalled = ({ kid }: { kid?: string }): IssuerSigningKey[] =>
    keys.filter((key) => kid === undefined || key.kid === kid).map(({ jwk }) => jwk)

  return {
    options: {
      audience,
      // No pause between fetches, which cost nothing here: tests change keys faster than issuers do.
      ...(publishes && { authority: home, fetch, refreshInterval: 0, requireHttpsMetadata }),
      tokenValidationParameters: {
        issuerValidator: (iss) => iss === home || iss === listening,
        ...(!publishes && { issuerSigningKeyResolver: keysCalled }),
      },
    },
    get issuer() {
      return issuer()
    },
    audience,
    get jwks() {
      return published()
    },
    fetch,
    token,
    bearer: async (claims, tokenOptions) => ({
      Authorization: `Bearer ${await token(claims, tokenOptions)}`,
    }),
    dpopClient: ({ alg: proofAlg } = {}) => createDpopClient(token, proofAlg),
    expired: (claims) => token(claims, { expiresIn: -3600 }),
    notYetValid: (claims) => token(claims, { notBefore: 3600, expiresIn: 7200 }),
    wrongAudience: (claims) => token({ ...claims, aud: `${audience}/another` }),
    wrongIssuer: (claims) => token({ ...claims, iss: `${issuer()}/another` }),
    wrongSignature: (claims) => token(claims, { key: { ...stranger, kid: current().kid } }),
    unsigned: async (claims) => withoutSignature(await token(claims)),
    rotateKeys: async ({ keepOld = false } = {}) => {
      const fresh = await generateTestKey(alg)
      keys = keepOld ? [fresh, ...keys] : [fresh]
    },
    listen: async () => {
      const server = await listenOnLoopback((path, url) =>
        documentAt(path, url, options.issuer ?? url),
      )
      if (options.issuer === undefined) listening = server.url
      return {
        url: server.url,
        close: async () => {
          listening = undefined
          await server.close()
        },
      }
    },
  }
}
