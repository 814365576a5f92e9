import { fitOf } from './addresses.js'
import type { Asked } from './ask.js'
import type { FoundDocument } from './findings.js'
import type { InspectedServer } from './inspect-servers.js'

/** A client that could not connect, and why. */
export interface Failing {
  readonly client: string
  readonly reason: string
}

/** What the clients are judged by. */
export interface Found {
  readonly url: URL
  readonly first: Asked
  readonly named: string | undefined
  readonly documents: readonly FoundDocument[]
  readonly servers: readonly InspectedServer[]
}

/** Says what keeps a client out; nothing when it can connect. */
type Obstacle = (found: Found) => string | undefined

const challenged: Obstacle = ({ first }) =>
  first.status === 401 ? undefined : 'the request without token is not answered with 401'

const documented: Obstacle = ({ documents }) =>
  documents.length === 0 ? 'there is no protected resource metadata' : undefined

const signsIn: Obstacle = ({ servers }) =>
  servers.some(({ usable }) => usable) ? undefined : 'no authorization server can be used'

const namesDocument: Obstacle = ({ named, documents }) =>
  named !== undefined && documents.some(({ way }) => way === 'header')
    ? undefined
    : 'the challenge has no resource_metadata that leads to a document'

const fitting =
  (...accepted: readonly ReturnType<typeof fitOf>[]): Obstacle =>
  ({ url, documents: [document] }) =>
    accepted.includes(fitOf(document?.resource, url))
      ? undefined
      : `"resource" is not ${accepted.includes('prefix') ? 'a prefix of ' : ''}the URL`

// The document that a root address serves has to be about the root.
const exactOfItsPlace: Obstacle = ({ url, documents }) =>
  documents.some(({ way, resource }) => {
    const fit = fitOf(resource, way === 'root' ? new URL(url.origin) : url)
    return fit === 'exact' || fit === 'root slash'
  })
    ? undefined
    : '"resource" is not exactly the URL'

const clients: readonly (readonly [client: string, ...obstacles: Obstacle[]])[] = [
  [
    'MCP TypeScript SDK and Inspector',
    challenged,
    documented,
    fitting('exact', 'root slash', 'prefix'),
    signsIn,
  ],
  ['VS Code', challenged, documented, exactOfItsPlace, signsIn],
  ['claude.ai', challenged, documented, fitting('exact', 'root slash', 'prefix'), signsIn],
  ['Claude Code', challenged, namesDocument, fitting('exact', 'root slash', 'prefix'), signsIn],
  ['Gemini CLI and Grok Build', challenged, documented, fitting('exact', 'root slash'), signsIn],
]

/** Judges which known clients can connect. */
export function judgeClients(found: Found): {
  works: readonly string[]
  fails: readonly Failing[]
} {
  const works: string[] = []
  const fails: Failing[] = []
  for (const [client, ...obstacles] of clients) {
    const reason = obstacles.map((obstacle) => obstacle(found)).find((text) => text !== undefined)
    if (reason === undefined) works.push(client)
    else fails.push({ client, reason })
  }
  return { works, fails }
}
