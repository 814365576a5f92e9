import type { JwtBearerOptions } from '../core/authentication/options.js'
import { dpop } from '../dpop/index.js'
import type { Arguments, Command } from './arguments.js'
import { bearerOptionTable, readBearerOptions } from './bearer-options.js'
import { explainToken, type Explanation } from './explain/explain-token.js'
import type { ExplainedCheck } from './explain/explained-check.js'
import { exitCodes, printable, UsageError, type Report, type Terminal } from './terminal.js'
import { readTokenInput, tokenInputOptions } from './token-input.js'
import { readTokenParts, typeOfClaim } from './token-parts.js'

/** `explain`: why an API refuses a token. */
export const explain: Command = {
  usage: '[token | -] --authority <url> --audience <audience> [options]',
  summary: 'Says why a token is refused: runs the real checks, each by itself.',
  options: {
    ...bearerOptionTable,
    ...tokenInputOptions,
    scope: { type: 'string', multiple: true },
    role: { type: 'string', multiple: true },
    proof: { type: 'string' },
    method: { type: 'string' },
    url: { type: 'string' },
    'public-url': { type: 'string' },
  },
  maxPositionals: 1,
  run: async (given, terminal) => {
    const token = await readTokenInput(given, terminal)
    const options = await readBearerOptions(given, terminal)
    const { publicUrl, path } = readAddress(given)
    const explanation = await explainToken({
      token,
      options: { ...options, ...proofOptions(given, publicUrl) },
      scopes: given.texts('scope'),
      roles: given.texts('role'),
      proof: given.text('proof'),
      method: given.text('method'),
      url: path,
      publicUrl,
    })
    return reportOf(given.flag('redact') ? redacted(explanation, token) : explanation, terminal)
  },
}

// With a proof, or an address that proofs are made for, the API is one that asks for DPoP.
function proofOptions(given: Arguments, publicUrl: string | undefined): JwtBearerOptions {
  if (given.text('proof') === undefined && given.text('public-url') === undefined) return {}
  if (publicUrl === undefined)
    throw new UsageError('--proof needs --url, and --public-url behind a proxy')
  return {
    proofOfPossession: dpop({ publicUrl, replayCache: false, allowBearerTokens: true }),
  }
}

function readAddress(given: Arguments) {
  const url = given.text('url')
  if (url === undefined) return { publicUrl: given.text('public-url'), path: undefined }
  if (url.startsWith('/')) return { publicUrl: given.text('public-url'), path: url }
  if (!URL.canParse(url)) throw new UsageError('--url must be a URL or a path')
  const { origin, pathname, search } = new URL(url)
  return { publicUrl: given.text('public-url') ?? origin, path: `${pathname}${search}` }
}

// Names and types instead of values; what the API answers stays as it is.
function redacted(explanation: Explanation, token: string): Explanation {
  const { header, payload } = readTokenParts(token)
  const sources: Readonly<Record<string, unknown>> = {
    algorithm: header?.['alg'],
    key: header?.['kid'],
    lifetime: payload?.['exp'],
    audience: payload?.['aud'],
    issuer: payload?.['iss'],
    type: header?.['typ'],
    binding: payload?.['cnf'],
    scopes: payload?.['scope'] ?? payload?.['scp'],
    roles: payload?.['roles'] ?? payload?.['role'],
  }
  const checks = explanation.checks.map((check) => ({
    ...check,
    token: check.name in sources ? typeOfClaim(sources[check.name]) : check.token,
  }))
  return { ...explanation, checks }
}

function reportOf(explanation: Explanation, { colors }: Terminal): Report {
  const { checks, answer, likely } = explanation
  const code = codeOf(answer.status)
  const challenge = answer.challenge === undefined ? '' : `  WWW-Authenticate: ${answer.challenge}`
  return {
    code,
    data: {
      checks: checks.map(({ name, ok, token = null, accepted = null }) => ({
        name,
        ok,
        token,
        accepted,
      })),
      answer: { status: answer.status, challenge: answer.challenge ?? null },
      likely: likely ?? null,
    },
    lines: [
      ...checks.map((check) => lineOf(check, colors)),
      printable(`Answer: ${answer.status}${challenge}`),
      ...(likely === undefined ? [] : [printable(`Likely: ${likely}`)]),
    ],
  }
}

function codeOf(status: number): number {
  if (status === 200) return exitCodes.done
  return status === 503 ? exitCodes.unreachable : exitCodes.refused
}

function lineOf({ name, ok, token, accepted }: ExplainedCheck, colors: boolean): string {
  const [mark, color] = ok === null ? ['–', 33] : ok ? ['✓', 32] : ['✗', 31]
  const shown = [
    ...(token === undefined ? [] : [`token: ${token}`]),
    ...(accepted === undefined ? [] : [`accepted: ${accepted}`]),
  ].join('   ')
  const line = printable(`${mark} ${name.padEnd(11)}${shown}`).trimEnd()
  return colors ? `\u001B[${color}m${line}\u001B[39m` : line
}
