import { CallerError, type ProofErrorCode } from './errors.js'
import { TokenError } from './token-errors.js'

const confirmationMessages = {
  malformed: 'The confirmation claim is malformed',
  unproved: 'The token is bound and must be used with its proof',
  unbound: 'The token is not bound to a key',
  key: 'The token is bound to another key',
  certificate: 'The token is bound to another certificate',
} as const

/** Reports a token whose `cnf` claim (RFC 7800 section 3.1) is malformed, not proved, or missing where it is needed. */
export class ConfirmationInvalidError extends TokenError {
  declare readonly code: 'ERR_TOKEN_CONFIRMATION_INVALID'
  /** What is wrong with the binding. */
  readonly reason: keyof typeof confirmationMessages

  constructor(
    reason: keyof typeof confirmationMessages,
    message: string = confirmationMessages[reason],
  ) {
    super('ERR_TOKEN_CONFIRMATION_INVALID', message)
    this.reason = reason
  }
}

/** Is the base of every reason to refuse a DPoP proof (RFC 9449 section 7.1). */
export abstract class ProofError extends CallerError {
  declare readonly code: ProofErrorCode

  protected constructor(code: ProofErrorCode, message: string) {
    super(code, message)
  }
}

const proofMessages = {
  missing: 'A DPoP proof is required',
  several: 'There is more than one DPoP proof',
  form: 'The DPoP proof is malformed',
  typ: 'The DPoP proof has an unacceptable typ',
  alg: 'The DPoP proof has an unacceptable alg',
  jwk: 'The DPoP proof has an unacceptable jwk',
  signature: 'The DPoP proof has an invalid signature',
  htm: 'The DPoP proof has the wrong htm',
  htu: 'The DPoP proof has the wrong htu',
  ath: 'The DPoP proof has the wrong ath',
  jti: 'The DPoP proof has the wrong jti',
  iat: 'The DPoP proof is not current',
} as const

/** Reports a DPoP proof that is missing or fails a check of RFC 9449 section 4.3; answered with 401 `invalid_dpop_proof`. */
export class ProofInvalidError extends ProofError {
  declare readonly code: 'ERR_PROOF_INVALID'
  /** The check that failed. */
  readonly reason: keyof typeof proofMessages
  /**
   * For `htu`: the addresses that would have been right. For the log of whoever sets a proxy up; left out
   * by JSON and `util.inspect`.
   */
  declare readonly expected?: readonly string[]
  /** For `htu`: the address in the proof, without user name, query and fragment, where it is one. */
  declare readonly received?: string | undefined

  constructor(
    reason: keyof typeof proofMessages,
    addresses?: { readonly expected: readonly string[]; readonly received: string | undefined },
  ) {
    super('ERR_PROOF_INVALID', proofMessages[reason])
    this.reason = reason
    if (addresses === undefined) return
    Object.defineProperty(this, 'expected', { value: Object.freeze([...addresses.expected]) })
    Object.defineProperty(this, 'received', { value: addresses.received })
  }
}

/** Reports a DPoP proof that was used before (RFC 9449 section 11.1); answered with 401 `invalid_dpop_proof`. */
export class ProofReplayedError extends ProofError {
  declare readonly code: 'ERR_PROOF_REPLAYED'

  constructor() {
    super('ERR_PROOF_REPLAYED', 'The DPoP proof was used before')
  }
}

/** Reports a DPoP proof without a current nonce (RFC 9449 section 9); answered with 401 `use_dpop_nonce`. */
export class ProofNonceRequiredError extends ProofError {
  declare readonly code: 'ERR_PROOF_NONCE_REQUIRED'

  constructor() {
    super('ERR_PROOF_NONCE_REQUIRED', 'A DPoP nonce is required')
  }
}
