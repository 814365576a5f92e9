import express, { type Express } from 'express'
import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { audience, scope } from '../authority/settings.js'

/**
 * An API that takes bound tokens alone.
 *
 * @param publicUrl - Where clients call it. From the settings, never from a request.
 * @param secret - For nonces; the same in all processes.
 */
export function createApi(authority: string, publicUrl: string, secret: string): Express {
  const app = express()
  app.use(
    jwtBearer({
      authority,
      audience,
      requireHttpsMetadata: false, // The provider is on this machine. Never do this for another one.
      proofOfPossession: dpop({
        publicUrl,
        replayCache: createMemoryReplayCache(), // With several processes: Redis or PostgreSQL.
        nonce: { secret },
      }),
    }),
  )
  app.get(
    '/orders',
    authorize((policy) => policy.requireScope(scope)),
    (req, res) => {
      const caller = getAuthentication(req)
      const proved = caller.kind === 'success' ? caller.confirmations : []
      res.json({ for: req.user?.subject, proved: proved.map(({ method }) => method) })
    },
  )
  return app
}
