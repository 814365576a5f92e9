import { serverAddresses } from './addresses.js'
import type { Ask, Asked } from './ask.js'
import type { Step } from './findings.js'

/** An authorization server that the document names, and its metadata. */
export interface InspectedServer {
  readonly issuer: string
  readonly asked: Asked
  /** Whether clients can sign in there: issuer equal, PKCE with S256. */
  readonly usable: boolean
}

/** Looks at each authorization server that a document names, in the order of MCP. */
export async function inspectServers(
  named: unknown,
  ask: Ask,
  steps: Step[],
): Promise<readonly InspectedServer[]> {
  const issuers = (Array.isArray(named) ? named : []).filter(
    (issuer): issuer is string => typeof issuer === 'string',
  )
  if (issuers.length === 0) {
    steps.push({
      name: 'authorization_servers',
      url: '',
      status: null,
      ok: false,
      detail: 'the document names none',
    })
  }
  const servers: InspectedServer[] = []
  for (const issuer of issuers) servers.push(await inspect(issuer, ask, steps))
  return servers
}

async function inspect(issuer: string, ask: Ask, steps: Step[]): Promise<InspectedServer> {
  let asked: Asked = { url: issuer, status: undefined, headers: new Headers(), document: undefined }
  for (const address of serverAddresses(issuer)) {
    asked = await ask(address)
    if (asked.status === 200 && asked.document !== undefined) break
  }
  const found = asked.status === 200 ? asked.document : undefined
  const faults = found === undefined ? ['no metadata'] : faultsOf(found, issuer)
  steps.push({
    name: 'authorization server',
    url: asked.url,
    status: asked.status ?? null,
    ok: faults.length === 0,
    detail: [...faults, ...(found === undefined ? [] : abilities(found))].join('; '),
  })
  return { issuer, asked, usable: faults.length === 0 }
}

function faultsOf(metadata: Readonly<Record<string, unknown>>, issuer: string): readonly string[] {
  const methods = metadata['code_challenge_methods_supported']
  return [
    ...(metadata['issuer'] === issuer ? [] : ['its "issuer" is another one']),
    ...(Array.isArray(methods) && methods.includes('S256')
      ? []
      : ['code_challenge_methods_supported lacks S256']),
  ]
}

function abilities(metadata: Readonly<Record<string, unknown>>): readonly string[] {
  const registers = typeof metadata['registration_endpoint'] === 'string'
  const readsDocuments = metadata['client_id_metadata_document_supported'] === true
  return [
    registers ? 'registration_endpoint' : 'no registration_endpoint',
    readsDocuments ? 'client_id_metadata_document_supported' : 'no client ID metadata documents',
  ]
}
