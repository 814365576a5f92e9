import { json, Router } from 'express'
import type { TestIssuer } from 'express-jwt-bearer/testing'

/** Who can sign in where {@link demoToken} is. */
export const anybody = 'whoever you name, without a password: /demo-token signs what it is sent'

/**
 * Hands out tokens with whatever claims are asked for, so that an example can be tried. Real tokens
 * come from an identity provider, which asks who you are first.
 */
export function demoToken(issuer: TestIssuer): Router {
  return Router().post('/demo-token', json(), async (req, res) => {
    res.type('text').send(await issuer.token(req.body as Record<string, unknown>))
  })
}

/**
 * Writes the words behind `curl` that send a demo token along.
 *
 * @param url - Where the router is mounted.
 */
export function withToken(url: string, claims: Readonly<Record<string, string>>): string {
  const body = `-H 'Content-Type: application/json' -d '${JSON.stringify(claims)}'`
  return `-H "Authorization: Bearer $(curl -s ${url}/demo-token ${body})"`
}
