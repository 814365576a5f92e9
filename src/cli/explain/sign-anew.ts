import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { TokenParts } from '../token-parts.js'

/** The claims of a token under another signature. */
export interface SignedAnew {
  readonly token: string
  readonly key: KeyObject
}

/**
 * Signs the claims of a token with a key made for the purpose, so that they can be tried where the token's
 * own signature does not hold. The key is forgotten at once.
 */
export function signAnew({ parts, header, payload }: TokenParts): SignedAnew | undefined {
  if (header === undefined || payload === undefined) return undefined
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { typ } = header
  const ownHeader = Buffer.from(JSON.stringify({ alg: 'ES256', typ })).toString('base64url')
  const signed = `${ownHeader}.${String(parts[1])}`
  const signature = sign('sha256', Buffer.from(signed), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return { token: `${signed}.${signature.toString('base64url')}`, key: publicKey }
}
