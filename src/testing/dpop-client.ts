import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { TokenClaims, TokenOptions } from './test-tokens.js'
import { sha256 } from '../internal/sha256.js'

/** How a proof of {@link DpopClient} differs from an ordinary one. */
export interface DpopProofOptions {
  /** The server's nonce. */
  nonce?: string | undefined
  /** Claims of the proof; given ones win, and `undefined` leaves a claim out. */
  claims?: TokenClaims | undefined
  /** Header parameters of the proof besides `typ`, `alg` and `jwk`; given ones win. */
  header?: Readonly<Record<string, unknown>> | undefined
}

/** How a request of {@link DpopClient} differs from an ordinary one. */
export interface DpopRequestOptions extends TokenOptions {
  /** The server's nonce. */
  nonce?: string | undefined
  /** A proof that is there already, or the claims in which it differs. */
  proof?: string | TokenClaims | undefined
}

/** A client that its tokens are bound to (RFC 9449): it has a key and makes proofs. */
export interface DpopClient {
  /** The thumbprint of its key, as in `cnf.jkt`. */
  readonly thumbprint: string
  /**
   * Signs a token that is bound to the client's key, and a proof for one request with it.
   *
   * @param url - The address as the API's `publicUrl` has it, not that of a test server.
   * @param claims - Claims of the token.
   */
  headers(
    method: string,
    url: string | URL,
    claims?: TokenClaims,
    options?: DpopRequestOptions,
  ): Promise<{ Authorization: string; DPoP: string }>
  /**
   * Signs a proof for one request.
   *
   * @param token - The access token that goes with it; none for a token endpoint.
   */
  proof(
    method: string,
    url: string | URL,
    token?: string,
    options?: DpopProofOptions,
  ): Promise<string>
}

/** Makes a client with a key of its own. */
export async function createDpopClient(
  sign: (claims: TokenClaims, options?: TokenOptions) => Promise<string>,
  alg = 'ES256',
): Promise<DpopClient> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const thumbprint = await calculateJwkThumbprint(jwk)

  const proof: DpopClient['proof'] = (method, url, token, { nonce, claims, header } = {}) => {
    const { origin, pathname } = new URL(url)
    const payload: Record<string, unknown> = {
      jti: randomUUID(),
      htm: method,
      htu: origin + pathname,
      iat: Math.floor(Date.now() / 1000),
      ...(token === undefined ? {} : { ath: sha256(token) }),
      ...(nonce === undefined ? {} : { nonce }),
      ...claims,
    }
    return new SignJWT(payload)
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header })
      .sign(privateKey)
  }

  return {
    thumbprint,
    proof,
    async headers(method, url, claims, { nonce, proof: given, ...options } = {}) {
      const token = await sign({ cnf: { jkt: thumbprint }, ...claims }, options)
      const made =
        typeof given === 'string'
          ? given
          : await proof(method, url, token, { nonce, claims: given })
      return { Authorization: `DPoP ${token}`, DPoP: made }
    },
  }
}
