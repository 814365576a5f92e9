import type { AuthenticationRequest } from './read-token.js'

/** Headers by name, in any case; several lines of one name as an array. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>

/** Headers as pairs of name and value, as Fetch's `Headers` and a `Map` give them. */
export type HeaderPairs = Iterable<readonly [name: string, value: string]>

/** Anything with headers, such as Fetch's `Request`; names count in any case. */
export interface RequestWithHeaders {
  readonly headers: HeaderRecord | HeaderPairs
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/**
 * Gives the credentials among the headers of what was handed to `authenticate()` in Node's form. Two
 * spellings of one name are two lines.
 *
 * @throws TypeError for what cannot be read, which must never pass for "no credentials".
 */
export function requestView(request: unknown): AuthenticationRequest {
  if (!isObject(request)) throw unreadable()
  const { headers = headersAlone(request), rawHeaders, headersDistinct } = request
  if (!isObject(headers)) throw unreadable()
  const lines = linesIn(headers, 'authorization')
  return {
    headers: { authorization: lines.length > 1 ? lines : lines[0] },
    rawHeaders: Array.isArray(rawHeaders) ? rawHeaders : undefined,
    headersDistinct: isObject(headersDistinct)
      ? (headersDistinct as AuthenticationRequest['headersDistinct'])
      : undefined,
  }
}

// Headers in the place of a request.
function headersAlone(request: Record<PropertyKey, unknown>): unknown {
  const isNamed = Object.keys(request).some((name) => name.toLowerCase() === 'authorization')
  return isNamed || Symbol.iterator in request ? request : undefined
}

/**
 * Lists the lines of a header of whatever `authenticate()` or Express was handed.
 *
 * @param name - In lower case.
 */
export function headerLines(request: object, name: string): readonly string[] {
  const {
    headers = headersAlone(request as never),
    rawHeaders,
    headersDistinct,
  } = request as Record<string, unknown>
  // Node merges lines of one name in `headers`, which is what other middleware changes.
  const merged = linesIn(headers as Record<PropertyKey, unknown>, name)
  const distinct = (headersDistinct as AuthenticationRequest['headersDistinct'])?.[name] ?? []
  const raw = Array.isArray(rawHeaders) ? (rawHeaders as readonly string[]) : []
  const sent = raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name)
  return [sent, distinct].find((lines) => lines.length > 1) ?? merged
}

function linesIn(headers: Record<PropertyKey, unknown>, wanted: string): readonly string[] {
  const lines: string[] = []
  eachHeader(headers, (name, value) => {
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) return
    lines.push(...textsOf(value))
  })
  return lines
}

function eachHeader(
  headers: Record<PropertyKey, unknown>,
  visit: (name: string, value: unknown) => void,
): void {
  if (typeof headers[Symbol.iterator] === 'function') {
    for (const pair of headers as unknown as Iterable<unknown>) {
      if (!Array.isArray(pair) || typeof pair[0] !== 'string') throw unreadable()
      visit(pair[0], pair[1])
    }
    return
  }
  const names = Object.keys(headers)
  // Whatever keeps its headers to itself shows no names either.
  if (names.length === 0 && !isPlain(headers)) throw unreadable()
  for (const name of names) visit(name, headers[name])
}

// A prototype of another realm, such as a test runner's, is as good as ours.
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.map((text) => {
    if (typeof text !== 'string') throw unreadable()
    return text
  })
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}

function unreadable(): TypeError {
  return new TypeError(
    'authenticate() reads a request with "headers": an object with texts or arrays of texts, a Headers or a Map',
  )
}
