import type { JwtHeader } from '../event-context.js'
import type { SigningKey } from '../keys/signing-key.js'
import type { Trust } from '../keys/trust.js'

/** The keys a token may have been signed with. */
export interface KeyChoice {
  readonly keys: readonly SigningKey[]
  /** Whether the token named them: then a failed check means a bad signature, not an unknown key. */
  readonly named: boolean
}

/** Which keys are usable, beyond fitting the algorithm. */
export interface KeyRules {
  readonly tryAllIssuerSigningKeys: boolean
  /** Says whether a certificate's dates matter; then the instant in milliseconds and the skew in seconds count. */
  readonly validateIssuerSigningKey: boolean
  readonly clockSkew: number
  readonly clock: () => number
}

/** Chooses the keys to try: those with the token's `kid`, or, where allowed, each that fits the algorithm. */
export function findKeys(trust: Trust, header: JwtHeader, rules: KeyRules): KeyChoice {
  const { alg } = header
  // A name that is no text names no key (RFC 7515 section 4.1.4).
  const kid = typeof header.kid === 'string' ? header.kid : undefined
  const fits = (key: SigningKey) => key.algorithms.has(alg) && isInDate(key, rules)
  if (kid !== undefined && trust.chosen !== true) {
    const named = trust.keys.filter((key) => key.kid === kid && fits(key))
    if (named.length > 0) return { keys: named, named: true }
  }
  if (trust.chosen !== true && !rules.tryAllIssuerSigningKeys) return { keys: [], named: false }
  const fitting = trust.keys.filter(fits)
  return { keys: fitting, named: trust.chosen === true && kid !== undefined && fitting.length > 0 }
}

/** Tells whether a key may be used now; only a certificate's dates can say no. */
export function isInDate({ certificate }: SigningKey, rules: KeyRules): boolean {
  if (!rules.validateIssuerSigningKey || certificate === undefined) return true
  const now = rules.clock()
  const skew = rules.clockSkew * 1000
  return now + skew >= certificate.validFrom && now - skew <= certificate.validTo
}
