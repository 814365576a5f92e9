import { jsonObject } from './json-object.js'

/** What can be read of a token without checking anything. */
export interface TokenParts {
  readonly parts: readonly string[]
  readonly header: Readonly<Record<string, unknown>> | undefined
  readonly payload: Readonly<Record<string, unknown>> | undefined
}

/** Takes a token apart as far as it goes; what cannot be read is absent. */
export function readTokenParts(token: string): TokenParts {
  const parts = token.split('.')
  return { parts, header: objectIn(parts[0]), payload: objectIn(parts[1]) }
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (part === undefined || !/^[\w-]+$/.test(part)) return undefined
  return jsonObject(Buffer.from(part, 'base64url').toString())
}

/** Says what kind of value a claim has, for output that must not show it. */
export function typeOfClaim(value: unknown): string {
  if (Array.isArray(value)) return `array of ${value.length}`
  return value === null ? 'null' : typeof value
}
