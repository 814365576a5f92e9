import { json, Router } from 'express'
import type { TestIssuer } from 'express-jwt-bearer/testing'

/**
 * Hands out tokens with whatever claims are asked for, so that an example can be tried. Real tokens
 * come from an identity provider, which asks who you are first.
 */
export function demoToken(issuer: TestIssuer): Router {
  return Router().post('/demo-token', json(), async (req, res) => {
    res.type('text').send(await issuer.token(req.body as Record<string, unknown>))
  })
}
