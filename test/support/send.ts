import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'

/** What came back. */
export interface Answer {
  readonly status: number
  /** The lines of the challenge. */
  readonly challenges: readonly string[]
  readonly header: (name: string) => string | undefined
  readonly body: string
}

/** Sends one request, each header as a line of its own, and reads all of the answer. */
export function send(
  url: string,
  headers: readonly (readonly [name: string, value: string])[] = [],
  options: RequestOptions = {},
): Promise<Answer> {
  const { host } = new URL(url)
  const lines = headers.some(([name]) => name.toLowerCase() === 'host')
    ? headers
    : [['Host', host] as const, ...headers]
  const start = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = start(url, { agent: false, ...options, headers: lines.flat() }, (answer) => {
      void read(answer).then(resolve, reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function read(answer: IncomingMessage): Promise<Answer> {
  let body = ''
  answer.setEncoding('utf8')
  for await (const part of answer) body += part as string
  const { statusCode = 0, rawHeaders } = answer
  const valuesOf = (wanted: string) =>
    rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === wanted)
  return {
    status: statusCode,
    challenges: valuesOf('www-authenticate'),
    header: (name) => {
      const values = valuesOf(name.toLowerCase())
      return values.length > 1 ? values.join(' AND ') : values[0]
    },
    body,
  }
}
