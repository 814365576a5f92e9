import type { JwtBearerOptions } from '../../core/authentication/options.js'
import type { TokenParts } from '../token-parts.js'
import type { Demanded, TriedRequest } from './answer.js'
import type { RecordedFetch } from './recorded-fetch.js'

/** One check by itself. */
export interface ExplainedCheck {
  readonly name: string
  /** Whether it holds; nothing where it cannot be told, as for the signature of an unknown key. */
  readonly ok: boolean | null
  /** What the token says. */
  readonly token: string | undefined
  /** What the API accepts. */
  readonly accepted: string | undefined
}

/** What the checks look at. */
export interface Subject {
  readonly parts: TokenParts
  readonly options: JwtBearerOptions
  readonly tried: TriedRequest
  readonly recorded: RecordedFetch
  readonly demanded: Demanded
}

/** Every check of a token's content off: what is left is form, algorithm, key and signature. */
export const noContentChecks = {
  validateIssuer: false,
  validateAudience: false,
  validateLifetime: false,
  requireExpirationTime: false,
  validateConfirmation: false,
  issuerValidator: undefined,
  audienceValidator: undefined,
  lifetimeValidator: undefined,
  maxTokenAge: undefined,
  validTypes: undefined,
  claimsSchema: undefined,
  tokenReplayCache: undefined,
} as const

/** Text for one value or several. */
export function list(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.map((value) => JSON.stringify(value)).join(', ')
}
