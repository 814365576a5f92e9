import { channel, type Channel } from 'node:diagnostics_channel'

/** What is published on each of the package's `node:diagnostics_channel` channels. Never a token, a key or a claim. */
export interface DiagnosticMessages {
  'express-jwt-bearer:authenticated': { readonly scheme: string }
  'express-jwt-bearer:failed': {
    readonly scheme: string
    /** The error's `code`; an error of the app's own may have none. */
    readonly code: string | undefined
  }
  'express-jwt-bearer:challenged': {
    readonly scheme: string
    readonly code: string
  }
  'express-jwt-bearer:forbidden': {
    readonly scheme: string
    /** Names of the requirements that were not met. */
    readonly failedRequirements: readonly string[]
  }
  'express-jwt-bearer:metadata-refreshed': {
    readonly address: string
    /** The `kid` of every usable key. */
    readonly keyIds: readonly (string | undefined)[]
    /** The published keys that are left out, and why. */
    readonly skippedKeys: readonly { readonly kid: string | undefined; readonly reason: string }[]
  }
  'express-jwt-bearer:metadata-refresh-failed': {
    readonly address: string
    /** What went wrong, in words, with the address that was asked. */
    readonly reason: string
    /** Seconds until the next attempt. */
    readonly retryAfter: number
  }
  'express-jwt-bearer:metadata-stale': {
    readonly address: string
    /** Seconds since the keys in use were fetched. */
    readonly age: number
  }
  'express-jwt-bearer:introspection-failed': {
    /** The endpoint, without its query. */
    readonly endpoint: string
    /** What went wrong, in words; never an answer of the endpoint's. */
    readonly reason: string
    /** Seconds until the next attempt. */
    readonly retryAfter: number
  }
  'express-jwt-bearer:proof-failed': {
    readonly scheme: string
    /** The check that failed: the error's `reason`, `'replayed'` or `'nonce'`. */
    readonly reason: string
  }
  'express-jwt-bearer:replay-cache-full': {
    readonly scheme: string
  }
}

/** The name of one of the package's channels. */
export type DiagnosticChannel = keyof DiagnosticMessages

/** Makes the publisher of one channel; the message is only made when somebody listens. */
export function publisher<Name extends DiagnosticChannel>(
  name: Name,
): (message: () => DiagnosticMessages[Name]) => void {
  const to: Channel = channel(name)
  return (message) => {
    if (to.hasSubscribers) to.publish(message())
  }
}
