import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware } from '../core/express.js'
import { wellKnownPath } from './addresses.js'
import type { ProtectedResourceDocument } from './document.js'

/** What is answered where. */
export interface RouteSettings {
  readonly document: ProtectedResourceDocument
  readonly metadataUrl: string
  readonly root: boolean
  readonly maxAge: number
}

// Anybody may read what is published for everybody, pages of other origins included.
const anyOrigin = { 'Access-Control-Allow-Origin': '*' } as const
const methods = 'GET, HEAD, OPTIONS'

/** Makes the handler that answers for the document and passes everything else on. */
export function createRoute(settings: RouteSettings): Middleware {
  const isOurs = createMatcher(settings)
  const body = JSON.stringify(settings.document)
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': `public, max-age=${Math.floor(settings.maxAge)}`,
    ...anyOrigin,
  }

  function protectedResource(
    req: IncomingMessage,
    res: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    if (!isOurs(req.url as string) || res.headersSent) {
      next()
      return
    }
    const { method } = req
    if (method === 'GET') res.writeHead(200, headers).end(body)
    else if (method === 'HEAD') res.writeHead(200, headers).end()
    else if (method === 'OPTIONS') answerPreflight(req, res)
    else res.writeHead(405, { Allow: methods, 'Content-Length': 0, ...anyOrigin }).end()
  }

  return protectedResource
}

// Only where the document's address has a query does one count. Where the resource has one, the bare root is
// answered alone, since another query may be another resource's.
function createMatcher({ document, metadataUrl, root }: RouteSettings): (url: string) => boolean {
  const { pathname, search } = new URL(metadataUrl)
  const path = withoutSlash(pathname)
  const rootIgnoresQuery = new URL(document.resource).search === ''

  return (url) => {
    const end = url.indexOf('?')
    const asked = withoutSlash(end < 0 ? url : url.slice(0, end))
    const query = end < 0 ? '' : url.slice(end)
    if (asked === path && (search === '' || query === search)) return true
    return root && asked === wellKnownPath && (query === '' || rootIgnoresQuery)
  }
}

// Express routes a path with and without its last "/" alike.
function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function answerPreflight(req: IncomingMessage, res: ServerResponse): void {
  const asked = req.headers['access-control-request-headers']
  res.setHeader('Access-Control-Allow-Methods', methods)
  if (asked !== undefined) res.setHeader('Access-Control-Allow-Headers', asked)
  res.appendHeader('Vary', 'Access-Control-Request-Headers')
  res.writeHead(204, anyOrigin).end()
}
