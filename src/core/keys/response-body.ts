const maxBytes = 1024 * 1024

/** Reports a body of more than 1 MiB. */
export class TooLargeError extends Error {}

// Fetch's body is a web stream, that of older libraries a stream of Node's.
type Body = Partial<
  AsyncIterable<Uint8Array | string> &
    Pick<ReadableStream, 'cancel'> &
    Pick<NodeJS.ReadableStream, 'on'> & { destroy(): void }
>

/** Lets go of a body that nobody reads, which would keep its connection busy. */
export function discardBody(body: unknown): void {
  const { cancel, destroy } = quiet(body)
  if (cancel !== undefined) void cancel.call(body as ReadableStream).catch(() => undefined)
  else destroy?.call(body)
}

// A body that breaks after its answer was refused concerns nobody.
function quiet(body: unknown): Body {
  const stream = (body ?? {}) as Body
  stream.on?.('error', () => undefined)
  return stream
}

/**
 * Reads a body as text.
 *
 * @throws {@link TooLargeError} beyond 1 MiB.
 */
export async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const body = quiet(response.body)
  if (body[Symbol.asyncIterator] === undefined) return text
  for await (const part of body as AsyncIterable<Uint8Array | string>) {
    const chunk = typeof part === 'string' ? Buffer.from(part) : part
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new TooLargeError('more than 1 MiB')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Reads a text as a JSON object; nothing when it is none. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
