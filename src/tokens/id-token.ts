import { decodeJwt } from 'jose'

/**
 * Whether a renewed ID token names the user of the earlier one, as OpenID Connect Core section 12.2
 * demands. Holds where one of them is missing or encrypted; checking them is the client's business.
 */
export function namesSameUser(earlier: string | undefined, renewed: string | undefined): boolean {
  const before = subjectOf(earlier)
  const now = subjectOf(renewed)
  return before === undefined || now === undefined || before === now
}

function subjectOf(idToken: string | undefined): string | undefined {
  if (idToken === undefined) return undefined
  try {
    return decodeJwt(idToken).sub
  } catch {
    return undefined
  }
}
