import { withoutSlash } from '../../internal/without-slash.js'
import { IssuerInvalidError } from '../token-errors.js'
import type { Check } from './claims.js'

/** Checks `iss` against a set of accepted values and the issuer of the metadata (RFC 7519 section 4.1.1). */
export function checkIssuer(accepted: ReadonlySet<string>): Check {
  return ({ payload, trust }) => {
    const { iss } = payload
    if (typeof iss === 'string' && (accepted.has(iss) || iss === trust.issuer)) return undefined
    throw trust.unavailable ?? new IssuerInvalidError()
  }
}

/**
 * Checks the `iss` that the issuer of an opaque token names. Without metadata at hand the authority is the
 * issuer's name, of which it may leave out the `/` at the end.
 */
export function checkVouchingIssuer(
  accepted: ReadonlySet<string>,
  authority: string | undefined,
): Check {
  const base = authority === undefined ? undefined : withoutSlash(authority)
  return ({ payload, trust }) => {
    const iss = payload.iss as string
    const isIssuer = trust.issuer === undefined ? withoutSlash(iss) === base : iss === trust.issuer
    if (!isIssuer && !accepted.has(iss)) throw new IssuerInvalidError()
    return undefined
  }
}

/** Leaves out a check of the issuer where none is named. */
export function whereNamed(check: Check): Check {
  return (token, walk) => (token.payload.iss === undefined ? undefined : check(token, walk))
}

/** Refuses an `iss` that is no text, whatever else is checked of it. */
export const checkIssuerForm: Check = ({ payload }) => {
  if (payload.iss !== undefined && typeof payload.iss !== 'string') throw new IssuerInvalidError()
  return undefined
}
