import { createServer, Server, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { giveUp, readPort } from './shared/settings.js'

/**
 * Listens on `PORT`, 3000 by default, for callers on this machine alone: what listens here hands out
 * tokens to whoever asks. A port that is taken ends the example with one line.
 *
 * @returns The address, which is printed as well.
 */
export async function listen(app: RequestListener | Server, fallback = 3000): Promise<string> {
  const port = readPort(fallback)
  const server = app instanceof Server ? app : createServer(app)
  await new Promise<void>((resolve) => {
    server.once('error', (error) => {
      cannotListen(port, error)
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`Listening on ${url}`)
  return url
}

/** Ends the example with what to do about a port. */
export function cannotListen(port: number, error: NodeJS.ErrnoException): never {
  const isTaken = error.code === 'EADDRINUSE'
  giveUp(isTaken ? takenPort(port) : `Cannot listen on port ${port}: ${error.message}`)
}

/** Says what to do about a port that is taken. */
export function takenPort(port: number): string {
  return `Port ${port} is taken. Stop the program that uses it, or set PORT to another one, such as PORT=${port === 3000 ? 3001 : 3000}.`
}
