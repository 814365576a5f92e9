import type { IncomingMessage } from 'node:http'
import type { JwtBearerOptions } from 'express-jwt-bearer'
import {
  createTokenIssuer,
  type TokenIssuer,
  type TokenIssuerOptions,
} from 'express-jwt-bearer/issuer'

/** The issuer under every URL it has. */
export interface Issuers {
  /** The issuer by the name that a request calls it. */
  of(req: IncomingMessage): TokenIssuer
  /** What `jwtBearer()` needs to accept the tokens of all names. */
  bearerOptions(): JwtBearerOptions
}

/**
 * Makes one issuer per URL. Verifiers compare URLs exactly, so on a machine of its own the server is
 * an issuer both as `localhost` and as `127.0.0.1`. Keys and sessions are the same: only `iss` differs.
 */
export function createIssuers(
  urls: readonly string[],
  options: Omit<TokenIssuerOptions, 'issuer'>,
): Issuers {
  const issuers = new Map(
    urls.map((issuer) => [new URL(issuer).host, createTokenIssuer({ ...options, issuer })]),
  )
  const [first] = issuers.values()
  if (first === undefined) throw new Error('The issuer needs a URL')

  return {
    // Whoever calls it by any other name, such as that of a proxy, gets the first one.
    of: ({ headers }) => issuers.get(headers.host ?? '') ?? first,

    bearerOptions() {
      const { tokenValidationParameters, ...others } = first.bearerOptions()
      return {
        ...others,
        tokenValidationParameters: {
          ...tokenValidationParameters,
          validIssuer: undefined,
          validIssuers: [...urls],
        },
      }
    },
  }
}
