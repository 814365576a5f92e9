/**
 * Metadata of a protected resource: what lets clients connect that know nothing but an API's URL.
 *
 * @packageDocumentation
 */

export { protectedResourceMetadata, type ProtectedResource } from './protected-resource-metadata.js'
export type { ProtectedResourceOptions } from './options.js'
export type { ProtectedResourceDocument } from './document.js'
export { mcpAuthInfo, type AuthInfo } from './mcp-auth-info.js'
