// Tops that are frozen to the bottom: a frozen top alone does not tell, a schema may have left it at that.
const frozen = new WeakSet()

/** Freezes plain objects and arrays to the bottom; anything else a schema may put out stays as it is. */
export function freezeClaims<T extends object>(value: T): T {
  if (frozen.has(value)) return value
  for (const part of partsOf(value)) if (isPlain(part)) Object.freeze(part)
  frozen.add(value)
  return value
}

/** Tells whether freezing reaches every part of a value, so that requests can share it. */
export function canFreeze(value: object): boolean {
  return [...partsOf(value)].every(isPlain)
}

// A list instead of recursion: a token may nest deeper than the stack goes, and a schema may make circles.
function partsOf(value: object): ReadonlySet<unknown> {
  const parts = new Set<unknown>([value])
  for (const part of parts) {
    const inner: readonly unknown[] = isPlain(part) ? Object.values(part) : []
    for (const one of inner) if (isReference(one)) parts.add(one)
  }
  return parts
}

function isReference(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function isPlain(value: unknown): value is object {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
