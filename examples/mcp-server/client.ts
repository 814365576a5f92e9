import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Agent } from './agent.js'
import { createPerson } from './person.js'

/**
 * Runs an agent that knows nothing but the server's URL: it discovers, registers, signs in, calls each tool and
 * steps up.
 *
 * @param say - Is told what happens, line by line.
 */
export async function runClient(url: string, say: (line: string) => void): Promise<void> {
  const agent = new Agent(createPerson('an hour ago'))
  const client = new Client({ name: 'scripted-agent', version: '1.0.0' })
  let transport = open()

  function open() {
    return new StreamableHTTPClientTransport(new URL(url), {
      authProvider: agent,
      fetch: agent.fetch,
    })
  }

  // The SDK gives up once it has asked the user; what the user brought back makes the next try work.
  async function twice<T>(act: () => Promise<T>, renew: () => void = () => undefined): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth(agent.takeCallback().get('code') ?? '')
      say(`  asked the user for: ${agent.asked.at(-1) ?? ''}`)
      renew()
      return act()
    }
  }

  say(`Connecting to ${url}`)
  await twice(
    () => client.connect(transport as Parameters<typeof client.connect>[0]),
    () => (transport = open()),
  )
  say(`  registered as ${agent.clientInformation()?.client_id ?? ''}`)
  for (const { name, description = '' } of (await client.listTools()).tools) {
    say(`Calling ${name}: ${description}`)
    const input = name === 'add_note' ? { text: 'Buy milk' } : {}
    const { content } = await twice(() => client.callTool({ name, arguments: input }))
    say(`  ${(content as { text?: string }[]).map(({ text = '' }) => text).join(' ')}`)
  }
  await client.close()
}
