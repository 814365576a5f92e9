import { ConfigurationError } from '../errors.js'
import type { Request } from '../express.js'
import { readFlag } from '../option-checks.js'
import { ConfirmationInvalidError } from '../proof-errors.js'
import type { JwtClaims } from '../claims-principal.js'
import type { Confirmation, ConfirmationMethod, ProofOfPossession } from '../proof-of-possession.js'
import type { Walk } from '../walk.js'
import { andThen, isPromise, type MaybePromise } from '../../internal/maybe-promise.js'
import type { Check } from './claims.js'
import type { TokenValidationParameters } from './parameters.js'
import type { ValidatedToken } from './validated-token.js'

/** How bindings of tokens are judged. */
export interface ConfirmationRules {
  /** What can be proved here, at most once per member of `cnf`. */
  readonly proofs: readonly ProofOfPossession[]
  /** Reads the lines of a header, by its name in lower case. */
  readonly linesOf: (request: Request, name: string) => readonly string[]
  readonly clock: () => number
}

/** The bindings of a token that must be proved (RFC 7800 section 3.1); members that are unknown here bind nothing. */
type Bindings = Readonly<Partial<Record<ConfirmationMethod, string>>>

const unbound: Bindings = {}

const option = 'tokenValidationParameters.validateConfirmation'

/** Lists the check of bindings, unless it is turned off. */
export function confirmationChecks(
  { validateConfirmation }: TokenValidationParameters<never>,
  rules: ConfirmationRules,
): readonly Check[] {
  if (readFlag(validateConfirmation, option, true)) return [checkConfirmation(rules)]
  if (rules.proofs.length === 0) return []
  throw new ConfigurationError(
    `"${option}" is false, so nothing would ask for the proofs of "proofOfPossession"; leave out one of them`,
  )
}

/**
 * Checks that the caller possesses what the token is bound to (RFC 9449 section 7, RFC 8705 section 3). Where
 * nothing can be proved, a bound token is nobody's.
 */
function checkConfirmation({ proofs, linesOf, clock }: ConfirmationRules): Check {
  const byKey = proofs.find(({ method }) => method === 'jkt')
  const byCertificate = proofs.find(({ method }) => method === 'x5t#S256')
  const required = proofs.some(({ requiresBoundTokens }) => requiresBoundTokens)

  function prove(
    proof: ProofOfPossession | undefined,
    thumbprint: string | undefined,
    { raw }: ValidatedToken,
    walk: Walk,
  ): MaybePromise<boolean> {
    if (proof === undefined || thumbprint === undefined) return false
    const { req: request, scheme } = walk
    const lines = (name: string) => linesOf(request, name)
    return proof.prove({ scheme, request, token: raw, thumbprint, lines, clock })
  }

  return (token, walk) => {
    const isDpop = walk.credentials === 'DPoP'
    if (token.payload['cnf'] === undefined && !isDpop && !required) return undefined
    const bindings = readBindings(token.payload)
    const { jkt, 'x5t#S256': certificate } = bindings
    if (isDpop && jkt === undefined) throw new ConfirmationInvalidError('unbound')
    const isProvable =
      (jkt === undefined || (isDpop && byKey !== undefined)) &&
      (certificate === undefined || byCertificate !== undefined)
    if (!isProvable) throw new ConfirmationInvalidError('unproved')
    if (required && (jkt ?? certificate) === undefined) {
      throw new ConfirmationInvalidError('unbound', 'The token is not bound to a certificate')
    }
    // The certificate first: a proof is used up by its check.
    const proved = andThen(prove(byCertificate, certificate, token, walk), () =>
      andThen(prove(byKey, jkt, token, walk), (isNonceEnding) => {
        walk.confirmations = confirmationsOf(bindings)
        walk.isNonceEnding = isNonceEnding
      }),
    )
    return isPromise(proved) ? proved : undefined
  }
}

// A claim that binds nothing to nothing is no JSON that an issuer means: what it says cannot be known.
function readBindings({ cnf }: JwtClaims & { readonly cnf?: unknown }): Bindings {
  if (cnf === undefined) return unbound
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) {
    throw new ConfirmationInvalidError('malformed')
  }
  const bindings = cnf as Bindings
  for (const method of ['jkt', 'x5t#S256'] as const) {
    const thumbprint: unknown = bindings[method]
    if (thumbprint === undefined) continue
    if (typeof thumbprint !== 'string' || thumbprint === '') {
      throw new ConfirmationInvalidError('malformed')
    }
  }
  return bindings
}

function confirmationsOf(bindings: Bindings): readonly Confirmation[] {
  const methods = (['jkt', 'x5t#S256'] as const).filter((method) => bindings[method] !== undefined)
  return Object.freeze(
    methods.map((method) => Object.freeze({ method, thumbprint: bindings[method] as string })),
  )
}
