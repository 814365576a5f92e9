import { ConfigurationError, MetadataUnavailableError } from '../errors.js'
import { SigningKeyNotFoundError } from '../token-errors.js'
import type { JwtHeader } from '../event-context.js'
import { freezeClaims } from '../../internal/frozen-claims.js'
import { LruMap } from '../../internal/lru-map.js'
import { andThen, attempt, type MaybePromise } from '../../internal/maybe-promise.js'
import {
  importSigningKeys,
  isKeySet,
  usableKeys,
  type IssuerSigningKey,
  type SigningKey,
} from './signing-key.js'
import type { Trust, TrustSource } from './trust.js'
import { UnfitKeyError } from './unusable-key.js'

/**
 * Finds the key or keys for a token by its header, which is frozen. Nothing returned means: refused.
 *
 * Something that is no key is a fault of the function's, answered with 500, not the caller's.
 */
export type IssuerSigningKeyResolver = (
  header: JwtHeader,
) => MaybePromise<IssuerSigningKey | readonly IssuerSigningKey[] | null | undefined>

const maxRemembered = 1000

/** Trusts what a function of the user's returns for each token. */
export function resolvedTrust(resolve: IssuerSigningKeyResolver): TrustSource {
  const imported = rememberImports()
  return {
    current: (header) =>
      andThen(
        attempt(() => resolve(freezeClaims(header)), unavailable),
        (found): Trust => {
          const keys = keysAmong([found].flat(), imported)
          if (keys.length === 0) throw new SigningKeyNotFoundError()
          return { keys, chosen: true }
        },
      ),
    renewed: () => undefined,
    rechecked: () => undefined,
  }
}

function unavailable(cause: unknown): never {
  if (cause instanceof SigningKeyNotFoundError) throw cause
  throw new MetadataUnavailableError('The issuerSigningKeyResolver failed', { cause })
}

type Found = IssuerSigningKey | null | undefined
type Import = (source: IssuerSigningKey) => readonly SigningKey[]

// One that is no key does the others no harm; alone it is a fault that must be seen.
function keysAmong(sources: readonly Found[], imported: Import): readonly SigningKey[] {
  let fault: unknown
  const keys = sources.flatMap((source) => {
    if (source === undefined || source === null) return []
    try {
      return imported(source)
    } catch (error) {
      fault = error
      return []
    }
  })
  if (keys.length === 0 && fault !== undefined) throw fault as Error
  return keys
}

// The same key comes back for every token and is read once. It is known by what it says, since an object may
// say something else next time; only keys that cannot change are known by themselves.
function rememberImports(): Import {
  const remembered = new LruMap<unknown, readonly SigningKey[]>(maxRemembered)
  return (source) => {
    const name = contentOf(source)
    const known = remembered.get(name)
    if (known !== undefined) return known
    const keys = importFound(source)
    if (keys.length > 0) remembered.set(name, keys)
    return keys
  }
}

/**
 * Gives what tells a key from another: the text of a JWK or JWK set, which may change, and any other key
 * itself, which cannot.
 */
export function contentOf(source: unknown): unknown {
  const { kty, keys } = (source ?? {}) as { kty?: unknown; keys?: unknown }
  if (typeof source === 'string' || (kty === undefined && !Array.isArray(keys))) return source
  try {
    return `JWK ${JSON.stringify(source)}`
  } catch {
    // What cannot be told from another is never known again.
    return Symbol('unreadable')
  }
}

function importFound(source: IssuerSigningKey): readonly SigningKey[] {
  if (isKeySet(source)) return usableKeys(source.keys)
  try {
    return importSigningKeys(source)
  } catch (error) {
    // A key for another purpose is none for this token; which one is looked up, the caller may have chosen.
    if (error instanceof UnfitKeyError) return []
    throw new ConfigurationError(
      `"issuerSigningKeyResolver" returned something that cannot be used: ${(error as Error).message}`,
    )
  }
}
