const maxBytes = 1024 * 1024

/** Reports an answer that came and cannot be used, as opposed to one that did not come. */
export class UnusableDocumentError extends Error {}

/** How documents are fetched. */
export interface Backchannel {
  readonly fetch: typeof globalThis.fetch
  readonly requireHttps: boolean
}

/**
 * Fetches a JSON object of at most 1 MiB. Redirects are not followed: whoever could make one could
 * otherwise choose the keys.
 *
 * @throws {@link UnusableDocumentError} when the answer cannot be used; what `fetch` throws when there is none.
 */
export async function fetchDocument(
  address: string,
  { fetch, requireHttps }: Backchannel,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const fault = addressFault(address, requireHttps)
  if (fault !== undefined) throw new UnusableDocumentError(`${address} ${fault}`)
  const response = await fetch(address, {
    headers: { Accept: 'application/json' },
    redirect: 'manual',
    signal,
  })
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel()
    const message = `${address} answered ${response.status}`
    // A server in trouble says nothing about where its documents are.
    throw response.status >= 500 ? new Error(message) : new UnusableDocumentError(message)
  }
  return parseObject(await readText(response, address), address)
}

/** Says what is wrong with an address that documents are to be fetched from; nothing when it will do. */
export function addressFault(address: string, requireHttps: boolean): string | undefined {
  if (!URL.canParse(address)) return 'is not a URL'
  const { protocol, username, password } = new URL(address)
  // Node's fetch refuses it with a message that quotes the address.
  if (username !== '' || password !== '') {
    return 'holds a user name or password; send credentials by a "fetch" of your own'
  }
  if (protocol === 'https:' || (protocol === 'http:' && !requireHttps)) return undefined
  return protocol === 'http:'
    ? 'is not https:, so anyone on the way could replace the keys; use https:, or set "requireHttpsMetadata" to false on your own machine'
    : 'is neither https: nor http:'
}

async function readText(response: Response, address: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined
  if (body === undefined) return text
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes)
      throw new UnusableDocumentError(`${address} answered with more than 1 MiB`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parseObject(text: string, address: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnusableDocumentError(`${address} answered with something that is no JSON object`)
  }
  return value as Record<string, unknown>
}
