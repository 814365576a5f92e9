/**
 * Whom a failure concerns: every token, because the endpoint is in trouble; this one alone; or us, because our
 * own credentials were refused.
 */
export type Concern = 'endpoint' | 'token' | 'credentials'

/** Reports a call that brought no answer. */
export class CallError extends Error {
  readonly concern: Concern
  /** Seconds that the endpoint asked for, within reason; one without such a wish. */
  readonly retryAfter: number

  constructor(concern: Concern, reason: string, retryAfter = 1) {
    super(reason)
    this.concern = concern
    this.retryAfter = Math.min(Math.max(1, Math.ceil(retryAfter)), 300)
  }
}
