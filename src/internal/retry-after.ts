/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3: HTTP-date / delay-seconds) as seconds from now; nothing when it
 * is neither.
 */
export function readRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}
