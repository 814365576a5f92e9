import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto'

/** Signs for one algorithm, whatever the token says of itself. */
export interface Signer {
  readonly alg: string
  /** What verifies: the public key or the secret. */
  readonly key: KeyObject
  /** Signs two segments as they stand. */
  readonly seal: (header: string, payload: string) => string
  readonly token: (header: unknown, payload: unknown) => string
}

function signer(alg: string, key: KeyObject, signatureOf: (text: Buffer) => Buffer): Signer {
  const seal = (header: string, payload: string) => {
    const text = `${header}.${payload}`
    return `${text}.${signatureOf(Buffer.from(text)).toString('base64url')}`
  }
  const token = (header: unknown, payload: unknown) => seal(encode(header), encode(payload))
  return { alg, key, seal, token }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secret = createSecretKey(
  Buffer.from('sixty-four bytes of secret, which is enough for every one of them'),
)

function hmac(bits: number): Signer {
  return signer(`HS${bits}`, secret, (text) =>
    createHmac(`sha${bits}`, secret).update(text).digest(),
  )
}

function rsaSigner(bits: number, pss: boolean): Signer {
  const padding = pss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const key = { key: rsa.privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return signer(`${pss ? 'PS' : 'RS'}${bits}`, rsa.publicKey, (text) =>
    sign(`sha${bits}`, text, key),
  )
}

function ec(alg: string, namedCurve: string, bits: number): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  return signer(alg, createPublicKey(privateKey), (text) => sign(`sha${bits}`, text, key))
}

function edwards(alg: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return signer(alg, publicKey, (text) => sign(null, text, privateKey))
}

const signers: readonly Signer[] = [
  ...[256, 384, 512].flatMap((bits) => [hmac(bits), rsaSigner(bits, false), rsaSigner(bits, true)]),
  ec('ES256', 'P-256', 256),
  ec('ES384', 'P-384', 384),
  ec('ES512', 'P-521', 512),
  edwards('EdDSA'),
  edwards('Ed25519'),
]

export const signersByAlgorithm: ReadonlyMap<string, Signer> = new Map(
  signers.map((one) => [one.alg, one]),
)

// Every run has the same random numbers (the mulberry32 generator), so that a failure can be repeated.
function randomFrom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Random = ReturnType<typeof randomFrom>

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)] as T
}

const payloads: readonly unknown[] = [
  {},
  { sub: 'alice' },
  { sub: 'Ålice 🙂 \u0000\u2028', aud: ['a', 'b'] },
  { exp: 1, nbf: 9e9, iat: -5 },
  { exp: 1.5e300 },
  { deep: { er: [{ than: null }] }, __proto__: { a: 1 }, constructor: 1 },
  { exp: '1' },
  { exp: null },
  { nbf: [] },
  { iat: true },
  [],
  'text',
  5,
  null,
  true,
]

const headerChanges: readonly Record<string, unknown>[] = [
  {},
  {},
  { kid: 'unheard-of' },
  { kid: 5 },
  { typ: 'JWT' },
  { b64: true },
  { b64: false },
  { b64: true, crit: ['b64'] },
  { b64: false, crit: ['b64'] },
  { crit: ['b64'] },
  { crit: [] },
  { crit: null },
  { crit: 'b64' },
  { crit: ['exp'], exp: 1 },
  { b64: true, crit: ['b64', 'exp'], exp: 1 },
  { jwk: { kty: 'oct', k: 'AAAA' }, jku: 'https://evil.example', x5u: 'https://evil.example' },
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: 'RS256' },
  { alg: 'PS256' },
  { alg: 'ES256' },
  { alg: 'EdDSA' },
  { alg: 'hs256' },
  { alg: '' },
  { alg: 5 },
  { alg: ['HS256'] },
  { alg: undefined },
]

const strangeCharacters = ['+', '/', '=', ' ', '\n', '.', '%', '\u0000', 'é', '\u0141', '🙂']

// Signed as it stands: what is wrong is wrong because the issuer wrote it so.
const segmentChanges: readonly ((segment: string, random: Random) => string)[] = [
  (segment) => segment,
  (segment) => `${segment}=`,
  (segment) => `${segment}A`,
  (segment) => segment.slice(0, -1),
  (segment, random) => insert(segment, random, pick(random, strangeCharacters)),
  (segment) => segment.replaceAll('-', '+').replaceAll('_', '/'),
  () => '',
  () => 'A',
  () => encodeText('\ufeff{"sub":"alice"}'),
  () => encodeText('{"sub":"a","sub":"b"}'),
  () => encodeText('{"sub":"alice"} '),
  () => encodeText('{"sub":"alice"'),
  () => encodeText('\u00a0{}'),
  () => Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]).toString('base64url'),
]

function encodeText(text: string) {
  return Buffer.from(text).toString('base64url')
}

function insert(text: string, random: Random, piece: string) {
  const at = random(text.length + 1)
  return `${text.slice(0, at)}${piece}${text.slice(at)}`
}

// Changed after it was signed.
const tokenChanges: readonly ((token: string, random: Random, signer: Signer) => string)[] = [
  (token, random) => replaceAt(token, random, pick(random, Array.from('ABCxyz059-_'))),
  (token, random) => replaceAt(token, random, pick(random, strangeCharacters)),
  (token, random) => replaceAt(token, random, undefined),
  (token, random) => insert(token, random, pick(random, [...strangeCharacters, 'A', '_'])),
  (token, random) => token.slice(0, random(token.length)),
  (token, random) => token + 'A'.repeat(1 + random(8)),
  (token) => `${token}.`,
  (token) => `.${token}`,
  (token) => `${token}=`,
  (token) => `${token.slice(0, token.lastIndexOf('.'))}.`,
  (token) => token.split('.').reverse().join('.'),
  (token) => withSignature(token, (bytes) => Buffer.alloc(bytes.length)),
  (token) => withSignature(token, (bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
  (token) => withSignature(token, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
  (token) => withSignature(token, (bytes) => bytes.subarray(1)),
  (token) => withSignature(token, (bytes) => bytes.subarray(0, bytes.length / 2)),
  (token, random) => withSignature(token, (bytes) => flipBit(bytes, random)),
  (token, _, { token: make, alg }) => {
    const [header, payload] = token.split('.')
    return `${String(header)}.${String(payload)}.${String(make({ alg }, {}).split('.')[2])}`
  },
]

// A character further up that has the same last eight bits, or another character, or none.
function replaceAt(token: string, random: Random, by: string | undefined) {
  const at = random(token.length)
  const found = token.charCodeAt(at)
  const twin = String.fromCharCode(found + 256)
  const piece = by ?? pick(random, ['', twin])
  return `${token.slice(0, at)}${piece}${token.slice(at + 1)}`
}

function withSignature(token: string, change: (bytes: Buffer) => Buffer) {
  const [header, payload, signature = ''] = token.split('.')
  const changed = change(Buffer.from(signature, 'base64url')).toString('base64url')
  return `${String(header)}.${String(payload)}.${changed}`
}

function flipBit(bytes: Buffer, random: Random) {
  const copy = Buffer.from(bytes)
  const at = random(copy.length)
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << random(8)), at)
  return copy
}

/** Tokens of every kind: good ones, oddly written ones, ones that were changed on the way. */
export function corpusFor(one: Signer, count: number): readonly { how: string; token: string }[] {
  const random = randomFrom(20_260_101)
  const good = () => ({ alg: one.alg, ...pick(random, [{}, { kid: 'k' }, { typ: 'at+jwt' }]) })
  return Array.from({ length: count }, (_, index) => {
    switch (index % 4) {
      case 0:
        return { how: 'payload', token: one.token(good(), pick(random, payloads)) }
      case 1: {
        const header = { alg: one.alg, ...pick(random, headerChanges) }
        return { how: 'header', token: one.token(header, { sub: 'alice' }) }
      }
      case 2: {
        const [header, payload] = [encode(good()), encode({ sub: `user-${index}` })]
        const change = pick(random, segmentChanges)
        const changesHeader = random(3) === 0
        const token = changesHeader
          ? one.seal(change(header, random), payload)
          : one.seal(header, change(payload, random))
        return { how: 'segment', token }
      }
      default: {
        const token = one.token(good(), { sub: `user-${index}` })
        return { how: 'changed', token: pick(random, tokenChanges)(token, random, one) }
      }
    }
  })
}
