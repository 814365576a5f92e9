import { createServer, Server, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Listens on `PORT`, 3000 by default, for callers on this machine alone: what listens here hands out
 * tokens to whoever asks.
 *
 * @returns The address, which is printed as well.
 */
export async function listen(app: RequestListener | Server): Promise<string> {
  const port = readPort(process.env['PORT'])
  const server = app instanceof Server ? app : createServer(app)
  await new Promise<void>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      giveUp(
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken. Stop the program that uses it, or set PORT to another one, such as PORT=${port === 3000 ? 3001 : 3000}.`
          : `Cannot listen on port ${port}: ${error.message}`,
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`Listening on ${url}`)
  return url
}

function readPort(text = '3000'): number {
  const port = Number(text)
  const isPort = text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65535
  return isPort ? port : giveUp(`PORT must be a number from 0 to 65535, got "${text}"`)
}

function giveUp(message: string): never {
  console.error(message)
  process.exit(1)
}
