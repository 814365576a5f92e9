import { shownAddress } from '../../internal/shown-address.js'
import { addressFault } from './address.js'
import { discardBody, parseJsonObject, readBody, TooLargeError } from './response-body.js'

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
    discardBody(response.body)
    throw refusal(response, shown)
  }
  const document = parseJsonObject(await readText(response, shown))
  if (document !== undefined) return document
  throw new UnusableDocumentError(`${shown} answered with something that is no JSON object`)
}

async function readText(response: Response, shown: string): Promise<string> {
  try {
    return await readBody(response)
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error
    throw new UnusableDocumentError(`${shown} answered with ${error.message}`)
  }
}

function refusal({ status, headers }: Response, shown: string): Error {
  const message = `${shown} answered ${status}`
  if (status < 500 && status !== 429) return new UnusableDocumentError(message)
  const retryAfter = status === 429 || status === 503 ? headers.get('Retry-After') : null
  return new ServerTroubleError(message, retryAfter)
}
