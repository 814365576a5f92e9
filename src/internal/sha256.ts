import { hash } from 'node:crypto'

/** Hashes a text, as UTF-8, or bytes with SHA-256; written as base64url. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'base64url')
}
