import { createHash, createPrivateKey, type JsonWebKey } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** The `iss` of development tokens. */
export const developmentIssuerName = 'express-jwt-bearer-dev'

/** The key that a project's development tokens are signed with. */
export interface DevelopmentKey {
  readonly file: string
  readonly kid: string
  readonly privateJwk: JWK
  readonly publicJwk: JWK
}

/** Reports a key file that is damaged or out of reach, in words for whoever set the project up. */
export class DevelopmentKeyError extends Error {}

/** Where a process stands: what decides which project it belongs to. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * Finds the folder of a project's development key: outside the project, so that it is never committed, under
 * a name made from the project's real path.
 */
export function developmentKeyFolder({ env, cwd }: Surroundings): string {
  const { XDG_CONFIG_HOME: given = '', HOME: home = homedir() } = env
  // The XDG specification takes an empty variable for one that is not set.
  const config = given === '' ? join(home, '.config') : given
  const project = createHash('sha256')
    .update(realpathSync(projectAt(cwd)))
    .digest('hex')
  return join(config, 'express-jwt-bearer', project)
}

// The nearest folder with a package.json at or above the working directory; without one, that directory.
function projectAt(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return cwd
  }
}

/**
 * Reads the key of a folder.
 *
 * @returns Nothing where there is none yet.
 * @throws {@link DevelopmentKeyError} when the file is damaged.
 */
export function readDevelopmentKey(folder: string): DevelopmentKey | undefined {
  const file = join(folder, 'key.json')
  const text = contentOf(file)
  if (text === undefined) return undefined
  const jwk = parsed(text)
  if (jwk === undefined) {
    throw new DevelopmentKeyError(
      `the development key in ${file} is damaged; replace it with "npx express-jwt-bearer dev-key --reset"`,
    )
  }
  const { kty, crv, x, y, kid } = jwk
  const publicJwk = { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } as JWK
  return { file, kid: kid as string, privateJwk: jwk, publicJwk }
}

/**
 * Reads the key of a folder, or makes it.
 *
 * @throws {@link DevelopmentKeyError} when the file is damaged, or cannot be written.
 */
export async function openDevelopmentKey(folder: string): Promise<DevelopmentKey> {
  const known = readDevelopmentKey(folder)
  if (known !== undefined) return known
  try {
    await writeKey(folder, link)
  } catch (error) {
    // A link is refused where another process was first; its key then counts.
    if (readDevelopmentKey(folder) === undefined) throw error
  }
  return readDevelopmentKey(folder) as DevelopmentKey
}

/**
 * Replaces the key of a folder: tokens of the earlier one are refused from then on.
 *
 * @throws {@link DevelopmentKeyError} when it cannot be written.
 */
export async function replaceDevelopmentKey(folder: string): Promise<DevelopmentKey> {
  await writeKey(folder, rename)
  return readDevelopmentKey(folder) as DevelopmentKey
}

async function writeKey(
  folder: string,
  put: (made: string, file: string) => Promise<void>,
): Promise<void> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const made = join(folder, `key-${process.pid}-${kid}.json`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(made, `${JSON.stringify({ ...jwk, kid }, undefined, 2)}\n`, { mode: 0o600 })
    await put(made, join(folder, 'key.json')).finally(() => rm(made, { force: true }))
  } catch (error) {
    throw new DevelopmentKeyError(
      `the development key cannot be written into ${folder} (${codeOf(error)})`,
    )
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return undefined
    throw new DevelopmentKeyError(`the development key in ${file} cannot be read (${code})`)
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}

function parsed(text: string): JWK | undefined {
  try {
    const jwk = JSON.parse(text) as JWK | null
    const whole = [jwk?.crv === 'P-256', jwk?.x, jwk?.y, jwk?.d, jwk?.kid].every(Boolean)
    return whole && jwk !== null && isKey(jwk) ? jwk : undefined
  } catch {
    return undefined
  }
}

function isKey(jwk: JWK): boolean {
  return createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' }).type === 'private'
}
