import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'

/** Makes and judges the nonces of RFC 9449 section 8: the server's time in a form that only it can write. */
export interface Nonces {
  /** Seconds for which a nonce counts. */
  readonly lifetime: number
  /** Makes a nonce at an instant in milliseconds. */
  fresh(now: number): string
  /** Reads when a nonce was made, in seconds; nothing when it is none of ours. */
  madeAt(nonce: unknown): number | undefined
}

// Keeps what is signed here apart from whatever else a secret may be used for.
const purpose = 'express-jwt-bearer DPoP nonce'

/** Creates the nonces of a secret; of several the first signs and all of them vouch. */
export function createNonces(secrets: readonly (string | Uint8Array)[], lifetime: number): Nonces {
  const keys = secrets.map((secret) => createSecretKey(Buffer.from(secret)))
  const sign = (content: string, [key] = keys) =>
    createHmac('sha256', key as (typeof keys)[0])
      .update(`${purpose}\n${content}`)
      .digest('base64url')

  return {
    lifetime,
    fresh(now) {
      const content = `${String(Math.floor(now))}.${randomBytes(16).toString('base64url')}`
      return `${content}.${sign(content)}`
    },
    madeAt(nonce) {
      if (typeof nonce !== 'string') return undefined
      const [, content, time, signature] =
        /^((\d{1,16})\.[\w-]{22})\.([\w-]{43})$/.exec(nonce) ?? []
      if (content === undefined) return undefined
      // As texts: a last character may spell the same bytes in several ways.
      const given = Buffer.from(signature as string)
      const isOurs = keys.some((key) => timingSafeEqual(given, Buffer.from(sign(content, [key]))))
      return isOurs ? Number(time) / 1000 : undefined
    },
  }
}
