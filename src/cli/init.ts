import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from './arguments.js'
import { addressFault } from '../core/keys/address.js'
import { exitCodes, UsageError } from './terminal.js'

interface Provider {
  readonly name: string
  readonly host: RegExp
  /** What the app accepts as audience there, and what to know. */
  readonly audience: string
  readonly hint: string
}

const providers: readonly Provider[] = [
  {
    name: 'Entra ID',
    host: /^https:\/\/login\.microsoftonline\.com\//,
    audience: 'api://<client id>',
    hint: 'Set "requestedAccessTokenVersion" to 2 in the app registration of the API.',
  },
  {
    name: 'Auth0',
    host: /^https:\/\/[^/]+\.auth0\.com(?:\/|$)/,
    audience: '<identifier of the API>',
    hint: 'Clients have to ask for this "audience", else they get a token that nobody can read.',
  },
  {
    name: 'Okta',
    host: /^https:\/\/[^/]+\.okta(?:preview)?\.com(?:\/|$)/,
    audience: '<audience of the authorization server>',
    hint: 'Only custom authorization servers (/oauth2/default) issue tokens for your own API.',
  },
  {
    name: 'Keycloak',
    host: /^https?:\/\/[^?#]+\/realms\/[^/?#]+/,
    audience: '<client id of the API>',
    hint: 'Add an audience mapper for the API; Keycloak says "account" otherwise.',
  },
  {
    name: 'Cognito',
    host: /^https:\/\/cognito-idp\.[^/]+\.amazonaws\.com\//,
    audience: '<client id>',
    hint: 'Access tokens of Cognito have no "aud": use an "audienceValidator" over "client_id".',
  },
  {
    name: 'Google',
    host: /^https:\/\/accounts\.google\.com(?:\/|$)/,
    audience: '<client id>',
    hint: 'Google issues ID tokens for your client alone, and opaque access tokens for its own APIs.',
  },
]

const file = 'jwt-bearer.js'

/** `init`: the lines an app needs. */
export const init: Command = {
  usage: '[--authority <url>] [--write]',
  summary: 'Prints, or writes, the lines an app needs. There is no secret in them.',
  options: { authority: { type: 'string' }, write: { type: 'boolean' } },
  maxPositionals: 0,
  run: async (given, { cwd }) => {
    const authority = given.text('authority')
    const fault = authority === undefined ? undefined : addressFault(authority, false)
    if (fault !== undefined) throw new UsageError(`--authority ${fault}`)
    const provider = providers.find(({ host }) => host.test(authority ?? ''))
    const lines = authority === undefined ? development() : production(authority, provider)
    if (given.flag('write')) await write(join(cwd, file), lines)
    return {
      code: exitCodes.done,
      data: {
        provider: provider?.name ?? null,
        file: given.flag('write') ? file : null,
        lines,
        hint: provider?.hint ?? null,
      },
      lines: given.flag('write') ? [`Written: ${file}`] : lines,
    }
  },
}

function production(authority: string, provider: Provider | undefined): readonly string[] {
  return setUp("import { authorize, jwtBearer } from 'express-jwt-bearer'", [
    ...(provider === undefined ? [] : [`  // ${provider.name}. ${provider.hint}`]),
    `  authority: ${JSON.stringify(authority)},`,
    ...(authority.startsWith('http:')
      ? ['  // Only for an issuer on your own machine.', '  requireHttpsMetadata: false,']
      : []),
    `  audience: ${JSON.stringify(provider?.audience ?? 'api://<this API>')},`,
  ])
}

function development(): readonly string[] {
  return setUp(
    [
      "import { authorize, jwtBearer } from 'express-jwt-bearer'",
      "import { developmentIssuer } from 'express-jwt-bearer/testing'",
    ].join('\n'),
    [
      '  // Tokens: npx express-jwt-bearer create --audience api://orders',
      '  // In production: authority instead of developmentIssuer(), which refuses to work there.',
      '  ...developmentIssuer(),',
      "  audience: 'api://orders',",
    ],
  )
}

function setUp(imports: string, options: readonly string[]): readonly string[] {
  return [
    ...imports.split('\n'),
    '',
    '// app.use(bearer) finds out who calls; authorize() in front of a route refuses everybody else.',
    'export const bearer = jwtBearer({',
    ...options,
    '})',
    '',
    'export { authorize }',
  ]
}

async function write(path: string, lines: readonly string[]): Promise<void> {
  try {
    await writeFile(path, `${lines.join('\n')}\n`, { flag: 'wx' })
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw new UsageError(
      code === 'EEXIST'
        ? `${file} is there already; nothing was written`
        : `${file} cannot be written (${String(code)})`,
    )
  }
}
