import type { Middleware } from '../core/express.js'
import { readFlag, readSeconds } from '../core/option-checks.js'
import { readMetadataUrl, readResource } from './addresses.js'
import { createDocument, type ProtectedResourceDocument } from './document.js'
import { checkOptionNames, type ProtectedResourceOptions } from './options.js'
import { createRoute } from './route.js'

/** A request handler that publishes what clients need to know to call an API, and what it publishes. */
export interface ProtectedResource extends Middleware {
  /** The API's identifier, exactly as written: the `audience` of its `jwtBearer()`. */
  readonly resource: string
  /** Where the document is found: the `resourceMetadata` of its `jwtBearer()`. */
  readonly metadataUrl: string
  /** The document, frozen. */
  readonly document: ProtectedResourceDocument
}

/**
 * Publishes who issues tokens for an API, so that clients that know nothing but its URL can connect (RFC 9728).
 *
 * The handler answers `GET`, `HEAD` and `OPTIONS` for one document, for pages of every origin, and passes
 * everything else on. Mount it at the root of the app, before guards: clients look at the root of the host.
 * Nothing of it is ever taken from a request. Several resources can live in one app, unless they differ by a
 * trailing `/` alone.
 *
 * @throws {@link ConfigurationError} when an option is missing or cannot be published. This happens while the
 * app starts, never during a request.
 *
 * @example An MCP server that a stranger can connect an agent to
 * ```ts
 * const resource = protectedResourceMetadata({
 *   resource: 'https://api.example.com/mcp',
 *   authorizationServers: ['https://issuer.example'],
 *   scopesSupported: ['mcp.use'],
 * })
 * app.use(resource)
 * app.use(
 *   '/mcp',
 *   jwtBearer({
 *     authority: 'https://issuer.example',
 *     audience: resource.resource,
 *     resourceMetadata: resource.metadataUrl,
 *   }),
 *   authorize((policy) => policy.requireScope('mcp.use')),
 * )
 * ```
 */
export function protectedResourceMetadata(options: ProtectedResourceOptions): ProtectedResource {
  checkOptionNames(options)
  const resource = readResource(options.resource)
  const metadataUrl = readMetadataUrl(options.metadataUrl, resource)
  const document = createDocument(resource, options)
  const route = createRoute({
    document,
    metadataUrl,
    root: readFlag(options.root, 'root', true),
    maxAge: readSeconds(options.maxAge, 'maxAge', 300, 86_400),
  })
  return Object.freeze(Object.assign(route, { resource, metadataUrl, document }))
}
