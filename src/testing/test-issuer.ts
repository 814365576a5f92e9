import type { JWK } from 'jose'
import type { JwtBearerOptions } from '../authentication/options.js'
import type { IssuerSigningKey } from '../keys/signing-key.js'
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
  /** Serves the same issuer on loopback; its `iss` there is the URL, so `token({ iss: url })` fits it. */
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
  const { issuer = 'https://issuer.test', audience = 'api://test', alg = 'RS256' } = options
  let keys: readonly TestKey[] = [await generateTestKey(alg)]
  const stranger = await generateTestKey(alg)

  const current = () => keys[0] as TestKey
  const token = (claims: TokenClaims = {}, tokenOptions: TokenOptions = {}) =>
    signTestToken(
      { iss: issuer, aud: audience, sub: 'test-user', ...claims },
      tokenOptions.key ?? current(),
      tokenOptions,
      Date.now(),
    )
  const published = () => ({
    keys: keys.filter(({ jwk }) => jwk.kty !== 'oct').map(({ jwk }) => jwk),
  })

  const documentAt = (path: string, url: string): unknown => {
    if (path === '/.well-known/jwks.json') return published()
    if (path !== '/.well-known/openid-configuration') return undefined
    return { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }
  }

  return {
    options: {
      audience,
      tokenValidationParameters: {
        validIssuer: issuer,
        issuerSigningKeyResolver: ({ kid }) =>
          keys.filter((key) => key.kid === kid).map(({ jwk }): IssuerSigningKey => jwk),
      },
    },
    issuer,
    audience,
    get jwks() {
      return published()
    },
    fetch: (input) => {
      const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
      const document = origin === new URL(issuer).origin ? documentAt(pathname, issuer) : undefined
      return Promise.resolve(
        Response.json(document ?? {}, { status: document === undefined ? 404 : 200 }),
      )
    },
    token,
    bearer: async (claims, tokenOptions) => ({
      Authorization: `Bearer ${await token(claims, tokenOptions)}`,
    }),
    expired: (claims) => token(claims, { expiresIn: -3600 }),
    notYetValid: (claims) => token(claims, { notBefore: 3600, expiresIn: 7200 }),
    wrongAudience: (claims) => token({ ...claims, aud: `${audience}/another` }),
    wrongIssuer: (claims) => token({ ...claims, iss: `${issuer}/another` }),
    wrongSignature: (claims) => token(claims, { key: { ...stranger, kid: current().kid } }),
    unsigned: async (claims) => withoutSignature(await token(claims)),
    rotateKeys: async ({ keepOld = false } = {}) => {
      const fresh = await generateTestKey(alg)
      keys = keepOld ? [fresh, ...keys] : [fresh]
    },
    listen: () => listenOnLoopback(documentAt),
  }
}
