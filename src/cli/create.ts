import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { randomUUID } from 'node:crypto'
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JWK,
} from 'jose'
import {
  developmentIssuerName,
  developmentKeyFolder,
  openDevelopmentKey,
} from '../internal/development-key.js'
import type { Arguments, Command } from './arguments.js'
import { exitCodes, UsageError, type Terminal } from './terminal.js'
import { sha256 } from '../internal/sha256.js'

const longest = 365 * 86_400
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const ownClaims = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf']

/** `create`: a token for development. */
export const create: Command = {
  usage:
    '[--name <name>] [--audience <audience>] [--scope <scope>] [--role <role>] [--claim k=v] [--valid-for 8h] [--dpop]',
  summary: "Makes a token for development, signed with this project's development key.",
  options: {
    name: { type: 'string' },
    audience: { type: 'string', multiple: true },
    scope: { type: 'string', multiple: true },
    role: { type: 'string', multiple: true },
    claim: { type: 'string', multiple: true },
    'valid-for': { type: 'string' },
    dpop: { type: 'boolean' },
    method: { type: 'string' },
    url: { type: 'string' },
  },
  maxPositionals: 0,
  run: async (given, terminal) => {
    const claims = readClaims(given)
    const seconds = Math.floor(terminal.now() / 1000)
    const expires = seconds + readDuration(given.text('valid-for') ?? '8h')
    const target = readTarget(given)
    const folder = developmentKeyFolder(terminal)
    const key = await openDevelopmentKey(folder)
    const proofKey = given.flag('dpop') ? await writeProofKey(folder) : undefined
    const token = await new SignJWT({
      ...claims,
      ...(proofKey === undefined ? {} : { cnf: { jkt: proofKey.thumbprint } }),
      iss: developmentIssuerName,
      jti: randomUUID(),
      iat: seconds,
      nbf: seconds,
      exp: expires,
    })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
      .sign(await importJWK(key.privateJwk, 'ES256'))
    await advise(given, target, token, proofKey, terminal)
    return {
      code: exitCodes.done,
      data: {
        token,
        expiresAt: new Date(expires * 1000).toISOString(),
        ...(proofKey === undefined ? {} : { proofKeyFile: proofKey.file }),
      },
      lines: [token],
    }
  },
}

interface ProofKey {
  readonly file: string
  readonly thumbprint: string
  readonly privateKey: Parameters<typeof exportJWK>[0]
  readonly publicJwk: JWK
}

async function advise(
  given: Arguments,
  { method, url }: { method: string; url: string },
  token: string,
  proofKey: ProofKey | undefined,
  { note, now }: Terminal,
): Promise<void> {
  if (given.texts('audience').length === 0) {
    note('The token names no audience, which most APIs refuse: give it one with --audience.')
  }
  if (proofKey === undefined) return
  const proof = await new SignJWT({
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(now() / 1000),
    ath: sha256(token),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: proofKey.publicJwk })
    .sign(proofKey.privateKey)
  note(`The key of the proofs: ${proofKey.file}`)
  note('A proof serves once, and for a minute (the token in $TOKEN):')
  note(`curl -X ${method} '${url}' -H "Authorization: DPoP $TOKEN" -H 'DPoP: ${proof}'`)
}

async function writeProofKey(folder: string): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  const thumbprint = await calculateJwkThumbprint(publicJwk)
  const file = join(folder, `proof-${thumbprint}.json`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(file, `${JSON.stringify(await exportJWK(privateKey))}\n`, { mode: 0o600 })
  return { file, thumbprint, privateKey, publicJwk }
}

function readClaims(given: Arguments): Record<string, unknown> {
  const name = given.text('name') ?? userInfo().username
  if (name.trim() === '') throw new UsageError('--name must not be empty')
  const claims: Record<string, unknown> = { sub: name, name }
  const audiences = given.texts('audience')
  if (audiences.length > 0) claims['aud'] = audiences.length === 1 ? audiences[0] : audiences
  const scopes = given.texts('scope').flatMap((scope) => scope.split(/[ ,]+/).filter(Boolean))
  if (scopes.length > 0) claims['scope'] = scopes.join(' ')
  if (given.texts('role').length > 0) claims['roles'] = given.texts('role')
  for (const text of given.texts('claim')) addClaim(claims, text)
  return claims
}

function addClaim(claims: Record<string, unknown>, text: string): void {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1) throw new UsageError('--claim must be name=value')
  if (ownClaims.includes(name)) {
    throw new UsageError(`--claim cannot set "${name}", which the command sets itself`)
  }
  const value = readValue(text.slice(at + 1))
  const earlier = Object.hasOwn(claims, name) && name !== 'name' ? claims[name] : undefined
  Object.defineProperty(claims, name, {
    value: earlier === undefined ? value : [earlier, value].flat(),
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

// Numbers, switches, arrays and objects are what they look like; everything else is text.
function readValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return text
  }
}

function readDuration(text: string): number {
  const { count, unit } = /^(?<count>\d+)(?<unit>[smhd])$/.exec(text)?.groups ?? {}
  const seconds = Number(count) * (units[unit ?? ''] ?? NaN)
  if (!(seconds > 0))
    throw new UsageError('--valid-for must be a number with s, m, h or d, such as 8h')
  if (seconds > longest) throw new UsageError('--valid-for must be at most 365d')
  return seconds
}

function readTarget(given: Arguments): { method: string; url: string } {
  const url = given.text('url') ?? 'http://localhost:3000/'
  const method = given.text('method') ?? 'GET'
  if (!URL.canParse(url)) throw new UsageError('--url must be a URL')
  if (!/^[A-Z]+$/.test(method)) throw new UsageError('--method must be an HTTP method')
  const { origin, pathname } = new URL(url)
  return { method, url: `${origin}${pathname.replaceAll("'", '%27')}` }
}
