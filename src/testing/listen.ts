import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An issuer that listens on loopback. */
export interface ListeningIssuer {
  /** Address of the issuer, and its `iss`. */
  readonly url: string
  /** Stops listening. */
  close(): Promise<void>
}

/** Serves documents by path on a free port of 127.0.0.1. */
export async function listenOnLoopback(
  documentAt: (path: string, url: string) => unknown,
): Promise<ListeningIssuer> {
  const server = createServer((request, response) => {
    const document = documentAt(request.url as string, url)
    response.writeHead(document === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
