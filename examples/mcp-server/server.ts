// How does an agent that knows nothing but my server's URL connect to it?
//
//   npm run example:mcp-server                 starts an MCP server and its issuer, and prints the URL to paste
//   npm run example:mcp-server -- --client     lets a scripted agent try it
//
// PORT is the server's, 3004 by default. The agent takes the server that listens there already, if there is one.

import { runClient } from './client.js'
import { announce } from '../shared/announce.js'
import { start } from './start.js'

process.env['PORT'] ??= '3004'

if (process.argv.includes('--client')) {
  const running = await runningServer()
  const started = running === undefined ? await start() : undefined
  await runClient(running ?? started?.url ?? '', console.log)
  await started?.stop()
} else {
  const { url } = await start()
  console.log(`Paste this into a client: ${url}`)
  console.log('Or try it: npm run example:mcp-server -- --client')
  announce({
    users: 'alice, whom the issuer signs in after a click, without a password',
    tries: [
      ['401: the challenge says where to find out more', url],
      [
        '200: what clients find there',
        url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp'),
      ],
    ],
  })
}

async function runningServer(): Promise<string | undefined> {
  const url = `http://localhost:${process.env['PORT'] ?? ''}`
  try {
    const answer = await fetch(`${url}/.well-known/oauth-protected-resource/mcp`)
    const { resource } = (await answer.json()) as { resource?: string }
    return answer.ok && resource === `${url}/mcp` ? resource : undefined
  } catch {
    return undefined
  }
}
