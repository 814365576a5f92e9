import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { listen } from '../listen.js'
import { createApp } from './app.js'
import { createIssuer } from './issuer.js'

/**
 * Starts an issuer, on a free port, and the MCP server.
 *
 * @param others - Other APIs that the issuer issues tokens for.
 * @returns What people type into their clients.
 */
export async function start(others: readonly string[] = []) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = crypto.randomUUID()
  const key = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }

  // Both have their address in what they publish, so each listens before it exists.
  const signIn = createServer()
  await new Promise<void>((resolve) => signIn.listen(0, '127.0.0.1', resolve))
  const issuer = `http://localhost:${(signIn.address() as AddressInfo).port}`
  const server = createServer()
  const url = `${await listen(server)}/mcp`

  signIn.on('request', createIssuer(issuer, [key], [url, ...others]))
  server.on('request', createApp(url, issuer))
  return { url, issuer, stop: () => Promise.all([signIn, server].map(stop)) }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}
