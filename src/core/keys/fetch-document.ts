import { shownAddress } from '../../internal/shown-address.js'
import { addressFault } from './address.js'

const maxBytes = 1024 * 1024

/** Reports an answer that came and cannot be used, as opposed to one that did not come. */
export class UnusableDocumentError extends Error {}

/** Reports a server in trouble or in too much demand, which says nothing about where its documents are. */
export class ServerTroubleError extends Error {
  /** The answer's `Retry-After`, as it came; only 429 and 503 have one that counts. */
  readonly retryAfter: string | null

  constructor(message: string, retryAfter: string | null) {
    super(message)
    this.retryAfter = retryAfter
  }
}

/** How documents are fetched. */
export interface Backchannel {
  readonly fetch: typeof globalThis.fetch
  readonly requireHttps: boolean
}

/**
 * Fetches a JSON object of at most 1 MiB. Redirects are not followed: whoever could make one could
 * otherwise choose the keys.
 *
 * @throws {@link UnusableDocumentError} when the answer cannot be used, {@link ServerTroubleError} for 429 and 5xx,
 * what `fetch` throws when there is none.
 */
export async function fetchDocument(
  address: string,
  { fetch, requireHttps }: Backchannel,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const shown = shownAddress(address)
  const fault = addressFault(address, requireHttps)
  if (fault !== undefined) throw new UnusableDocumentError(`${shown} ${fault}`)
  const response = await fetch(address, {
    headers: { Accept: 'application/json' },
    redirect: 'manual',
    signal,
  })
  if (response.status !== 200 || response.redirected) {
    discard(response.body)
    throw refusal(response, shown)
  }
  return parseObject(await readText(response, shown), shown)
}

function refusal({ status, headers }: Response, shown: string): Error {
  const message = `${shown} answered ${status}`
  if (status < 500 && status !== 429) return new UnusableDocumentError(message)
  const retryAfter = status === 429 || status === 503 ? headers.get('Retry-After') : null
  return new ServerTroubleError(message, retryAfter)
}

// Fetch's body is a web stream, that of older libraries a stream of Node's.
type Body = Partial<
  AsyncIterable<Uint8Array | string> &
    Pick<ReadableStream, 'cancel'> &
    Pick<NodeJS.ReadableStream, 'on'> & { destroy(): void }
>

// An unread body keeps its connection busy. One that breaks afterwards concerns nobody.
function discard(body: unknown): void {
  const { cancel, destroy } = quiet(body)
  if (cancel !== undefined) void cancel.call(body as ReadableStream).catch(() => undefined)
  else destroy?.call(body)
}

function quiet(body: unknown): Body {
  const stream = (body ?? {}) as Body
  stream.on?.('error', () => undefined)
  return stream
}

async function readText(response: Response, shown: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const body = quiet(response.body)
  if (body[Symbol.asyncIterator] === undefined) return text
  for await (const part of body as AsyncIterable<Uint8Array | string>) {
    const chunk = typeof part === 'string' ? Buffer.from(part) : part
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new UnusableDocumentError(`${shown} answered with more than 1 MiB`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parseObject(text: string, shown: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnusableDocumentError(`${shown} answered with something that is no JSON object`)
  }
  return value as Record<string, unknown>
}
