import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Agent } from '../../examples/mcp-server/agent.js'
import { createPerson } from '../../examples/mcp-server/person.js'

/** Signs an agent in at an MCP server, for the scope to begin with, and gives its token. */
export async function tokenForAgent(url: string): Promise<string> {
  const agent = new Agent(createPerson('now'))
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: agent })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(transport).catch(() => undefined)
  await transport.finishAuth(agent.takeCallback().get('code') ?? '')
  await client.close()
  return agent.tokens()?.access_token ?? ''
}
