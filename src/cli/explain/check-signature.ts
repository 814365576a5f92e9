import { jwtBearer } from '../../core/jwt-bearer.js'
import { codeOf } from '../../core/errors.js'
import { noContentChecks, type ExplainedCheck, type Subject } from './explained-check.js'

// How far the walk came before it ended with this code.
const brokenAt: Readonly<Record<string, number>> = {
  ERR_BEARER_REQUEST_INVALID: 0,
  ERR_TOKEN_MALFORMED: 0,
  ERR_TOKEN_ALGORITHM_NOT_ALLOWED: 1,
  ERR_TOKEN_KEY_NOT_FOUND: 2,
  ERR_METADATA_UNAVAILABLE: 2,
  ERR_TOKEN_SIGNATURE_INVALID: 3,
}

const names = ['form', 'algorithm', 'key', 'signature'] as const

/** Makes the checks up to the signature: the real walk, every check of the content off. */
export async function checkSignature(subject: Subject): Promise<readonly ExplainedCheck[]> {
  const { options, tried } = subject
  const middleware = jwtBearer({
    ...options,
    events: {},
    proofOfPossession: undefined,
    tokenValidationParameters: { ...options.tokenValidationParameters, ...noContentChecks },
  })
  const token = tried.headers['authorization']?.replace(/^\S+ /, 'Bearer ')
  const result = await middleware.authenticate({ headers: { authorization: token } })
  const code = result.kind === 'failure' ? codeOf(result.error) : undefined
  const broken = result.kind === 'none' ? 0 : (brokenAt[code ?? ''] ?? names.length)
  const unreachable = code === 'ERR_METADATA_UNAVAILABLE'
  return names.map((name, index) => {
    const ok = index < broken ? true : index > broken || unreachable ? null : false
    return { name, ok, ...shown[name](subject) }
  })
}

const shown: Readonly<
  Record<(typeof names)[number], (subject: Subject) => Omit<ExplainedCheck, 'name' | 'ok'>>
> = {
  form: ({ parts: { parts } }) => ({
    token: `${parts.length} ${parts.length === 1 ? 'part' : 'parts'}`,
    accepted: '3 parts of base64url, two of them JSON objects',
  }),
  algorithm: ({ parts: { header }, options }) => ({
    token: typeof header?.['alg'] === 'string' ? JSON.stringify(header['alg']) : undefined,
    accepted:
      options.tokenValidationParameters?.validAlgorithms?.join(', ') ?? 'what the keys allow',
  }),
  key: ({ parts: { header }, recorded }) => ({
    token: typeof header?.['kid'] === 'string' ? `kid ${JSON.stringify(header['kid'])}` : 'no kid',
    accepted: keysInWords(recorded),
  }),
  signature: ({ recorded }) => ({
    token: undefined,
    accepted: recorded.keySet() === undefined ? undefined : `from ${recorded.keySet()?.address}`,
  }),
}

function keysInWords(recorded: Subject['recorded']): string | undefined {
  const keySet = recorded.keySet()
  if (keySet === undefined) return undefined
  const kids = keySet.keys.map(({ kid }) => (typeof kid === 'string' ? kid : 'a key without kid'))
  const more = kids.length > 8 ? ` and ${kids.length - 8} more` : ''
  return `${kids.slice(0, 8).join(', ')}${more}`
}
