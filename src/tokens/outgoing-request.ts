/** A request that can be built more than once, unless its body is a stream. */
export interface OutgoingRequest {
  readonly isRepeatable: boolean
  readonly signal: AbortSignal | undefined
  build(): Request
}

/** Prepares what was given to `fetch` for more than one attempt. */
export function prepareRequest(
  input: string | URL | Request,
  target: URL,
  init: RequestInit,
): OutgoingRequest {
  const given = input instanceof Request ? input : undefined
  return {
    isRepeatable: !isStream(init.body),
    signal: init.signal ?? given?.signal,
    // A clone each time: the body of the given request stays unread for the next attempt.
    build: () => new Request(given?.clone() ?? target, init),
  }
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
