import { isSymmetric } from './algorithms.js'
import { tryImport, type SigningKey } from './signing-key.js'

/** A key of a published set that is left out, and why. */
export interface SkippedKey {
  readonly kid: string | undefined
  readonly reason: string
}

/** The usable keys of a published set by their published form, and those that are left out. */
export interface ImportedKeys {
  readonly byJwk: ReadonlyMap<string, SigningKey>
  readonly skipped: readonly SkippedKey[]
}

/**
 * Imports the usable keys of a published set: a key that was there before keeps its identity. Shared secrets
 * have no place in such a set, since whoever reads it could sign, and are left out.
 */
export function importPublishedKeys(
  jwks: readonly unknown[],
  earlier: ReadonlyMap<string, SigningKey> | undefined,
): ImportedKeys {
  const byJwk = new Map<string, SigningKey>()
  const skipped: SkippedKey[] = []
  for (const jwk of jwks) {
    const text = textOf(jwk)
    const key = text === undefined ? 'it cannot be read' : (earlier?.get(text) ?? tryImport(jwk))
    if (typeof key === 'string') skipped.push({ kid: kidOf(jwk), reason: key })
    else if ([...key.algorithms].some(isSymmetric)) {
      skipped.push({ kid: key.kid, reason: 'a shared secret has no place in a published set' })
    } else byJwk.set(text as string, key)
  }
  return { byJwk, skipped }
}

// Nothing for a key that nests deeper than the stack goes.
function textOf(jwk: unknown): string | undefined {
  try {
    return JSON.stringify(jwk)
  } catch {
    return undefined
  }
}

function kidOf(jwk: unknown): string | undefined {
  const { kid } = (jwk ?? {}) as { kid?: unknown }
  return typeof kid === 'string' ? kid : undefined
}
