import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Cause, Evidence } from './evidence.js'
import { failed } from './evidence.js'

// Secrets that stand in tutorials and debuggers.
const placeholders = [
  'your-256-bit-secret',
  'your-384-bit-secret',
  'your-512-bit-secret',
  'a-string-secret-at-least-256-bits-long',
  'a-valid-string-secret-that-is-at-least-384-bits-long-which-is-this-long',
  'secret',
  'changeme',
  'your_jwt_secret',
  'shhhhh',
]

const unreachable: Cause = ({ answer }) =>
  answer.status === 503 &&
  "the issuer's metadata or keys could not be fetched: check the authority and the network from this machine."

const placeholderSecret: Cause = (evidence) =>
  signsWithPlaceholder(evidence) &&
  'the token was signed with a secret that stands in tutorials: anybody can make such tokens.'

const secretWhereKeysArePublic: Cause = (evidence) =>
  /^HS\d/.test(algorithm(evidence)) &&
  failed(evidence, 'algorithm') &&
  'the token was signed with a shared secret, but this API checks with public keys: it comes from another issuer or from a test.'

const publicKeyWhereSecret: Cause = (evidence) =>
  !/^HS\d/.test(algorithm(evidence)) &&
  failed(evidence, 'algorithm') &&
  'the API does not accept this algorithm: set "authority" or the public key of the issuer, or "validAlgorithms".'

const unknownKey: Cause = (evidence) => {
  if (!failed(evidence, 'key')) return undefined
  if (evidence.parts.header?.['kid'] === undefined) return noKeyFits
  return 'the issuer does not publish the key of this token: it comes from another tenant or environment, or the key is old and the issuer has dropped it.'
}

const wrongSignature: Cause = (evidence) => failed(evidence, 'signature') && noKeyFits

const noKeyFits =
  'no key of this API verifies the signature: the secret or key is another one, or the token was changed.'

/** Causes that lie in who signed the token. */
export const keyCauses: readonly Cause[] = [
  unreachable,
  placeholderSecret,
  secretWhereKeysArePublic,
  publicKeyWhereSecret,
  unknownKey,
  wrongSignature,
]

function algorithm({ parts: { header } }: Evidence): string {
  return String(header?.['alg'])
}

function signsWithPlaceholder(evidence: Evidence): boolean {
  const bits = /^HS(256|384|512)$/.exec(algorithm(evidence))?.[1]
  const [header, payload, signature] = evidence.parts.parts
  if (bits === undefined || signature === undefined) return false
  const found = Buffer.from(signature, 'base64url')
  return placeholders.some((secret) => {
    const made = createHmac(`sha${bits}`, secret).update(`${header}.${payload}`).digest()
    return made.length === found.length && timingSafeEqual(made, found)
  })
}
