/** The parameters of a challenge, in the order in which they are written. */
export interface ChallengeParameters {
  readonly realm?: string | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  readonly errorUri?: string | undefined
  readonly scope?: string | undefined
  /** RFC 9470 section 3. */
  readonly acrValues?: string | undefined
  /** RFC 9470 section 3, in seconds. */
  readonly maxAge?: number | undefined
  /** RFC 9449 section 7.1. */
  readonly algs?: string | undefined
  /** RFC 9728 section 5.1. */
  readonly resourceMetadata?: string | undefined
}

// RFC 6750 section 3: error and error_description hold %x20-21 / %x23-5B / %x5D-7E, so neither quotes nor
// backslashes, which makes every value a quoted-string as it stands.
const forbidden = /[^\x20-\x21\x23-\x5B\x5D-\x7E]/g

// The same without the space, for addresses.
const forbiddenInUri = /[^\x21\x23-\x5B\x5D-\x7E]/g

/** Writes the value of one `WWW-Authenticate` line; characters that RFC 6750 does not allow are left out. */
export function formatChallenge(
  parameters: ChallengeParameters,
  scheme: 'Bearer' | 'DPoP' = 'Bearer',
): string {
  const { maxAge } = parameters
  let written = ''
  written += parameter(written, 'realm', parameters.realm)
  written += parameter(written, 'error', parameters.error)
  written += parameter(written, 'error_description', parameters.errorDescription)
  written += parameter(written, 'error_uri', parameters.errorUri, forbiddenInUri)
  written += parameter(written, 'scope', parameters.scope)
  written += parameter(written, 'acr_values', parameters.acrValues)
  written += parameter(written, 'max_age', isAge(maxAge) ? String(maxAge) : undefined)
  written += parameter(written, 'algs', parameters.algs)
  written += parameter(written, 'resource_metadata', parameters.resourceMetadata, forbiddenInUri)
  return `${scheme}${written}`
}

// RFC 9470 section 3: a non-negative whole number.
function isAge(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function parameter(before: string, name: string, value: unknown, unwanted = forbidden): string {
  const text = typeof value === 'string' ? value.replace(unwanted, '') : ''
  if (text === '') return ''
  return `${before === '' ? ' ' : ', '}${name}="${text}"`
}
