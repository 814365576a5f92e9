import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Serves documents on loopback under the addresses that they have on the internet.
 *
 * @returns A `fetch` that goes there instead of to the internet, and what it was asked for.
 */
export async function startStandIn(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const address = `https:/${request.url ?? ''}`
    asked.push(address)
    const document = documents[address]
    response.writeHead(document === undefined ? 404 : 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'max-age=86400, private',
    })
    response.end(JSON.stringify(document ?? { error: 'not_found' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { host, pathname } = new URL(input instanceof Request ? input.url : input)
    return globalThis.fetch(`http://127.0.0.1:${String(port)}/${host}${pathname}`, init)
  }
  return {
    fetch,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
