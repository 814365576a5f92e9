import type { IncomingMessage, ServerResponse } from 'node:http'
import { handOver } from '../internal/hand-over.js'
import type { TokenIssuerSettings } from './options.js'
import { publicKeySet } from './signing-keys.js'

/** Answers requests for the issuer's documents and passes all others on. Fits `app.use()`. */
export type IssuerRoutes = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void

// Short enough for a verifier to see an announced or dropped key in time.
const cacheControl = 'public, max-age=60'

/** Makes the handler that publishes metadata and keys. */
export function issuerRoutes({ issuer, keys }: TokenIssuerSettings): IssuerRoutes {
  const jwksUri = `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`
  const metadata = { issuer, jwks_uri: jwksUri, response_types_supported: [] }
  const documents: Readonly<Record<string, () => Promise<unknown>>> = {
    '/.well-known/openid-configuration': () => Promise.resolve(metadata),
    '/.well-known/oauth-authorization-server': () => Promise.resolve(metadata),
    '/.well-known/jwks.json': async () => publicKeySet((await keys.jwks()).keys),
  }

  function issuerDocuments(
    req: IncomingMessage,
    res: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    const [path = ''] = String(req.url).split('?')
    const reads = req.method === 'GET' || req.method === 'HEAD'
    const document = reads && Object.hasOwn(documents, path) ? documents[path] : undefined
    if (document === undefined) {
      next()
      return
    }
    const answer = (body: unknown): void => {
      // Somebody else has answered while the keys were read, such as a time limit of the app's.
      if (res.headersSent) return
      const text = JSON.stringify(body)
      res.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
        'Cache-Control': cacheControl,
      })
      res.end(req.method === 'HEAD' ? undefined : text)
    }
    document()
      .then(answer)
      .catch((error: unknown) => {
        handOver(error, res, next)
      })
  }

  return issuerDocuments
}
