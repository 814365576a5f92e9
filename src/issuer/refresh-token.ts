import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { RefreshTokenReference } from './refresh-store.js'
import { sha256 } from '../internal/sha256.js'

// token = family "." secret: 128 random bits that name the session, 256 that nobody can guess.
const form = /^(?<family>[A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}$/

/** Makes the name of a new session. */
export function createFamilyId(): string {
  return randomBytes(16).toString('base64url')
}

/** Makes a refresh token for a session. */
export function createRefreshToken(familyId: string): string {
  return `${familyId}.${randomBytes(32).toString('base64url')}`
}

/** Makes of a presented token what a store may know; nothing when it cannot be a refresh token. */
export function readRefreshToken(token: unknown): RefreshTokenReference | undefined {
  if (typeof token !== 'string') return undefined
  const familyId = form.exec(token)?.groups?.['family']
  return familyId === undefined ? undefined : { familyId, hash: hashToken(token) }
}

/** The form in which a store keeps a token. 256 random bits need no salt and no slow hash. */
export function hashToken(token: string): string {
  return sha256(token)
}

/** Encrypts a successor so that only the holder of the token it replaces can read it. */
export function sealSuccessor(successor: string, presented: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(presented), nonce)
  const text = Buffer.concat([cipher.update(successor), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
}

/** Decrypts what {@link sealSuccessor} made. Throws when the seal or the token is another one. */
export function unsealSuccessor(sealed: string, presented: string): string {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(presented), bytes.subarray(0, 12), {
    authTagLength: 16,
  })
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString()
}

function sealingKey(presented: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', presented, '', 'express-jwt-bearer successor', 32))
}
