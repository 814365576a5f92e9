/** A request that can be built more than once, unless its body is a stream. */
export interface OutgoingRequest {
  readonly isRepeatable: boolean
  readonly signal: AbortSignal | undefined
  /** What to do about redirects. */
  readonly redirect: Request['redirect']
  /** Builds the request, with some of its members changed. */
  build(change?: RequestInit): Request
  /**
   * Builds the request for another address of the same API.
   *
   * @param change - The method and the body that a redirect asks for; without any, they stay.
   * @throws `TypeError` when the body is a stream, which is gone.
   */
  buildFor(target: URL, change: RequestInit): Promise<Request>
}

// Fetch standard, request-body-header name.
const bodyHeaders = ['Content-Encoding', 'Content-Language', 'Content-Location', 'Content-Type']

/** Prepares what was given to `fetch` for more than one attempt. */
export function prepareRequest(
  input: string | URL | Request,
  target: URL,
  init: RequestInit,
): OutgoingRequest {
  const given = input instanceof Request ? input : undefined
  const isRepeatable = !(init.body ? isStream(init.body) : hasStream(given))
  const signal = init.signal ?? given?.signal

  function build(change: RequestInit = {}): Request {
    // A clone each time: the body of the given request stays unread for the next attempt. A stream is
    // sent once, and a clone of it would keep all that was sent.
    const source = (isRepeatable ? given?.clone() : given) ?? target
    return new Request(source, { ...init, ...change })
  }

  return {
    isRepeatable,
    signal,
    redirect: init.redirect ?? given?.redirect ?? 'follow',
    build,
    async buildFor(next, change) {
      const all = { ...init, signal: signal ?? null }
      if (change.body === null) {
        const headers = new Headers(init.headers ?? given?.headers)
        for (const name of bodyHeaders) headers.delete(name)
        return new Request(next, { ...all, headers, ...change })
      }
      if (!isRepeatable) {
        throw new TypeError('The API redirects a request whose body is gone')
      }
      const sent = build()
      const { method, headers } = sent
      const body = sent.body && (await sent.arrayBuffer())
      return new Request(next, { ...all, method, headers, body, ...change })
    },
  }
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && Symbol.asyncIterator in (body as object)
}

// The body of a request is always shown as a stream. Fetch knows better, and tells when it is asked for
// what streams may not do: Fetch standard, Request constructor, step "inputOrInitBody's source is null".
function hasStream(request: Request | undefined): boolean {
  if (!request?.body) return false
  const probe = request.clone()
  try {
    new Request(probe, { mode: 'no-cors', method: 'POST' })
    return false
  } catch {
    void discardBody(probe)
    return true
  }
}

/** Lets go of a body that nobody will read: it would keep its connection, or all that is sent, busy. */
export async function discardBody({ body }: Request | Response): Promise<void> {
  await body?.cancel().catch(() => undefined)
}
