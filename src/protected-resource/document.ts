import { ConfigurationError } from '../core/errors.js'
import { checkObject, readList, readText } from '../core/option-checks.js'
import { freezeClaims } from '../internal/frozen-claims.js'
import { readAuthorizationServers, readPage } from './addresses.js'
import type { ProtectedResourceOptions } from './options.js'
import { readProofs } from './proofs.js'

/** The metadata of a protected resource, as it is published (RFC 9728 section 2). */
export interface ProtectedResourceDocument {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  /** Always `['header']`: tokens are read from nowhere else. */
  readonly bearer_methods_supported: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
  /** The algorithms of DPoP proofs that the API checks. */
  readonly dpop_signing_alg_values_supported?: readonly string[]
  /** Whether the API refuses tokens that are bound to no key. */
  readonly dpop_bound_access_tokens_required?: boolean
  /** Whether the API checks tokens that are bound to a client certificate. */
  readonly tls_client_certificate_bound_access_tokens?: boolean
  readonly [member: string]: unknown
}

/**
 * Puts the document together, frozen to the bottom.
 *
 * @throws {@link ConfigurationError} when an option cannot be published.
 */
export function createDocument(
  resource: string,
  options: ProtectedResourceOptions,
): ProtectedResourceDocument {
  const members = {
    resource,
    authorization_servers: readAuthorizationServers(options.authorizationServers),
    scopes_supported: readScopes(options.scopesSupported),
    bearer_methods_supported: ['header'],
    resource_name: readText(options.resourceName, 'resourceName'),
    resource_documentation: readPage(options.resourceDocumentation, 'resourceDocumentation'),
    resource_policy_uri: readPage(options.resourcePolicyUri, 'resourcePolicyUri'),
    resource_tos_uri: readPage(options.resourceTosUri, 'resourceTosUri'),
    ...readProofs(options.proofOfPossession),
  }
  const added = readAdditional(options.additionalMetadata, Object.keys(members))
  const present = [...Object.entries(members), ...added].filter(([, value]) => hasValue(value))
  return freezeClaims(Object.fromEntries(present) as ProtectedResourceDocument)
}

// RFC 9728 section 3.2: members with zero values are left out.
function hasValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  return value !== undefined && value !== null
}

// RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/

function readScopes(value: unknown): readonly string[] {
  const scopes = readList(value, 'scopesSupported')
  scopes.forEach((scope, index) => {
    const shown = `"scopesSupported[${index}]" ${JSON.stringify(scope.slice(0, 80))}`
    if (!scopeToken.test(scope)) {
      throw new ConfigurationError(
        `${shown} is no scope: it must hold no space, quote, backslash or character beyond ASCII; write several scopes as several items`,
      )
    }
    if (scope === 'offline_access') {
      throw new ConfigurationError(
        `${shown} is no scope of a resource: clients ask the authorization server for it by themselves; leave it out`,
      )
    }
  })
  return [...new Set(scopes)]
}

function readAdditional(
  value: Readonly<Record<string, unknown>> = {},
  reserved: readonly string[],
): readonly (readonly [string, unknown])[] {
  checkObject(value, '"additionalMetadata"')
  return Object.entries(value).map(([name, member]) => {
    if (reserved.includes(name)) {
      throw new ConfigurationError(
        `"additionalMetadata" must not hold "${name}", which the other options decide`,
      )
    }
    return [name, copyOf(member, name)] as const
  })
}

// What is published is what JSON makes of it now: later changes to the object do not reach it.
function copyOf(member: unknown, name: string): unknown {
  if (member === undefined) return undefined
  const text = attemptJson(member)
  if (text !== undefined) return JSON.parse(text) as unknown
  throw new ConfigurationError(
    `"additionalMetadata" holds ${JSON.stringify(name.slice(0, 80))}, which JSON cannot carry`,
  )
}

function attemptJson(member: unknown): string | undefined {
  try {
    return JSON.stringify(member)
  } catch {
    return undefined
  }
}
