import { jsonObject } from '../json-object.js'
import { limitedText } from '../explain/recorded-fetch.js'

/** What an address answered. */
export interface Asked {
  readonly url: string
  /** Nothing when no answer came. */
  readonly status: number | undefined
  readonly headers: Headers
  readonly document: Readonly<Record<string, unknown>> | undefined
}

/** Asks an address as a page on another origin would: no credentials, no redirect followed. */
export type Ask = (url: string, init?: AskInit) => Promise<Asked>

/** What is asked besides a plain GET. */
interface AskInit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Where the page that asks is said to come from. */
const foreignOrigin = 'https://client.example'

/** Makes the function that asks. */
export function createAsk(fetch: typeof globalThis.fetch): Ask {
  return async (url, init) => {
    try {
      const response = await fetch(url, {
        ...init,
        headers: { Accept: 'application/json', Origin: foreignOrigin, ...init?.headers },
        redirect: 'manual',
        credentials: 'omit',
        signal: AbortSignal.timeout(5000),
      })
      const { status, headers } = response
      return { url, status, headers, document: jsonObject(await limitedText(response)) }
    } catch {
      return { url, status: undefined, headers: new Headers(), document: undefined }
    }
  }
}

/** Tells whether pages on other origins may read an answer. */
export function readableElsewhere({ headers }: Asked): boolean {
  return ['*', foreignOrigin].includes(headers.get('access-control-allow-origin') ?? '')
}
