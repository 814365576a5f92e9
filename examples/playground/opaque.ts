import { randomBytes } from 'node:crypto'
import { introspection } from 'express-jwt-bearer/introspection'
import type { TestIssuer } from 'express-jwt-bearer/testing'

/** Tokens that say nothing: the API asks their issuer what they mean. */
export interface OpaqueTokens {
  /** What `jwtBearer()` takes to ask. */
  readonly introspection: ReturnType<typeof introspection>
  /** Makes a token that stands for these claims. */
  issue(claims: object): string
  /** Makes a token that its issuer has taken back. */
  revoked(): string
}

/** Makes the part of the issuer that hands out opaque tokens and answers for them (RFC 7662). */
export function createOpaqueTokens({ issuer, audience }: TestIssuer): OpaqueTokens {
  const known = new Map<string, object>()

  // The issuer is in this process; another one is asked over the network, at its introspection_endpoint.
  const answer: typeof fetch = (_endpoint, init) => {
    const form = new URLSearchParams(init?.body as URLSearchParams)
    const claims = known.get(form.get('token') ?? '')
    const exp = Math.floor(Date.now() / 1000) + 3600
    return Promise.resolve(
      Response.json(
        claims === undefined
          ? { active: false }
          : { active: true, iss: issuer, aud: audience, exp, ...claims },
      ),
    )
  }

  return {
    introspection: introspection({
      introspectionEndpoint: `${issuer}/introspect`,
      clientId: 'playground',
      clientSecret: randomBytes(32).toString('base64url'),
      fetch: answer,
    }),
    issue: (claims) => {
      const token = randomBytes(24).toString('base64url')
      known.set(token, claims)
      return token
    },
    revoked: () => randomBytes(24).toString('base64url'),
  }
}
