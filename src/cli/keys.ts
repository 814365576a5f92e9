import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { jwtBearer } from '../core/jwt-bearer.js'
import { fetchPublishedKeys } from '../core/keys/metadata.js'
import { importSigningKeys } from '../core/keys/signing-key.js'
import { withTimeLimit } from '../core/keys/time-limit.js'
import type { Command } from './arguments.js'
import { keySourceOptions, readKeySource } from './bearer-options.js'
import { exitCodes, printable, UnreachableError } from './terminal.js'

/** One published key, and whether it can be used. */
interface ListedKey {
  readonly kid: string | null
  readonly kty: string | null
  readonly alg: string | null
  readonly use: string | null
  /** Bits of an RSA key, curve of another. */
  readonly size: string | null
  /** RFC 7638. */
  readonly thumbprint: string | null
  readonly usable: boolean
  readonly reason: string | null
}

/** `keys`: what an issuer publishes. */
export const keys: Command = {
  usage: '--authority <url> | --metadata-address <url> | --jwks-uri <url>',
  summary: "Lists the issuer's keys: size, thumbprint, usable or why not.",
  options: keySourceOptions,
  maxPositionals: 0,
  run: async (given, terminal) => {
    const source = readKeySource(given, terminal)
    // Checks the words as an app's options would be.
    jwtBearer({
      ...source,
      tokenValidationParameters: { validateAudience: false, validateIssuer: false },
    })
    const backchannel = {
      fetch: terminal.fetch,
      requireHttps: source.requireHttpsMetadata ?? true,
    }
    const published = await withTimeLimit(source.backchannelTimeout ?? 5, (signal) =>
      fetchPublishedKeys(source, backchannel, signal),
    ).catch((error: unknown) => {
      throw new UnreachableError(`The keys cannot be fetched: ${(error as Error).message}`)
    })
    const listed = await Promise.all(published.keys.map(describe))
    return {
      code: exitCodes.done,
      data: { issuer: published.issuer ?? null, keys: listed },
      lines: [
        ...(published.issuer === undefined ? [] : [printable(`issuer ${published.issuer}`)]),
        ...(listed.length === 0 ? ['The key set is empty.'] : listed.map(lineOf)),
      ],
    }
  },
}

async function describe(jwk: unknown): Promise<ListedKey> {
  const members = (typeof jwk === 'object' && jwk !== null ? jwk : {}) as Record<string, unknown>
  const text = (name: string) => (typeof members[name] === 'string' ? members[name] : null)
  const reason = unusableReason(members)
  return {
    kid: text('kid'),
    kty: text('kty'),
    alg: text('alg'),
    use: text('use'),
    size: sizeOf(members, text('crv')),
    thumbprint: await calculateJwkThumbprint(members as JWK).catch(() => null),
    usable: reason === null,
    reason,
  }
}

function unusableReason(jwk: Record<string, unknown>): string | null {
  if (jwk['kty'] === 'oct') return 'a shared secret has no place in a published set'
  try {
    importSigningKeys(jwk)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

function sizeOf(jwk: Record<string, unknown>, curve: string | null): string | null {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const bits = asymmetricKeyDetails?.modulusLength
    return bits === undefined ? curve : `${bits} bits`
  } catch {
    return null
  }
}

function lineOf({ kid, kty, alg, use, size, thumbprint, usable, reason }: ListedKey): string {
  const about = [kid ?? 'no kid', kty, alg, use, size, thumbprint].filter((one) => one !== null)
  return printable(
    `${usable ? '✓' : '✗'} ${about.join('  ')}${usable ? '' : `  unusable: ${reason}`}`,
  )
}
