import { symmetricKey } from '../core/keys/symmetric-key.js'
import type { IssuerSigningKey } from '../core/keys/signing-key.js'
import type { JwtBearerOptions } from '../core/authentication/options.js'
import type { Arguments, OptionTable } from './arguments.js'
import { UsageError, type Terminal } from './terminal.js'
import { readTextFile } from './token-input.js'

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const

/** Where an issuer's keys are found. */
export const keySourceOptions: OptionTable = {
  authority: text,
  'metadata-address': text,
  'jwks-uri': text,
  'no-require-https-metadata': flag,
  'backchannel-timeout': text,
}

/** The options of `jwtBearer()` in kebab case. */
export const bearerOptionTable: OptionTable = {
  ...keySourceOptions,
  audience: texts,
  'valid-issuer': texts,
  'valid-types': texts,
  'valid-algorithms': texts,
  'clock-skew': text,
  'max-token-age': text,
  'max-token-length': text,
  'role-claim-type': texts,
  realm: text,
  'no-validate-audience': flag,
  'no-validate-issuer': flag,
  'no-validate-lifetime': flag,
  'no-validate-confirmation': flag,
  key: texts,
  'secret-env': text,
  at: text,
}

/** Turns the words of the command line into the options of `jwtBearer()`, which checks them. */
export async function readBearerOptions(
  given: Arguments,
  terminal: Terminal,
): Promise<JwtBearerOptions> {
  const off = (name: string) => (given.flag(`no-${name}`) ? false : undefined)
  const at = readInstant(given.text('at'))
  return {
    ...readKeySource(given, terminal),
    audience: severalOrNone(given.texts('audience')),
    realm: given.text('realm'),
    maxTokenLength: given.number('max-token-length'),
    clock: at === undefined ? terminal.now : () => at,
    tokenValidationParameters: {
      validIssuers: severalOrNone(given.texts('valid-issuer')),
      validTypes: severalOrNone(given.texts('valid-types')),
      validAlgorithms: severalOrNone(given.texts('valid-algorithms')),
      roleClaimType: severalOrNone(given.texts('role-claim-type')),
      clockSkew: given.number('clock-skew'),
      maxTokenAge: given.number('max-token-age'),
      validateAudience: off('validate-audience'),
      validateIssuer: off('validate-issuer'),
      validateLifetime: off('validate-lifetime'),
      validateConfirmation: off('validate-confirmation'),
      issuerSigningKeys: severalOrNone(await readKeys(given, terminal)),
    },
  }
}

/** Reads where the keys are found. */
export function readKeySource(given: Arguments, terminal: Terminal): JwtBearerOptions {
  return {
    authority: given.text('authority'),
    metadataAddress: given.text('metadata-address'),
    jwksUri: given.text('jwks-uri'),
    requireHttpsMetadata: given.flag('no-require-https-metadata') ? false : undefined,
    backchannelTimeout: given.number('backchannel-timeout'),
    fetch: terminal.fetch,
  }
}

async function readKeys(
  given: Arguments,
  terminal: Terminal,
): Promise<readonly IssuerSigningKey[]> {
  const files = await Promise.all(given.texts('key').map((file) => readKey(file, terminal)))
  const name = given.text('secret-env')
  if (name === undefined) return files
  const secret = terminal.env[name]
  if (secret === undefined || secret === '') {
    throw new UsageError('--secret-env names a variable that is not set')
  }
  return [...files, symmetricKey(secret)]
}

async function readKey(file: string, terminal: Terminal): Promise<IssuerSigningKey> {
  const content = await readTextFile(file, 'key', terminal)
  if (!content.trimStart().startsWith('{')) return content
  try {
    return JSON.parse(content) as IssuerSigningKey
  } catch {
    throw new UsageError('--key: the file is neither PEM text nor a JWK nor a JWK set')
  }
}

function readInstant(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const instant = Date.parse(value)
  if (Number.isFinite(instant)) return instant
  throw new UsageError('--at must be an ISO time such as 2026-01-31T12:00:00Z')
}

function severalOrNone<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values
}
