import type { Command } from './arguments.js'
import { discoverApi } from './discover/discover-api.js'
import { exitCodes, printable, UnreachableError, UsageError } from './terminal.js'

/** `discover`: what a client finds that was given nothing but a URL. */
export const discover: Command = {
  usage: '<url>',
  summary: 'Asks an API without a token and walks discovery the way clients do.',
  options: {},
  maxPositionals: 1,
  run: async (given, { fetch }) => {
    const [address] = given.positionals
    if (address === undefined) throw new UsageError('discover needs the URL of the API')
    const { steps, works, fails, warnings, unreachable } = await discoverApi(
      readUrl(address),
      fetch,
    )
    if (unreachable !== undefined) throw new UnreachableError(unreachable)
    const ends = [
      `works for: ${works.join(', ') || 'nobody'}`,
      `fails for: ${fails.map(({ client, reason }) => `${client} (${reason})`).join(', ') || 'nobody'}`,
    ]
    return {
      code: fails.length === 0 ? exitCodes.done : exitCodes.refused,
      data: { url: address, steps, works, fails, warnings },
      lines: [
        ...steps.map(({ name, url, status, ok, detail }) =>
          printable(
            `${ok ? '✓' : '✗'} ${name}  ${status ?? 'no answer'}  ${url}  ${detail}`.trimEnd(),
          ),
        ),
        ...warnings.map((text) => printable(`! ${text}`)),
        ...ends.map(printable),
      ],
    }
  },
}

function readUrl(address: string): URL {
  if (!URL.canParse(address)) throw new UsageError('discover needs an absolute URL')
  const url = new URL(address)
  if (!/^https?:$/.test(url.protocol)) throw new UsageError('discover needs an http(s) URL')
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('the URL must hold no user name and no password: none are sent')
  }
  url.hash = ''
  return url
}
