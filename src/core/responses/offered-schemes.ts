import type { EventOptions } from '../event-context.js'
import type { CredentialsScheme } from '../proof-of-possession.js'

/** Credentials that a caller can come with, as challenges offer them. */
export interface OfferedScheme {
  readonly word: CredentialsScheme
  /** The algorithms of proofs, separated by spaces. */
  readonly algs?: string
}

const bearer: OfferedScheme = { word: 'Bearer' }
const bearerAlone: readonly OfferedScheme[] = [bearer]

/** Lists the credentials that a configuration reads; `Bearer` comes first, which some clients read alone. */
export function offeredSchemes({ proofOfPossession }: EventOptions): readonly OfferedScheme[] {
  if (proofOfPossession === undefined) return bearerAlone
  for (const { credentials } of [proofOfPossession].flat()) {
    if (credentials === undefined) continue
    const dpop = { word: 'DPoP', algs: credentials.algs } as const
    return credentials.allowBearerTokens ? [bearer, dpop] : [dpop]
  }
  return bearerAlone
}

/** Finds what a caller came with among what is offered; the first where it came with nothing. */
export function offeredTo(
  offered: readonly OfferedScheme[],
  credentials: CredentialsScheme | undefined,
): OfferedScheme {
  return offered.find(({ word }) => word === credentials) ?? (offered[0] as OfferedScheme)
}
