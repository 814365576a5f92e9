const maxBytes = 1024 * 1024

/** Fetches each address once and remembers the answer, so that many walks over one token ask an issuer once. */
export interface RecordedFetch {
  readonly fetch: typeof globalThis.fetch
  /** The `issuer` of the metadata that came. */
  issuer(): string | undefined
  /** The key set that came, and from where. */
  keySet():
    { readonly address: string; readonly keys: readonly Record<string, unknown>[] } | undefined
}

interface Recorded {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** Makes a fetch that remembers. */
export function recordFetch(fetch: typeof globalThis.fetch): RecordedFetch {
  const answers = new Map<string, Promise<Recorded>>()
  const documents = new Map<string, Record<string, unknown>>()

  async function load(address: string, init: RequestInit | undefined): Promise<Recorded> {
    const response = await fetch(address, init)
    const body = await limitedText(response)
    const document = parsedObject(body)
    if (response.status === 200 && document !== undefined) documents.set(address, document)
    return { status: response.status, headers: response.headers, body }
  }

  return {
    fetch: async (input, init) => {
      const address = input instanceof Request ? input.url : String(input)
      const known = answers.get(address) ?? load(address, init)
      answers.set(address, known)
      const { status, headers, body } = await known
      const type = { 'Content-Type': headers.get('content-type') ?? 'application/json' }
      const retryAfter = headers.get('retry-after')
      return new Response(mayHaveBody(status) ? body : null, {
        status,
        headers: retryAfter === null ? type : { ...type, 'Retry-After': retryAfter },
      })
    },
    issuer: () => {
      const issuers = [...documents.values()].map(({ issuer }) => issuer)
      return issuers.find((issuer): issuer is string => typeof issuer === 'string')
    },
    keySet: () => {
      for (const [address, { keys }] of documents) {
        if (Array.isArray(keys)) return { address, keys: keys.filter(isObject) }
      }
      return undefined
    },
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads a body up to 1 MiB and a little; what is longer is cut, and so no document. */
export async function limitedText(response: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  const body = response.body as AsyncIterable<Uint8Array> | null
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxBytes) break
  }
  return text
}
