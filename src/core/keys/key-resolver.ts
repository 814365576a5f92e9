import { MetadataUnavailableError } from '../errors.js'
import { SigningKeyNotFoundError } from '../token-errors.js'
import type { JwtHeader } from '../events.js'
import { andThen, attempt, type MaybePromise } from '../../internal/maybe-promise.js'
import { importSigningKeys, type IssuerSigningKey, type SigningKey } from './signing-key.js'
import type { Trust, TrustSource } from './trust.js'

/** Finds the key or keys for a token by its header. Nothing returned means: refused. */
export type IssuerSigningKeyResolver = (
  header: JwtHeader,
) => MaybePromise<IssuerSigningKey | readonly IssuerSigningKey[] | null | undefined>

const maxRememberedTexts = 100

/** Trusts what a function of the user's returns for each token. */
export function resolvedTrust(resolve: IssuerSigningKeyResolver): TrustSource {
  const imported = rememberImports()
  return {
    current: (header) =>
      andThen(
        attempt(() => resolve(header), unavailable),
        (found): Trust => {
          const sources = found === undefined || found === null ? [] : [found].flat()
          const keys = sources.flatMap((source) => imported(source))
          if (keys.length === 0) throw new SigningKeyNotFoundError()
          return { keys, chosen: true }
        },
      ),
    renewed: () => undefined,
  }
}

function unavailable(cause: unknown): never {
  if (cause instanceof SigningKeyNotFoundError) throw cause
  throw new MetadataUnavailableError('The issuerSigningKeyResolver failed', { cause })
}

// The same key comes back for every token: it is read once, and its identity tells that it is the same.
function rememberImports(): (source: IssuerSigningKey) => readonly SigningKey[] {
  const objects = new WeakMap<object, readonly SigningKey[]>()
  const texts = new Map<string, readonly SigningKey[]>()
  return (source) => {
    const memory = (typeof source === 'string' ? texts : objects) as Map<
      unknown,
      readonly SigningKey[]
    >
    const known = memory.get(source)
    if (known !== undefined) return known
    const keys = usable(source)
    if (texts.size >= maxRememberedTexts) texts.clear()
    if (typeof source === 'string' || (typeof source === 'object' && source !== null))
      memory.set(source, keys)
    return keys
  }
}

function usable(source: IssuerSigningKey): readonly SigningKey[] {
  try {
    return importSigningKeys(source)
  } catch {
    return []
  }
}
