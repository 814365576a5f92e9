import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { authorize, type Middleware } from 'express-jwt-bearer'
import { z } from 'zod'
import { freshSignIn, writeScope } from './settings.js'

/** Notes by their owner. They last as long as the process. */
const notes = new Map<string, string[]>()

/** A tool, and who may call it. */
interface Tool {
  readonly name: string
  readonly description: string
  readonly guard: Middleware
  readonly input: Record<string, z.ZodType>
  readonly run: (owner: string, input: Record<string, unknown>, client: string) => string
}

// One table for both, so that no tool can be there without its guard.
const tools: readonly Tool[] = [
  {
    name: 'whoami',
    description: 'Says who calls, and on whose behalf',
    guard: authorize(),
    input: {},
    run: (owner, _input, client) => `${client} acts for ${owner}`,
  },
  {
    name: 'add_note',
    description: 'Writes a note down',
    guard: authorize((policy) => policy.requireScope(writeScope)),
    input: { text: z.string().max(1000) },
    run: (owner, { text }) => {
      const all = [...(notes.get(owner) ?? []), String(text)]
      notes.set(owner, all)
      return `${owner} has ${all.length} note(s)`
    },
  },
  {
    name: 'delete_notes',
    description: 'Deletes every note; asks for a fresh sign-in, because it cannot be undone',
    guard: authorize((policy) => policy.requireRecentAuthentication(freshSignIn)),
    input: {},
    run: (owner) => {
      const count = notes.get(owner)?.length ?? 0
      notes.delete(owner)
      return `${count} note(s) of ${owner} are deleted`
    },
  },
]

const guards: ReadonlyMap<unknown, Middleware> = new Map(
  tools.map(({ name, guard }) => [name, guard]),
)

/** Asks the guard of the tool that a message calls; other messages need no more than the server itself. */
export const guardTools: Middleware = (req, res, next) => {
  const { body } = req as { body?: { method?: unknown; params?: { name?: unknown } } }
  const guard = body?.method === 'tools/call' ? guards.get(body.params?.name) : undefined
  if (guard === undefined) next()
  else guard(req, res, next)
}

/** Makes a server with every tool, for one request: nothing is remembered between two. */
export function createServer(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  for (const { name, description, input, run } of tools) {
    server.registerTool(name, { description, inputSchema: input }, (given, { authInfo }) => {
      const { subject = 'nobody' } = (authInfo?.extra ?? {}) as { subject?: string }
      const text = run(subject, given, authInfo?.clientId ?? '')
      return { content: [{ type: 'text', text }] }
    })
  }
  return server
}
