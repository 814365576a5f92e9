import { isObject, jsonObject } from '../json-object.js'

const maxBytes = 1024 * 1024

/** Fetches each address once and remembers the answer, so that many walks over one token ask an issuer once. */
export interface RecordedFetch {
  readonly fetch: typeof globalThis.fetch
  /** The `issuer` of the metadata that came. */
  issuer(): string | undefined
  /** The key set that came, and from where. */
  keySet():
    | { readonly address: string; readonly keys: readonly Readonly<Record<string, unknown>>[] }
    | undefined
}

interface Recorded {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** Makes a fetch that remembers. */
export function recordFetch(fetch: typeof globalThis.fetch): RecordedFetch {
  const answers = new Map<string, Promise<Recorded>>()
  const documents = new Map<string, Readonly<Record<string, unknown>>>()

  async function load(address: string, init: RequestInit | undefined): Promise<Recorded> {
    const response = await fetch(address, init)
    const body = await limitedText(response)
    const document = jsonObject(body)
    if (response.status === 200 && document !== undefined) documents.set(address, document)
    return { status: response.status, headers: response.headers, body }
  }

  return {
    fetch: async (input, init) => {
      const address = new Request(input).url
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

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304
}

/** Reads a body of up to 1 MiB; of a longer one it gives nothing. */
export async function limitedText(response: Response): Promise<string> {
  let text = ''
  let bytes = 0
  const decoder = new TextDecoder()
  const body = response.body as AsyncIterable<Uint8Array> | null
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return ''
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}
