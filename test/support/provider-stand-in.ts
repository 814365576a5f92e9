import { listenOnLoopback } from './loopback.js'

/**
 * Serves documents on loopback under the addresses that they have on the internet.
 *
 * @returns A `fetch` that goes there instead of to the internet, and what it was asked for.
 */
export async function startStandIn(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const { url, close } = await listenOnLoopback((request, response) => {
    const address = `https:/${request.url ?? ''}`
    asked.push(address)
    const document = documents[address]
    response.writeHead(document === undefined ? 404 : 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'max-age=86400, private',
    })
    response.end(JSON.stringify(document ?? { error: 'not_found' }))
  })
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { host, pathname } = new URL(input instanceof Request ? input.url : input)
    return globalThis.fetch(`${url}/${host}${pathname}`, init)
  }
  return {
    fetch,
    asked,
    close,
  }
}
