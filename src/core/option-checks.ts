import { nearestName } from '../internal/nearest-name.js'
import { shownAddress } from '../internal/shown-address.js'
import { ConfigurationError } from './errors.js'

/** Says what a value is, without quoting anything that could be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string'
  if (typeof value === 'function') return 'a function'
  return Array.isArray(value) ? 'an array' : `an ${typeof value}`
}

/** Says what a value is, quoting text, of an address the part that may be shown. Not for keys and secrets. */
export function show(value: unknown): string {
  if (typeof value !== 'string' || value === '') return kindOf(value)
  const text = /[@?]|:\/\//.test(value) ? shownAddress(value) : value
  return JSON.stringify(text.slice(0, 80))
}

function wrong(name: string, rule: string, value: unknown): ConfigurationError {
  return new ConfigurationError(`"${name}" must be ${rule}, got ${show(value)}`)
}

/** Requires an object. */
export function checkObject(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(`${name} must be an object, got ${kindOf(value)}`)
  }
}

/**
 * Requires an object and refuses names it does not know, so that a misspelt option never goes unnoticed.
 *
 * @param hintFor - Knows better than the spelling what a foreign name stands for.
 */
export function checkNames(
  value: unknown,
  known: readonly string[],
  name: string,
  hintFor: (key: string) => string | undefined = () => undefined,
): void {
  checkObject(value, name)
  for (const key of Object.keys(value as object)) {
    if (known.includes(key)) continue
    const hint = hintFor(key) ?? hintBySpelling(key, known)
    // Whoever spreads a secret into options puts its characters in the place of names.
    const shown = JSON.stringify(key.slice(0, 40))
    throw new ConfigurationError(`${shown} is not a member of ${name}; ${hint}`)
  }
}

function hintBySpelling(key: string, known: readonly string[]): string {
  const meant = nearestName(key, known)
  return meant === undefined ? `known are ${known.join(', ')}` : `did you mean "${meant}"?`
}

/** Requires an object with methods, such as a store; `optional` ones may be absent, but must not be anything else. */
export function checkMethods<T extends object>(
  value: T | undefined,
  name: string,
  methods: readonly (keyof T & string)[],
  optional: readonly (keyof T & string)[] = [],
): void {
  const found = (value ?? {}) as Record<string, unknown>
  const lacking = [...methods, ...optional.filter((method) => found[method] !== undefined)].filter(
    (method) => typeof found[method] !== 'function',
  )
  if (lacking.length === 0) return
  const list = (names: readonly string[]) => names.map((method) => `${method}()`).join(', ')
  const isObject = typeof value === 'object' && (value as T | null) !== null
  throw new ConfigurationError(
    `"${name}" must be an object with ${list(methods)}, ${isObject ? `and lacks ${list(lacking)}` : `got ${kindOf(value)}`}`,
  )
}

/** Reads a switch; `undefined` means the default. */
export function readFlag(value: unknown, name: string, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw wrong(name, 'true or false', value)
  return value
}

/**
 * Reads a duration in seconds; `undefined` means the default.
 *
 * @param most - The longest duration that can be meant: a larger number is one of milliseconds, or no
 * protection any more.
 */
export function readSeconds(value: unknown, name: string, fallback: number, most: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw wrong(name, 'a non-negative number of seconds', value)
  }
  if (value > most) {
    throw new ConfigurationError(
      `"${name}" must be at most ${most} seconds, got ${value}; seconds, not milliseconds?`,
    )
  }
  return value
}

/** Reads a clock. Without one, `Date.now` is looked up at each call, so that a fake clock set later counts. */
export function readClock(value: (() => number) | undefined): () => number {
  return readFunction(value, 'clock') ?? (() => Date.now())
}

/** Reads a whole number of at least one; `undefined` means the default. */
export function readCount(value: unknown, name: string, fallback: number): number {
  if (value === undefined) return fallback
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw wrong(name, 'a whole number of at least 1', value)
  }
  return value as number
}

/** Reads a text that must not be empty; `undefined` stays `undefined`. */
export function readText(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '')
    throw wrong(name, 'a non-empty string', value)
  return value
}

/** Reads one text or several; `undefined` means none. */
export function readTexts(value: unknown, name: string): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) return [readText(value, name) as string]
  return value.map((item, index) => {
    const text = readText(item, `${name}[${index}]`)
    if (text === undefined) throw wrong(`${name}[${index}]`, 'a non-empty string', item)
    return text
  })
}

/** Reads a list of texts; a single text is refused where the name is a plural. */
export function readList(value: unknown, name: string): readonly string[] {
  if (value !== undefined && !Array.isArray(value)) throw wrong(name, 'an array of strings', value)
  return readTexts(value, name)
}

/** Requires a function. */
export function requireFunction(value: unknown, name: string): void {
  if (typeof value === 'function') return
  throw new ConfigurationError(`"${name}" must be a function, got ${kindOf(value)}`)
}

/** Reads a function; `undefined` stays `undefined`. */
export function readFunction<T>(value: T, name: string): T {
  if (value !== undefined) requireFunction(value, name)
  return value
}
