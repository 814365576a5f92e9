import { MetadataUnavailableError } from '../core/errors.js'

/**
 * Makes the error for "nobody can tell now": a guard and Express's own handler answer it with 503.
 *
 * @param retryAfter - Seconds until it makes sense to ask again.
 */
export function unavailable(
  message: string,
  cause?: unknown,
  retryAfter?: number,
): MetadataUnavailableError {
  const error = new MetadataUnavailableError(message, { cause, retryAfter })
  const headers = { 'Cache-Control': 'no-store', 'Retry-After': String(error.retryAfter) }
  return Object.assign(error, { status: 503, headers })
}
