import { ConfigurationError } from '../errors.js'
import { show } from '../option-checks.js'
import type { ClaimsPrincipal } from '../claims-principal.js'
import { ownClaimsOf } from '../principal.js'
import { UserRequirement, type AuthorizationRequirement } from './requirement.js'

const longest = 400 * 86_400
// How far, in seconds, an issuer's clock may be ahead before its instants mean nothing.
const farthestAhead = 300

// RFC 9470 section 3: a space-separated list of values; RFC 6750 section 3 says what a challenge can hold.
const acrValue = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/** Asks for the level of a sign-in; known by its class, so that nothing of the user's can be taken for it. */
class AcrRequirement extends UserRequirement {
  readonly acrValues: readonly string[]

  constructor(acrValues: readonly string[]) {
    super('requireAcr', (user) => {
      const { acr } = ownClaims(user)
      return typeof acr === 'string' && acrValues.includes(acr)
    })
    this.acrValues = acrValues
  }
}

/** Asks for a sign-in of late; judged at an instant. */
class RecentAuthenticationRequirement extends UserRequirement {
  readonly maxAge: number

  constructor(maxAge: number) {
    super('requireRecentAuthentication', (user, clock) => signedInSince(user, clock(), maxAge))
    this.maxAge = maxAge
  }
}

// RFC 9470 section 6.1. No skew: the usual 300 s would undo a limit of 60.
function signedInSince(user: ClaimsPrincipal, now: number, maxAge: number): boolean {
  const { auth_time: at } = ownClaims(user)
  const seconds = now / 1000
  if (typeof at !== 'number' || at > seconds + farthestAhead) return false
  if (Number.isInteger(at) && !Number.isSafeInteger(at)) return false
  return Math.min(at, seconds) + maxAge >= seconds
}

// Own members alone: a token has no "acr" unless its issuer put one in.
function ownClaims(user: ClaimsPrincipal): Record<string, unknown> {
  return { __proto__: null, ...ownClaimsOf(user) }
}

/** Asks for one of several levels. */
export function acrRequirement(acrValues: readonly string[]): AuthorizationRequirement {
  for (const value of acrValues) {
    if (acrValue.test(value)) continue
    throw new ConfigurationError(
      `requireAcr() takes one value each, without spaces, quotes and backslashes, got ${show(value)}`,
    )
  }
  return new AcrRequirement(acrValues)
}

/** Asks for a sign-in no longer ago than this. */
export function recentAuthenticationRequirement(maxAge: number): AuthorizationRequirement {
  if (!Number.isSafeInteger(maxAge) || maxAge < 1 || maxAge > longest) {
    throw new ConfigurationError(
      `requireRecentAuthentication() takes a whole number of seconds from 1 to ${longest}, got ${show(maxAge)}; seconds, not milliseconds?`,
    )
  }
  return new RecentAuthenticationRequirement(maxAge)
}

/** What would help a caller who only has to sign in again. */
export interface SignInWanted {
  readonly acrValues: readonly string[]
  readonly maxAge: number | undefined
}

/**
 * Tells what a sign-in would have to be like; nothing where none would help, since something else is
 * missing as well.
 *
 * @param isScope - Knows requirements that a new token would meet along with the sign-in.
 */
export function signInWanted(
  failed: readonly AuthorizationRequirement[],
  isScope: (requirement: AuthorizationRequirement) => boolean,
): SignInWanted | undefined {
  const levels = failed.filter((one) => one instanceof AcrRequirement)
  const recents = failed.filter((one) => one instanceof RecentAuthenticationRequirement)
  if (levels.length + recents.length === 0) return undefined
  if (levels.length + recents.length + failed.filter(isScope).length < failed.length) {
    return undefined
  }
  return {
    // A client can ask for one list: that of the first call.
    acrValues: levels[0]?.acrValues ?? [],
    maxAge: recents.length === 0 ? undefined : Math.min(...recents.map(({ maxAge }) => maxAge)),
  }
}
