import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Request } from 'express'
import { dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import type { ProofUse } from '../../src/core/proof-of-possession.js'
import { jwkOf, sign } from '../support/tokens.js'

/** The frozen time of the tests, in seconds. */
export const N = 1_800_000_000

export const clock = () => N * 1000
export const publicUrl = 'https://api.example.com'
export const token = 'header.payload.signature'
export const secret = 'a secret of the tests that is long enough'

/** A key pair of a client. */
export interface ClientKey {
  readonly alg: string
  readonly key: KeyObject
  readonly jwk: Record<string, unknown>
  readonly thumbprint: string
}

/** Makes a key for an algorithm. */
export function clientKey(alg = 'ES256'): ClientKey {
  const key = generate(alg)
  const jwk = jwkOf(key)
  const members = Object.keys(jwk).sort()
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
  return { alg, key, jwk, thumbprint: sha256(text) }
}

function generate(alg: string): KeyObject {
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg]
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve }).privateKey
  if (alg.startsWith('Ed')) return generateKeyPairSync('ed25519').privateKey
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** The key of the tests. */
export const K = clientKey()

let jti = 0

/** How a proof differs from a good one; `undefined` leaves a member out. */
export interface ProofChanges {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  readonly key?: ClientKey
  /** The token that it is for. */
  readonly token?: string
}

/** Signs a proof for `GET /p`. */
export function proofOf({ header, claims, key = K, token: of = token }: ProofChanges = {}): string {
  return sign(
    { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header },
    {
      jti: `p-${String(++jti)}`,
      htm: 'GET',
      htu: `${publicUrl}/p`,
      iat: N,
      ath: sha256(of),
      ...claims,
    },
    key.key,
    key.alg,
  )
}

/** The use of a token that a proof is held against. */
export function useOf(
  proofs: string | readonly string[],
  more: Partial<Omit<ProofUse, 'request'>> & { request?: object } = {},
): ProofUse {
  const lines = typeof proofs === 'string' ? [proofs] : proofs
  const { request = { method: 'GET', originalUrl: '/p', url: '/p' }, ...rest } = more
  return {
    scheme: 'Bearer',
    token,
    thumbprint: K.thumbprint,
    lines: (name) => (name === 'dpop' ? lines : []),
    clock,
    request: request as Request,
    ...rest,
  }
}

/** Options for {@link dpop} that need no replay cache. */
export const options: DpopOptions = { publicUrl, replayCache: false }

/** What becomes of a use: `proved`, or the reason of the refusal. */
export async function judge(given: Partial<DpopOptions>, use: ProofUse): Promise<string> {
  return outcomeOf(dpop({ ...options, ...given }), use)
}

/** The same for a proof of possession that is there already. */
export async function outcomeOf(
  { prove }: { prove: (use: ProofUse) => unknown },
  use: ProofUse,
): Promise<string> {
  try {
    await prove(use)
    return 'proved'
  } catch (error) {
    const { reason, code, name } = error as { reason?: string; code?: string; name: string }
    return reason ?? code ?? name
  }
}
