import { fitOf, pathInsertedAddress, rootAddress } from './addresses.js'
import { createAsk, readableElsewhere, type Ask, type Asked } from './ask.js'
import { readChallenges } from './challenges.js'
import type { FoundDocument, Step } from './findings.js'
import { inspectServers } from './inspect-servers.js'
import { judgeClients, type Failing } from './judge-clients.js'

/** What {@link discoverApi} found out. */
export interface Discovery {
  readonly steps: readonly Step[]
  readonly works: readonly string[]
  readonly fails: readonly Failing[]
  readonly warnings: readonly string[]
  /** Why nothing more can be said: the URL does not answer, or with a 5xx. */
  readonly unreachable: string | undefined
}

/** Asks an API without a token and walks the discovery of RFC 9728 and MCP. */
export async function discoverApi(url: URL, fetch: typeof globalThis.fetch): Promise<Discovery> {
  const ask = createAsk(fetch)
  const first = await withoutToken(url, ask)
  const { status } = first
  if (status === undefined || status >= 500) {
    const what = status === undefined ? 'does not answer' : `answers ${status}`
    const unreachable = `${url.origin}${url.pathname} ${what}`
    return { steps: [], works: [], fails: [], warnings: [], unreachable }
  }
  const challenges = readChallenges(first.headers.get('www-authenticate'))
  const named = challenges
    .map(({ parameters }) => parameters.get('resource_metadata'))
    .find((address) => address !== undefined && URL.canParse(address))
  const steps: Step[] = [
    firstStep(
      { ...first, status },
      challenges.map(({ scheme }) => scheme),
    ),
  ]
  const documents = await findDocuments(url, named, ask, steps)
  const [document] = documents
  const servers = document === undefined ? [] : await inspectServers(document.servers, ask, steps)
  const outcome = judgeClients({ url, first, named, documents, servers })
  return {
    steps,
    ...outcome,
    warnings: corsWarnings(first, documents, servers),
    unreachable: undefined,
  }
}

// Most APIs answer a GET; MCP servers that know no GET here answer a POST.
async function withoutToken(url: URL, ask: Ask): Promise<Asked> {
  const answer = await ask(url.href)
  if (answer.status !== 404 && answer.status !== 405 && answer.status !== 406) return answer
  const posted = await ask(url.href, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
  return posted.status === 401 ? posted : answer
}

function firstStep(
  { url, status, headers }: Asked & { readonly status: number },
  schemes: readonly string[],
): Step {
  return {
    name: 'request without token',
    url,
    status,
    ok: status === 401 && schemes.length > 0,
    detail: headers.get('www-authenticate') ?? 'no WWW-Authenticate',
  }
}

async function findDocuments(
  url: URL,
  named: string | undefined,
  ask: Ask,
  steps: Step[],
): Promise<readonly FoundDocument[]> {
  const ways = [
    ...(named === undefined ? [] : [['header', named] as const]),
    ['path', pathInsertedAddress(url)] as const,
    ['root', rootAddress(url)] as const,
  ]
  const names = { header: 'resource_metadata', path: 'path-inserted', root: 'root' }
  const found: FoundDocument[] = []
  for (const [way, address] of ways) {
    const asked = await ask(address)
    const { resource, authorization_servers: servers } = asked.document ?? {}
    const ok = asked.status === 200 && typeof resource === 'string'
    const expected = way === 'root' ? new URL(url.origin) : url
    const detail = ok ? `resource ${resource}: ${fitOf(resource, expected)}` : 'no document'
    steps.push({ name: names[way], url: address, status: asked.status ?? null, ok, detail })
    if (ok) found.push({ way, asked, resource, servers })
  }
  return found
}

function corsWarnings(
  first: Asked,
  documents: readonly FoundDocument[],
  servers: readonly { readonly asked: Asked }[],
): readonly string[] {
  const exposed = first.headers.get('access-control-expose-headers') ?? ''
  const hidden = [
    first,
    ...documents.map(({ asked }) => asked),
    ...servers.map(({ asked }) => asked),
  ]
    .filter((asked) => !readableElsewhere(asked))
    .map(
      ({ url }) =>
        `${url} sends no Access-Control-Allow-Origin: clients in browsers cannot read it`,
    )
  return readableElsewhere(first) && !/(?:^|,)\s*(?:\*|www-authenticate)\s*(?:,|$)/i.test(exposed)
    ? [
        ...hidden,
        `${first.url} does not expose WWW-Authenticate: clients in browsers cannot read it`,
      ]
    : hidden
}
