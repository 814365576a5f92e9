import { ConfigurationError } from './errors.js'
import { show } from './option-checks.js'
import type { JwtClaims } from './claims-principal.js'

/**
 * Reads roles that lie deeper in the token, for `roleClaimType`.
 *
 * @param path - Names from the outside in, as in `realm_access.roles` of Keycloak.
 * @returns A function that finds the texts there: one, several, or none where the claim is missing or something
 * else.
 * @throws {@link ConfigurationError} when a name is missing or empty.
 *
 * @example Roles of a Keycloak realm
 * ```ts
 * app.use(jwtBearer({
 *   authority: 'https://id.example/realms/shop',
 *   audience: 'orders',
 *   tokenValidationParameters: { roleClaimType: nestedClaim('realm_access', 'roles') },
 * }))
 * ```
 */
export function nestedClaim(
  ...path: readonly [string, ...string[]]
): (claims: JwtClaims) => string[] {
  if (path.length === 0 || !path.every(isName)) {
    throw new ConfigurationError(
      `nestedClaim() takes the names on the way to the claim, such as nestedClaim('realm_access', 'roles'), got ${path.map(show).join(', ') || 'none'}`,
    )
  }
  return (claims) => {
    const found = path.reduce<unknown>(member, claims)
    return [found].flat().filter((value): value is string => typeof value === 'string')
  }
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}

// Own members alone: no token has roles called "constructor" unless its issuer put them in.
function member(holder: unknown, name: string): unknown {
  const isHolder = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
  return isHolder ? (holder as Record<string, unknown>)[name] : undefined
}
