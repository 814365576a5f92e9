import { checkNames } from '../core/option-checks.js'
import type { ProofOfPossession } from '../core/proof-of-possession.js'

/** What {@link protectedResourceMetadata} accepts. */
export interface ProtectedResourceOptions {
  /**
   * The URL of the API, as people type it into their clients: path included, `https:` (on this machine alone
   * also `http:`), without fragment. It is published exactly as written, because clients compare it letter by
   * letter with the URL they called, and ask the authorization server for tokens with this audience (RFC 8707).
   */
  resource: string
  /**
   * The issuers whose tokens the API accepts, each exactly as in the `iss` of its tokens; at least one. Clients
   * take the first one they can sign in at.
   */
  authorizationServers: readonly string[]
  /**
   * The scopes that clients may ask for. Those that a request needs are named by its challenge, so this list
   * is for clients that ask for consent beforehand.
   */
  scopesSupported?: readonly string[] | undefined
  /** Name of the API, for people; other languages go into `additionalMetadata` as `resource_name#de`. */
  resourceName?: string | undefined
  /** Address of a page for developers. */
  resourceDocumentation?: string | undefined
  /** Address of a page that says how clients may use the data. */
  resourcePolicyUri?: string | undefined
  /** Address of the terms of service. */
  resourceTosUri?: string | undefined
  /**
   * What the scheme that guards the API was given, so that clients learn whether to bind their tokens, and with
   * which algorithms.
   */
  proofOfPossession?: ProofOfPossession | readonly ProofOfPossession[] | undefined
  /**
   * Other members of RFC 9728 section 2 and of its registry, such as `jwks_uri`, `resource_name#de` or
   * `signed_metadata`, under their own names. What has no value is left out (RFC 9728 section 3.2); members
   * that an option stands for are refused.
   *
   * @defaultValue `{}`
   */
  additionalMetadata?: Readonly<Record<string, unknown>> | undefined
  /**
   * Address at which the document is served instead of the one that follows from `resource` (RFC 9728
   * section 3.1); on the same origin. For clients that learn it from a challenge.
   */
  metadataUrl?: string | undefined
  /**
   * Whether `/.well-known/oauth-protected-resource`, where many clients look last, is answered with the same
   * document. Of several resources in one app the first one answers there.
   *
   * @defaultValue `true`
   */
  root?: boolean | undefined
  /**
   * For how many seconds, a day at most, clients and proxies may keep the document.
   *
   * @defaultValue `300`
   */
  maxAge?: number | undefined
}

const names: readonly string[] = [
  'resource',
  'authorizationServers',
  'scopesSupported',
  'resourceName',
  'resourceDocumentation',
  'resourcePolicyUri',
  'resourceTosUri',
  'proofOfPossession',
  'additionalMetadata',
  'metadataUrl',
  'root',
  'maxAge',
] satisfies (keyof ProtectedResourceOptions)[]

// What the same thing is called elsewhere.
const twins: ReadonlyMap<string, string> = new Map([
  ['audience', 'resource'],
  ['resourceServerUrl', 'resource'],
  ['authority', 'authorizationServers'],
  ['issuer', 'authorizationServers'],
  ['issuers', 'authorizationServers'],
  ['oauthMetadata', 'authorizationServers'],
  ['scopes', 'scopesSupported'],
  ['dpop', 'proofOfPossession'],
  ['name', 'resourceName'],
  ['serviceDocumentationUrl', 'resourceDocumentation'],
  ['resourceMetadata', 'metadataUrl'],
])

/**
 * Refuses option names that mean nothing here.
 *
 * @throws {@link ConfigurationError} that says which name is meant.
 */
export function checkOptionNames(options: ProtectedResourceOptions): void {
  checkNames(options, names, 'the options of protectedResourceMetadata()', (name) => {
    const twin = twins.get(name)
    return twin === undefined ? undefined : `it is called "${twin}" here`
  })
}
